"""What a verifier has before his eyes: one review item with its claim, findings, history and images.

The holder of the lease sees a member in clear (claiming was logged); everybody else who may look sees
`3273************`, a year of birth and initials, and that reading is logged here. An observer never
sees a scan. Images are the derived ones, never originals.

Next station: the desk's page, `GET /api/v1/items/{id}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal.actors import Actor
from portal.duplicate_sheet import DuplicateFacts, duplicates_of
from portal.member_facts import MemberFacts, facts_of
from verification.card_scans import KINDS, scans_for
from verification.decisions import PastDecision, history, reasons_for
from verification.disputes.handling import mark_of
from verification.disputes.states import DisputeState
from verification.errors import NotFound
from verification.file_checks import findings_of
from verification.journal import log_access
from verification.models import (
    Finding,
    Item,
    Member,
    Participation,
    ReasonCode,
    ReceivedFile,
    Subject,
    SubmissionPin,
)
from verification.rosters.rules.base import Fault
from verification.rosters.rules.catalogue import faults_in
from verification.rosters.work import named_in_words
from verification.secrets import FieldKeys
from verification.states import ItemState, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetImage:
    """A derived image. `label`: `ktp`, `kta`, `kk`, or the page's number; `number` counts from 1."""

    number: int
    label: str
    file: str
    page: int
    card: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSheet:
    """Everything about one item. `clear`: the reader holds it and sees it in full.

    `placeholders`: what the words of `faults` name, as `RuleSet.placeholders()`. `disputed`: the member
    says he is none; who he is, and how to reach him, the chiefs of his office know.
    """

    item: Item
    party: str
    clear: bool
    lease_until: datetime | None
    member: MemberFacts | None
    duplicates: tuple[DuplicateFacts, ...]
    faults: tuple[Fault, ...]
    placeholders: dict[str, str]
    findings: tuple[Finding, ...]
    images: tuple[SheetImage, ...]
    history: tuple[PastDecision, ...]
    reasons: tuple[ReasonCode, ...]
    disputed: DisputeState | None


def sheet_of(
    session: Session,
    item: Item,
    reader: Actor,
    keys: FieldKeys,
    now: datetime,
    *,
    logged: bool = True,
) -> ItemSheet:
    """The item as this reader may see it. A reading that is not the holder's is logged.

    `logged=False`: the masked answer to a decision that this reader has just made.
    """
    _gather(session, item)
    clear = holds(item, reader, now)
    if logged and not clear:
        log_access(
            session,
            actor=reader.actor,
            action="item.read",
            object_kind="item",
            object_id=item.public_id,
            now=now,
        )
    files = _files(session, item)
    images: tuple[SheetImage, ...] = ()
    if may_see_images(item, reader, now):
        images = tuple(_images(session, item, files, keys))
    # What an office has decided is its own business; a party never comes here.
    return ItemSheet(
        item=item,
        party=item.participation.party.name,
        clear=clear,
        lease_until=item.lease_until if clear else None,
        member=facts_of(item.member, keys, clear=clear) if item.member else None,
        duplicates=duplicates_of(session, item, reader, keys, now, clear=clear),
        faults=tuple(faults_in(item.member.warnings)) if item.member else (),
        placeholders=_named(session, item.member),
        findings=tuple(each for file in files for each in findings_of(session, file)),
        images=images,
        history=tuple(history(session, item.subject)),
        reasons=tuple(reasons_for(session, item)),
        disputed=mark_of(session, item),
    )


def _gather(session: Session, item: Item) -> None:
    """Ask once for all that stands around an item; one by one it would be nine questions."""
    around = (
        joinedload(Item.participation).joinedload(Participation.party),
        joinedload(Item.participation).joinedload(Participation.election),
        joinedload(Item.subject).joinedload(Subject.requirement),
        joinedload(Item.subject).joinedload(Subject.region),
        joinedload(Item.round),
        joinedload(Item.office),
        joinedload(Item.member),
    )
    session.scalars(select(Item).where(Item.id == item.id).options(*around)).one()


def _named(session: Session, member: Member | None) -> dict[str, str]:
    if member is None or not member.warnings:
        return {}
    return named_in_words(session, member.version_id)


def holds(item: Item, reader: Actor, now: datetime) -> bool:
    """Whether the reader holds the item at this moment."""
    return (
        item.state == ItemState.CLAIMED
        and item.holder == reader.actor
        and item.lease_until is not None
        and now < item.lease_until
    )


def may_see_images(item: Item, reader: Actor, now: datetime) -> bool:
    """A member's cards: the holder alone. A document: its office and the administrator too."""
    if holds(item, reader, now):
        return True
    return item.member_id is None and reader.role is not Role.OBSERVER


def image_of(
    session: Session, item: Item, number: int, reader: Actor, keys: FieldKeys, now: datetime
) -> SheetImage:
    """One image of an item, for whoever may see it. Raises NotFound."""
    if not may_see_images(item, reader, now):
        raise NotFound("images are the holder's")
    for image in _images(session, item, _files(session, item), keys):
        if image.number == number:
            return image
    raise NotFound("image")


def _files(session: Session, item: Item) -> Sequence[ReceivedFile]:
    if item.member_id is not None:
        return ()
    return session.scalars(
        select(ReceivedFile)
        .join(SubmissionPin, SubmissionPin.file_id == ReceivedFile.id)
        .where(
            SubmissionPin.submission_id == item.submission_id,
            SubmissionPin.requirement_id == item.subject.requirement_id,
            SubmissionPin.region_id == item.subject.region_id,
        )
        .order_by(ReceivedFile.id)
    ).all()


def _images(
    session: Session, item: Item, files: Sequence[ReceivedFile], keys: FieldKeys
) -> list[SheetImage]:
    found: list[tuple[str, str, int, bool]] = []
    if item.member is not None:
        scans = scans_for(session, item.member, keys)
        found = [
            (kind, scans[kind].file.public_id, scans[kind].number, True)
            for kind in KINDS
            if kind in scans
        ]
    for file in files:
        found += [
            (str(page), file.public_id, page, False) for page in range(1, (file.pages or 0) + 1)
        ]
    return [
        SheetImage(number=number, label=label, file=file, page=page, card=card)
        for number, (label, file, page, card) in enumerate(found, start=1)
    ]
