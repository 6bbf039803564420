"""A new version of a stage's window, for every party or for one: the deadline moves while people send.

Versions are added, never changed. What has opened only grows, because parties rely on it: it stays
open at least as long as it said, and its opening stays. What has not opened yet may move either way.
A party with a window of its own keeps it when everybody's moves, and is told so to whoever moves it.

Next station: `verification.schedule` says which version holds; nothing else remembers a close.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verification.batches import among
from verification.canonical import Json, instant
from verification.errors import (
    LegalBasisMissing,
    NotAllowed,
    NotFound,
    Stale,
    WindowClosed,
    WindowNotSound,
    WindowPast,
    WindowShortened,
    WindowUnchanged,
)
from verification.journal import Record, record_all, system_chain
from verification.journal_kinds import Kind
from verification.models import Election, Participation, ReceivedFile, Stage, Window
from verification.reference import participations
from verification.schedule import current_round, last_moment, latest, window_for
from verification.states import Role
from verification.windows import revision, versions

BASIS_LIMIT = 200
LONGEST_GRACE = 24 * 3600
FURTHEST = timedelta(days=366)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTimes:
    """What is asked for. `participation` None: for everybody; `opens_at` None: as it holds."""

    stage: Stage
    participation: Participation | None
    closes_at: datetime
    grace_seconds: int
    legal_basis: str
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a new version does. `was`: the window that holds for those it is for, None if there is none.

    `own`: the parties that everybody's new window does not touch, each with its own. `in_time`: by
    party (inner key) the files that came too late and count as in time with the new one.
    """

    was: Window | None
    opens_at: datetime
    closes_at: datetime
    grace_seconds: int
    legal_basis: str
    touched: tuple[Participation, ...]
    own: tuple[tuple[Participation, Window], ...]
    in_time: Mapping[int, int]

    @property
    def files(self) -> int:
        """Files that count as in time now, of all parties."""
        return sum(self.in_time.values())


def effect_of(session: Session, times: NewTimes, now: datetime) -> Effect:
    """What the new version would do.

    Raises LegalBasisMissing, WindowNotSound, WindowPast, WindowShortened, WindowUnchanged.
    """
    was = _held(session, times)
    opens_at = times.opens_at or (was.opens_at if was else None)
    basis = _spelled(times.legal_basis)
    if not 0 < len(basis) <= BASIS_LIMIT or _CONTROL.search(basis):
        raise LegalBasisMissing("a legal basis is needed")
    if opens_at is None or not _can_be_meant(times, opens_at, now):
        raise WindowNotSound("the times of the window cannot be meant")
    if times.closes_at <= now:
        raise WindowPast("the new close has passed")
    new = Window(
        opens_at=opens_at, closes_at=times.closes_at, grace_seconds=times.grace_seconds,
        legal_basis=basis,
    )  # fmt: skip
    if was is not None:
        if was.opens_at <= now and _takes_away(was, new):
            raise WindowShortened("the window has opened and only grows")
        if _same(was, new):
            raise WindowUnchanged("that window holds already")
    touched, own = _parties(session, times)
    return Effect(
        was=was,
        opens_at=opens_at,
        closes_at=times.closes_at,
        grace_seconds=times.grace_seconds,
        legal_basis=basis,
        touched=touched,
        own=own,
        in_time=_now_in_time(session, times.stage, was, new, touched),
    )


def move(
    session: Session, times: NewTimes, *, seen: int, actor: str, role: Role, now: datetime
) -> Window:
    """Make the new version. Asking for the same once more gives what was made.

    `seen`: the stage's `revision` on which the decision was taken. Raises NotAllowed (administrators
    only), Stale, and as `effect_of`.
    """
    if role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{role} moves no windows")
    # One after the other: of two who saw the same, the second finds that it is not so any more.
    session.execute(
        select(Stage.id).where(Stage.id == times.stage.id).with_for_update(key_share=True)
    )
    if revision(session, times.stage) != seen:
        made = _newest(session, times)
        if made is not None and made.made_by == actor and _says(made, times):
            return made
        raise Stale("the stage's windows have changed")
    effect = effect_of(session, times, now)
    before = _newest(session, times)
    window = Window(
        stage_id=times.stage.id,
        participation_id=times.participation.id if times.participation else None,
        version=before.version + 1 if before else 1,
        opens_at=effect.opens_at,
        closes_at=effect.closes_at,
        grace_seconds=effect.grace_seconds,
        legal_basis=effect.legal_basis,
        made_by=actor,
        made_at=now,
    )
    session.add(window)
    session.flush()
    record_all(session, _records(session, times, effect, window, actor), now)
    return window


