"""Which parts of a dossier may still be changed: all of it before the first submission, after that
only what an office has published as BMS.

A slot is a requirement at a region. In a later round it is open when the subject that stands for it
was last judged BMS; a member list or a card scan when any member below its region was.

Next station: `verification.intake` and `verification.files` ask before they change anything.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from verification.errors import DossierLocked
from verification.models import Item, Participation, Region, Requirement, Round, Subject, Submission
from verification.models.process import Purpose
from verification.reference import NATION
from verification.schedule import current_round
from verification.states import ItemState, Outcome

DOCUMENT = "document"
MEMBER = "member"


def document_key(requirement_code: str, region_code: str) -> str:
    """What a document's subject is called through all rounds."""
    return f"{requirement_code}:{region_code}"


def subject_kind(purpose: str) -> str:
    """`document`, or `member` for what is judged member by member."""
    return DOCUMENT if purpose == Purpose.DOCUMENT else MEMBER


def submission_in(
    session: Session, participation: Participation, round_: Round
) -> Submission | None:
    """The dossier as it was locked in a round."""
    return session.scalar(
        select(Submission).where(
            Submission.participation_id == participation.id, Submission.round_id == round_.id
        )
    )


def is_repair(session: Session, round_: Round) -> bool:
    """Whether rounds came before this one."""
    first = select(func.min(Round.number)).where(Round.election_id == round_.election_id)
    return round_.number > (session.scalar(first) or 0)


def to_repair(participation_id: int, round_: Round) -> tuple[ColumnElement[bool], ...]:
    """Conditions on Item: published as BMS in an earlier round, and not sent in again since."""
    later = aliased(Item)
    earlier = select(Round.id).where(
        Round.election_id == round_.election_id, Round.number < round_.number
    )
    return (
        Item.participation_id == participation_id,
        Item.round_id.in_(earlier),
        Item.state == ItemState.PUBLISHED.value,
        Item.outcome == Outcome.BMS.value,
        ~exists().where(later.subject_id == Item.subject_id, later.id > Item.id),
    )


def documents_to_repair(session: Session, participation: Participation, round_: Round) -> set[str]:
    """The keys of document subjects that a repair round opens."""
    return set(
        session.scalars(
            select(Subject.key)
            .join(Item, Item.subject_id == Subject.id)
            .where(
                *to_repair(participation.id, round_),
                Subject.participation_id == participation.id,
                Subject.kind == DOCUMENT,
            )
        )
    )


def members_to_repair(
    session: Session, participation: Participation, round_: Round, region_code: str
) -> bool:
    """Whether any member at or below a region has to be repaired."""
    query = (
        select(Item.id)
        .join(Subject, Subject.id == Item.subject_id)
        .join(Region, Region.id == Subject.region_id)
        .where(*to_repair(participation.id, round_), Subject.kind == MEMBER)
        .limit(1)
    )
    if region_code != NATION:
        query = query.where(
            or_(Region.code == region_code, Region.code.startswith(f"{region_code}."))
        )
    return session.scalar(query) is not None


def check_open(
    session: Session, participation: Participation, requirement: Requirement, region: Region
) -> None:
    """Raises DossierLocked when this slot cannot be changed now."""
    round_ = current_round(session, participation.election)
    if submission_in(session, participation, round_) is not None:
        raise DossierLocked("the dossier was submitted in this round")
    if is_repair(session, round_):
        check_repair(session, participation, round_, requirement, region.code)


def check_repair(
    session: Session,
    participation: Participation,
    round_: Round,
    requirement: Requirement,
    region_code: str,
) -> None:
    """Raises DossierLocked when a repair round does not open this slot."""
    if subject_kind(requirement.purpose) == DOCUMENT:
        key = document_key(requirement.code, region_code)
        open_ = key in documents_to_repair(session, participation, round_)
    else:
        open_ = members_to_repair(session, participation, round_, region_code)
    if not open_:
        raise DossierLocked("this round opens only what was judged BMS")


def lock_dossier(session: Session, participation: Participation) -> None:
    """Let one submission or withdrawal of a party at a time through (SQLite has one writer anyway)."""
    session.execute(
        select(Participation.id)
        .where(Participation.id == participation.id)
        .with_for_update(key_share=True)
    )
