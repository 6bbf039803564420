"""The funnels: one function an object, and no other way to reach one by its public id.

What an actor may not know of and what does not exist raise the same NotFound, so that the answers are
the same bytes. A KPU administrator and an observer may know of everything; what they see of it
(masked, no scans) is decided where it is shown.

Next station: the page or API call that asked.
"""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.actors import Actor
from portal.models import Account, Reservation
from verification.errors import NotFound
from verification.models import (
    Chain,
    Correction,
    DisputedMember,
    Item,
    Office,
    Participation,
    Receipt,
    ReceivedFile,
    Region,
    Roster,
    RosterVersion,
    Submission,
)
from verification.models.reference import Level
from verification.receipts import Kind
from verification.reference import Scope
from verification.states import Role

ALL_SEEING = frozenset({Role.ADMINISTRATOR, Role.OBSERVER})


def may_see_file(session: Session, actor: Actor, public_id: str) -> ReceivedFile:
    """A file of the actor's party and scope. Raises NotFound."""
    file = session.scalar(select(ReceivedFile).where(ReceivedFile.public_id == public_id))
    if file is None or not _of_party(actor, file.participation_id):
        raise NotFound("file")
    _in_scope(session, actor, file.region_id)
    return file


def may_change_file(session: Session, actor: Actor, public_id: str) -> ReceivedFile:
    """A file of the actor's own party and scope; watching is not enough. Raises NotFound."""
    if not actor.is_party:
        raise NotFound("file")
    return may_see_file(session, actor, public_id)


def may_see_upload(session: Session, actor: Actor, upload_id: str) -> Reservation:
    """An upload that has not arrived: its sender's, or any of the party for a coordinator."""
    row = session.scalar(select(Reservation).where(Reservation.upload_id == upload_id))
    if row is None or not _of_party(actor, row.participation_id):
        raise NotFound("upload")
    if row.account_id != actor.account_id:
        if actor.role is Role.OPERATOR:
            raise NotFound("upload")
        _in_scope(session, actor, row.region_id)
    return row


def may_see_roster(session: Session, actor: Actor, public_id: str) -> Roster:
    """A member list of the actor's party and scope, by its own id or by the id of its file."""
    roster = session.scalar(select(Roster).where(Roster.public_id == public_id))
    if roster is None:
        roster = session.scalar(
            select(Roster)
            .join(RosterVersion, RosterVersion.roster_id == Roster.id)
            .join(ReceivedFile, ReceivedFile.id == RosterVersion.file_id)
            .where(ReceivedFile.public_id == public_id)
        )
    if roster is None or not _of_party(actor, roster.participation_id):
        raise NotFound("list")
    _in_scope(session, actor, roster.region_id)
    return roster


def may_read_roster_rows(session: Session, actor: Actor, public_id: str) -> Roster:
    """A list whose rows are shown in clear: the owner's alone. Raises NotFound."""
    if not actor.is_party:
        raise NotFound("list")
    return may_see_roster(session, actor, public_id)


def may_see_receipt(session: Session, actor: Actor, serial: str) -> Receipt:
    """A receipt of the actor's party, by its serial or by the id of what it was given for."""
    query = select(Receipt).where((Receipt.serial == serial) | (Receipt.about == serial))
    # A list's file has two; by its id the one of its arrival is meant, whichever came first.
    first = query.order_by(Receipt.kind == Kind.LIST.value, Receipt.id).limit(1)
    receipt = session.scalars(first).first()
    if receipt is None or not _of_party(actor, receipt.participation_id):
        raise NotFound("receipt")
    if actor.role is Role.OPERATOR:
        may_see_receipt_subject(session, actor, receipt)
    return receipt


def may_see_receipt_subject(session: Session, actor: Actor, receipt: Receipt) -> None:
    """An operator reads receipts of what lies in his regions. Raises NotFound."""
    about = session.scalar(select(ReceivedFile).where(ReceivedFile.public_id == receipt.about))
    if about is None:
        raise NotFound("receipt")
    _in_scope(session, actor, about.region_id)


def may_see_submission(session: Session, actor: Actor, public_id: str) -> Submission:
    """A locked dossier of the actor's party. Raises NotFound."""
    found = session.scalar(select(Submission).where(Submission.public_id == public_id))
    if found is None or not _of_party(actor, found.participation_id):
        raise NotFound("submission")
    return found


def may_see_item(session: Session, actor: Actor, public_id: str) -> Item:
    """An item before the actor's office; administrators and observers: any. Raises NotFound.

    A party never reaches an item: it reads published results (`verification.reports`).
    """
    item = session.scalar(select(Item).where(Item.public_id == public_id))
    if item is None:
        raise NotFound("item")
    if actor.role not in ALL_SEEING and not (actor.is_desk and item.office_id == actor.office_id):
        raise NotFound("item")
    return item


def may_judge_item(session: Session, actor: Actor, public_id: str) -> Item:
    """An item the actor's office decides; whether he holds it is the lease's question."""
    if not actor.is_desk:
        raise NotFound("item")
    return may_see_item(session, actor, public_id)


