"""Receipts as they are handed out: the signed file verbatim, and the page for people.

Next station: `sipol verify`, with the keys that this installation publishes.
"""

from __future__ import annotations

import json

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from portal.babel import locale
from portal.formatting import reader_zone, zone_name
from portal.page import in_language
from verification.errors import NotFound, UnknownRequirement
from verification.issuing import signed_text
from verification.models import (
    Participation,
    Receipt,
    ReceivedFile,
    Region,
    Requirement,
    RosterVersion,
    Round,
    Submission,
    SubmissionPin,
)
from verification.receipt_pdf import ManifestRow, Names, receipt_pdf
from verification.receipts import Kind
from verification.reference import region_of, requirement_by_code


def receipt_document(receipt: Receipt) -> bytes:
    """The receipt's file, byte for byte as it was signed."""
    return signed_text(receipt).to_json().encode()


def manifest_of(session: Session, receipt: Receipt) -> bytes:
    """The manifest that a submission's receipt signs. Raises NotFound for a file's receipt."""
    submission = session.scalar(select(Submission).where(Submission.public_id == receipt.about))
    if receipt.kind != Kind.SUBMISSION.value or submission is None:
        raise NotFound("manifest")
    return submission.manifest.encode()


def receipt_page(session: Session, receipt: Receipt) -> bytes:
    """The PDF of a receipt, with the reader's zone beside WIB."""
    participation = session.get_one(Participation, receipt.participation_id)
    facts = json.loads(receipt.body)["facts"]
    names = Names(
        party=participation.party.name,
        election=participation.election.name,
        requirement=_requirement(session, participation, facts.get("requirement", "")),
        region=_region(session, participation, facts.get("region", "")),
        round=_round(session, receipt),
    )
    manifest: list[ManifestRow] = []
    if receipt.kind == Kind.SUBMISSION.value:
        manifest = _rows(session, receipt)
    zone = zone_name(reader_zone())
    return receipt_pdf(
        signed_text(receipt),
        names,
        manifest=manifest,
        zone=zone if zone in ("WIB", "WITA", "WIT") else "WIB",
    )


def _requirement(session: Session, participation: Participation, code: str) -> str:
    try:
        found: Requirement = requirement_by_code(session, participation.election, code)
    except UnknownRequirement:
        return ""
    return in_language(found, "name")


def _region(session: Session, participation: Participation, code: str) -> str:
    try:
        found: Region = region_of(session, participation.election, code)
    except NotFound:
        return ""
    return found.name


def _round(session: Session, receipt: Receipt) -> str:
    number = session.scalar(
        select(Round.number)
        .join(Submission, Submission.round_id == Round.id)
        .where(Submission.public_id == receipt.about)
    )
    word = "Round" if locale() == "en" else "Babak"
    return "" if number is None else f"{word} {number}"


def _rows(session: Session, receipt: Receipt) -> list[ManifestRow]:
    file = aliased(ReceivedFile)
    listed = session.execute(
        select(Requirement, Region.name, file.size, SubmissionPin.digest, file.finished_at)
        .join(Submission, Submission.id == SubmissionPin.submission_id)
        .join(Requirement, Requirement.id == SubmissionPin.requirement_id)
        .join(Region, Region.id == SubmissionPin.region_id)
        .outerjoin(RosterVersion, RosterVersion.id == SubmissionPin.roster_version_id)
        .join(file, file.id == func.coalesce(SubmissionPin.file_id, RosterVersion.file_id))
        .where(Submission.public_id == receipt.about)
        .order_by(Requirement.ordinal, Region.code, SubmissionPin.id)
    )
    return [
        ManifestRow(
            requirement=in_language(requirement, "name"),
            region=region,
            size=size,
            sha256=digest,
            finished_at=finished_at,
        )
        for requirement, region, size, digest, finished_at in listed
    ]
