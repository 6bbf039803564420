"""Subjects and items in bulk, a few statements a batch; what is there already stays as it is.

Next station: `verification.materialise` goes through a submission with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.db import new_public_id
from verification.models import Item, Round, Subject, Submission
from verification.slots import is_repair, to_repair
from verification.states import ItemState
from verification.upserts import upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An item to make: its subject, where it goes, and of a member the row."""

    kind: str
    key: str
    requirement_id: int
    region_id: int
    office_id: int
    member_id: int | None = None


def make(session: Session, submission: Submission, wanted: Sequence[Wanted], now: datetime) -> None:
    """Make the items that are not there yet, in a repair round only those that are to be repaired."""
    if not wanted:
        return
    round_ = session.get_one(Round, submission.round_id)
    if is_repair(session, round_):
        subjects = _to_repair(session, submission, round_, wanted)
    else:
        subjects = _subjects(session, submission, wanted)
    rows = [
        _item(submission, subjects[each.key], each, now) for each in wanted if each.key in subjects
    ]
    if rows:
        added = session.execute(
            upsert(session, Item)
            .on_conflict_do_nothing(index_elements=["submission_id", "subject_id"])
            .returning(Item.id),
            rows,
        )
        submission.items_made += len(added.all())


def _subjects(session: Session, submission: Submission, wanted: Sequence[Wanted]) -> dict[str, int]:
    """The subjects by key, those that are new made on the way.

    No question is asked first: while a table fills up the planner does not know its size yet, and
    this way it has nothing to choose.
    """
    insert = upsert(session, Subject)
    made = session.execute(
        insert.on_conflict_do_update(
            index_elements=["participation_id", "kind", "key"], set_={"key": insert.excluded.key}
        ).returning(Subject.key, Subject.id),
        [_subject(submission, each) for each in wanted],
    )
    return dict(made.all())


def _to_repair(
    session: Session, submission: Submission, round_: Round, wanted: Sequence[Wanted]
) -> dict[str, int]:
    """Of the subjects wanted, those whose last decision was BMS."""
    due = (
        select(Subject.key, Subject.id)
        .join(Item, Item.subject_id == Subject.id)
        .where(
            *to_repair(submission.participation_id, round_),
            Subject.participation_id == submission.participation_id,
            Subject.kind == wanted[0].kind,
            Subject.key.in_([each.key for each in wanted]),
        )
    )
    return dict(session.execute(due).all())


def _item(submission: Submission, subject_id: int, wanted: Wanted, now: datetime) -> dict[str, Any]:
    return {
        "public_id": new_public_id(),
        "submission_id": submission.id,
        "participation_id": submission.participation_id,
        "subject_id": subject_id,
        "office_id": wanted.office_id,
        "round_id": submission.round_id,
        "member_id": wanted.member_id,
        "state": ItemState.QUEUED.value,
        "version": 1,
        # Earlier submissions first; within one, the order in which its items were made.
        "queue_key": int(submission.submitted_at.timestamp() * 1000),
        "queued_at": now,
    }


def _subject(submission: Submission, wanted: Wanted) -> dict[str, Any]:
    return {
        "public_id": new_public_id(),
        "participation_id": submission.participation_id,
        "kind": wanted.kind,
        "key": wanted.key,
        "requirement_id": wanted.requirement_id,
        "region_id": wanted.region_id,
    }