def may_be_given(session: Session, item: Item, account: str) -> Account:
    """The account of a verifier of the item's office who may sign in. Raises NotFound."""
    found = session.scalar(
        select(Account).where(
            Account.public_id == account,
            Account.office_id == item.office_id,
            Account.role == Role.VERIFIER.value,
            Account.disabled_at.is_(None),
        )
    )
    if found is None:
        raise NotFound("verifier")
    return found


def may_see_office(session: Session, actor: Actor, code: str) -> Office:
    """An office: one's own and those below it; administrators and observers: any. Raises NotFound."""
    office = session.scalar(select(Office).where(Office.code == code))
    if office is None or not _watches(actor, office):
        raise NotFound("office")
    return office


def may_run_office(session: Session, actor: Actor, code: str) -> Office:
    """The office whose round the actor may publish: a supervisor's own, an administrator's any."""
    office = session.scalar(select(Office).where(Office.code == code))
    own = actor.role is Role.SUPERVISOR and office is not None and office.id == actor.office_id
    if office is None or not (own or actor.role is Role.ADMINISTRATOR):
        raise NotFound("office")
    return office


def may_run_item(session: Session, actor: Actor, public_id: str) -> Item:
    """An item of an office whose round the actor may publish. Raises NotFound."""
    item = session.scalar(select(Item).where(Item.public_id == public_id))
    if item is None:
        raise NotFound("item")
    may_run_office(session, actor, item.office.code)
    return item


def may_correct(session: Session, actor: Actor, public_id: str) -> Correction:
    """A correction in such an office. Raises NotFound."""
    found = session.scalar(select(Correction).where(Correction.public_id == public_id))
    if found is None:
        raise NotFound("correction")
    may_run_office(session, actor, found.item.office.code)
    return found


def may_handle_dispute(session: Session, actor: Actor, public_id: str) -> DisputedMember:
    """A disputed member before such an office. Raises NotFound."""
    found = session.scalar(select(DisputedMember).where(DisputedMember.public_id == public_id))
    if found is None:
        raise NotFound("dispute")
    may_run_office(session, actor, found.office.code)
    return found


def may_see_participation(session: Session, actor: Actor, public_id: str) -> Participation:
    """The actor's own party in an election, or any for the all-seeing. Raises NotFound."""
    found = session.scalar(select(Participation).where(Participation.public_id == public_id))
    if found is None or not _of_party(actor, found.id):
        raise NotFound("participation")
    return found


def may_see_counting(
    session: Session, actor: Actor, public_id: str | None
) -> tuple[Participation, Scope | None]:
    """Whose standing, and of which regions: a party its own, an office any party's in its region.

    Raises NotFound: no such participation, another's, or none named where one has to be.
    """
    wanted = public_id or actor.participation
    query = select(Participation).where(Participation.public_id == wanted)
    found = session.scalar(query) if wanted else None
    if found is None:
        raise NotFound("participation")
    if actor.is_desk:
        return found, Scope((actor.office_code or "",))
    if not _of_party(actor, found.id):
        raise NotFound("participation")
    return found, actor.scope


def may_read_chain(session: Session, actor: Actor, public_id: str | None = None) -> Chain:
    """The journal an actor may read: by default his party's or his office's. Raises NotFound."""
    own = session.scalar(_own_chain(actor))
    if public_id is None or (own is not None and own.public_id == public_id):
        if own is None:
            raise NotFound("journal")
        return own
    found = session.scalar(select(Chain).where(Chain.public_id == public_id))
    if found is None or actor.role not in ALL_SEEING:
        raise NotFound("journal")
    return found


def _own_chain(actor: Actor) -> Select[Chain]:
    if actor.role is Role.COORDINATOR:
        return (
            select(Chain)
            .join(Participation, Participation.chain_id == Chain.id)
            .where(Participation.id == (actor.participation_id or 0))
        )
    if actor.role is Role.SUPERVISOR:
        return (
            select(Chain)
            .join(Office, Office.chain_id == Chain.id)
            .where(Office.id == (actor.office_id or 0))
        )
    kind = "system" if actor.role in ALL_SEEING else "none"
    return select(Chain).where(Chain.kind == kind).order_by(Chain.id).limit(1)


def _of_party(actor: Actor, participation_id: int) -> bool:
    if actor.is_party:
        return participation_id == actor.participation_id
    return actor.role in ALL_SEEING


def _in_scope(session: Session, actor: Actor, region_id: int) -> None:
    scope = actor.scope
    if scope is None:
        return
    code = session.scalar(select(Region.code).where(Region.id == region_id))
    if code is None or not scope.covers(code):
        raise NotFound("outside the scope")


def _watches(actor: Actor, office: Office) -> bool:
    if actor.role in ALL_SEEING or office.id == actor.office_id:
        return True
    if actor.role is not Role.SUPERVISOR or actor.office_code is None:
        return False
    national = actor.office_code == "ID" and office.level != Level.NATIONAL
    return national or office.code.startswith(f"{actor.office_code}.")
