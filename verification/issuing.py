"""Receipts are issued here, in the transaction of the event they speak of or soon after it.

A receipt quotes the head of its party's chain, and its serial is then written into that chain: the
chain shows that the receipt exists, the receipt fixes the chain's past. Asking twice gives the same one.

Next station: `verification.receipt_pdf` prints it, `sipol verify` checks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verification import receipts
from verification.batches import among
from verification.chain import ChainPoint
from verification.journal import Record, point_of, record_all
from verification.journal_kinds import Kind
from verification.models import (
    Chain,
    Participation,
    Receipt,
    ReceivedFile,
    RosterVersion,
    Submission,
    SubmissionPin,
)
from verification.receipt_facts import ArrivalFacts, Facts, ListFacts, SubmissionFacts
from verification.signed import SignedText
from verification.signing import Signer
from verification.states import ListStage


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    kind: receipts.Kind
    about: str
    participation: Participation
    facts: Facts


def issue_file_receipts(
    session: Session, signer: Signer, files: Iterable[ReceivedFile], now: datetime
) -> list[Receipt]:
    """A receipt for each file that was received, made where there is none yet.

    Those of one party quote the same head of its chain.
    """
    return _issue_all(session, signer, [_arrived(file) for file in files], now)


def issue_submission_receipt(
    session: Session, signer: Signer, submission: Submission, now: datetime
) -> Receipt:
    """The receipt of a dossier: it names the manifest, which names everything in it."""
    manifest = submission.manifest.encode("utf-8")
    pins = select(func.count()).where(SubmissionPin.submission_id == submission.id)
    return _issue(
        session,
        signer,
        _Event(
            kind=receipts.Kind.SUBMISSION,
            about=submission.public_id,
            participation=submission.participation,
            facts=SubmissionFacts(
                submission=submission.public_id,
                election=submission.participation.election.code,
                party=submission.participation.party.public_id,
                round=str(submission.round.number),
                submitted_at=submission.submitted_at,
                files=session.scalar(pins) or 0,
                manifest_size=len(manifest),
                manifest_sha256=submission.digest,
            ),
        ),
        now,
    )


def issue_list_receipt(
    session: Session, signer: Signer, file: ReceivedFile, now: datetime
) -> Receipt | None:
    """The receipt of the version that a list's file made; None unless that version is done.

    It is about the file, of which there is one for every version. Raises NotAReceipt unless every row
    sent is stored or rejected.
    """
    version = session.scalar(
        select(RosterVersion).where(
            RosterVersion.file_id == file.id, RosterVersion.stage == ListStage.DONE.value
        )
    )
    if version is None or version.done_at is None:
        return None
    return _issue(
        session,
        signer,
        _Event(
            kind=receipts.Kind.LIST,
            about=file.public_id,
            participation=file.participation,
            facts=ListFacts(
                roster=version.roster.public_id,
                version=version.number,
                election=file.participation.election.code,
                party=file.participation.party.public_id,
                requirement=file.requirement.code,
                region=file.region.code,
                file=file.public_id,
                size=file.size,
                sha256=file.sha256,
                rows_digest=version.rows_digest or "",
                sent=version.sent or 0,
                stored=version.stored or 0,
                rejected=version.rejected or 0,
                warned=version.warned or 0,
                added=version.added or 0,
                removed=version.removed or 0,
                changed=version.changed or 0,
                finished_at=version.done_at,
            ),
        ),
        now,
    )


def receipt_of(session: Session, kind: receipts.Kind, about: str) -> Receipt | None:
    """The receipt of a file, submission or list (by its file) by public id, once it is issued."""
    return session.scalar(select(Receipt).where(Receipt.kind == kind.value, Receipt.about == about))


def signed_text(receipt: Receipt) -> SignedText:
    """The receipt as it is handed out: the signed bytes verbatim."""
    return SignedText(
        signed=receipt.body.decode("utf-8"), signature=receipt.signature, key_id=receipt.key_id
    )


def _arrived(file: ReceivedFile) -> _Event:
    return _Event(
        kind=receipts.Kind.ARRIVAL,
        about=file.public_id,
        participation=file.participation,
        facts=ArrivalFacts(
            upload=file.public_id,
            election=file.participation.election.code,
            party=file.participation.party.public_id,
            requirement=file.requirement.code,
            region=file.region.code,
            purpose=file.purpose,
            created_at=file.created_at,
            finished_at=file.finished_at,
            size=file.size,
            sha256=file.sha256,
        ),
    )


def _issue(session: Session, signer: Signer, event: _Event, now: datetime) -> Receipt:
    return _issue_all(session, signer, [event], now)[0]


def _issue_all(
    session: Session, signer: Signer, events: Sequence[_Event], now: datetime
) -> list[Receipt]:
    points = _locked_points(session, events)
    known = _known(session, events)
    records: list[Record] = []
    for event in events:
        if (event.kind.value, event.about) in known:
            continue
        row = _signed(signer, event, points[event.participation.chain_id], now)
        session.add(row)
        known[row.kind, row.about] = row
        records.append(
            Record(
                chain_id=event.participation.chain_id,
                kind=Kind.RECEIPT_ISSUED,
                actor="system",
                facts={"receipt": row.serial, "about": row.about, "about_kind": row.kind},
            )
        )
    if records:
        record_all(session, records, now)
    return [known[event.kind.value, event.about] for event in events]


def _signed(signer: Signer, event: _Event, point: ChainPoint, now: datetime) -> Receipt:
    content = receipts.Receipt(
        issuer=signer.issuer,
        serial=receipts.new_serial(),
        issued_at=now,
        facts=event.facts,
        journal=point,
    )
    signed = receipts.sign(content, signer.key)
    return Receipt(
        serial=content.serial,
        participation_id=event.participation.id,
        kind=event.kind.value,
        about=event.about,
        body=signed.signed.encode("utf-8"),
        signature=signed.signature,
        key_id=signed.key_id,
        issued_at=now,
    )


def _known(session: Session, events: Sequence[_Event]) -> dict[tuple[str, str], Receipt]:
    rows = session.scalars(
        select(Receipt).where(among(Receipt.about, [event.about for event in events]))
    )
    return {(row.kind, row.about): row for row in rows}


def _locked_points(session: Session, events: Sequence[_Event]) -> dict[int, ChainPoint]:
    # Locked before receipts are looked up: of two issuers the second finds the first one's. In the
    # order of chains, as the journal locks them.
    session.flush()
    chains = session.scalars(
        select(Chain)
        .where(among(Chain.id, [event.participation.chain_id for event in events]))
        .order_by(Chain.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {chain.id: point_of(chain) for chain in chains}