def _held(session: Session, times: NewTimes) -> Window | None:
    try:
        return window_for(session, times.stage, times.participation)
    except WindowClosed:
        return None


def _spelled(basis: str) -> str:
    """With single spaces: a number copied out of a decision brings others."""
    return " ".join(basis.split())


def _newest(session: Session, times: NewTimes) -> Window | None:
    party = times.participation
    return latest(session, times.stage.id, party.id if party else None)


def _can_be_meant(times: NewTimes, opens_at: datetime, now: datetime) -> bool:
    far = times.opens_at is not None and times.opens_at < now - FURTHEST
    in_order = opens_at < times.closes_at <= now + FURTHEST
    return in_order and not far and 0 <= times.grace_seconds <= LONGEST_GRACE


def _takes_away(was: Window, new: Window) -> bool:
    earlier = new.closes_at < was.closes_at or last_moment(new) < last_moment(was)
    return earlier or new.opens_at != was.opens_at


def _same(was: Window, new: Window) -> bool:
    return _values(was) == _values(new)


def _says(made: Window, times: NewTimes) -> bool:
    asked = (
        times.opens_at or made.opens_at,
        times.closes_at,
        times.grace_seconds,
        _spelled(times.legal_basis),
    )
    return _values(made) == asked


def _values(window: Window) -> tuple[datetime, datetime, int, str]:
    return window.opens_at, window.closes_at, window.grace_seconds, window.legal_basis


def _parties(
    session: Session, times: NewTimes
) -> tuple[tuple[Participation, ...], tuple[tuple[Participation, Window], ...]]:
    if times.participation is not None:
        return (times.participation,), ()
    own = {
        row.participation_id: row
        for row in reversed(versions(session, times.stage))
        if row.participation_id is not None
    }
    everybody = participations(session, session.get_one(Election, times.stage.election_id))
    return (
        tuple(party for party in everybody if party.id not in own),
        tuple((party, own[party.id]) for party in everybody if party.id in own),
    )


def _now_in_time(
    session: Session,
    stage: Stage,
    was: Window | None,
    new: Window,
    touched: Collection[Participation],
) -> dict[int, int]:
    """What was recorded as late stays so in its journal; how many it were is told beside it."""
    try:
        round_ = current_round(session, session.get_one(Election, stage.election_id))
    except NotFound:
        return {}
    if was is None or round_.stage_id != stage.id:
        return {}
    rows = session.execute(
        select(ReceivedFile.participation_id, func.count())
        .where(
            among(ReceivedFile.participation_id, [party.id for party in touched]),
            ReceivedFile.created_at >= new.opens_at,
            ReceivedFile.created_at < new.closes_at,
            ReceivedFile.finished_at > last_moment(was),
            ReceivedFile.finished_at <= last_moment(new),
        )
        .group_by(ReceivedFile.participation_id)
    )
    return {party: count for party, count in rows}  # noqa: C416 - not pairs to mypy


def _records(
    session: Session, times: NewTimes, effect: Effect, window: Window, actor: str
) -> list[Record]:
    was = effect.was
    said: dict[str, Json] = {
        "stage": times.stage.code,
        "version": window.version,
        "opens_at": instant(window.opens_at),
        "closes_at": instant(window.closes_at),
        "grace_seconds": window.grace_seconds,
        "was_closes_at": instant(was.closes_at) if was else None,
        "was_grace_seconds": was.grace_seconds if was else None,
    }
    party, basis = times.participation, window.legal_basis
    of_parties = [
        Record(
            chain_id=each.chain_id,
            kind=Kind.WINDOW_MOVED,
            actor=actor,
            facts={**said, "own": party is not None, "in_time": effect.in_time.get(each.id, 0)},
            note=basis,
        )
        for each in effect.touched
    ]
    everywhere = Record(
        chain_id=system_chain(session).id,
        kind=Kind.WINDOW_CHANGED,
        actor=actor,
        facts={
            **said,
            "party": party.public_id if party else None,
            "parties": len(effect.touched),
            "in_time": effect.files,
        },
        note=basis,
    )
    return [*of_parties, everywhere]
