"""What is open when: windows of stages and the rounds they belong to.

Windows and rounds are rows, versioned and each with its legal basis, because in 2022 they moved in
mid-stage and differed for single parties (domain brief 1.2). A file counts as in time when its upload
was begun before the close and ended within the window's grace.

Next station: `verification.intake` asks here before it lets a file in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.errors import NotFound, WindowClosed
from verification.models import Election, Participation, Round, Stage, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What closes next: a stage's window, for everybody or for one party."""

    stage: Stage
    window: Window
    closes_at: datetime


def stages(session: Session, election: Election) -> list[Stage]:
    """The stages of an election in their order."""
    wanted = select(Stage).where(Stage.election_id == election.id).order_by(Stage.ordinal)
    return list(session.scalars(wanted))


def window_for(session: Session, stage: Stage, participation: Participation | None) -> Window:
    """The window that holds: a party's own before the general one, each in its highest version.

    Raises WindowClosed when the stage has no window at all.
    """
    window = None
    if participation is not None:
        window = latest(session, stage.id, participation.id)
    window = window or latest(session, stage.id, None)
    if window is None:
        raise WindowClosed("the stage has no window")
    return window


def current_round(session: Session, election: Election) -> Round:
    """The newest round that was opened. Raises NotFound before the first."""
    found = session.scalar(
        select(Round)
        .where(Round.election_id == election.id, Round.opened_at.is_not(None))
        .order_by(Round.number.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound("no round is open")
    return found


def next_round(session: Session, election: Election) -> Round | None:
    """The round after the current one, not yet opened; None after the last."""
    return session.scalar(
        select(Round)
        .where(Round.election_id == election.id, Round.opened_at.is_(None))
        .order_by(Round.number)
        .limit(1)
    )


def rounds(session: Session, election: Election) -> list[Round]:
    """Every round in order."""
    return list(
        session.scalars(
            select(Round).where(Round.election_id == election.id).order_by(Round.number)
        )
    )


def window_now(session: Session, participation: Participation) -> Window:
    """The window of the current round's stage for a party. Raises WindowClosed, NotFound."""
    round_ = current_round(session, participation.election)
    stage = session.get_one(Stage, round_.stage_id)
    return window_for(session, stage, participation)


def open_for_upload(
    session: Session,
    participation: Participation,
    now: datetime,
    *,
    started_at: datetime | None = None,
) -> bool:
    """Whether a file may come in at `now`.

    With `started_at` (when its upload was created): begun before the close, and within the grace.
    """
    try:
        window = window_now(session, participation)
    except (WindowClosed, NotFound):
        return False
    return is_open(window, now, started_at)


def is_open(window: Window, now: datetime, started_at: datetime | None = None) -> bool:
    """As `open_for_upload`, for the window that holds."""
    if started_at is None:
        return window.opens_at <= now < window.closes_at
    return window.opens_at <= started_at < window.closes_at and now <= last_moment(window)


def last_moment(window: Window) -> datetime:
    """When the last byte of an upload begun in time must be there."""
    return window.closes_at + timedelta(seconds=window.grace_seconds)


def what_closes_next(
    session: Session,
    election: Election,
    now: datetime,
    participation: Participation | None = None,
) -> Closing | None:
    """The open window that closes first, a party's own windows included when it is given."""
    candidates = []
    for stage in stages(session, election):
        try:
            window = window_for(session, stage, participation)
        except WindowClosed:
            continue
        if window.opens_at <= now < window.closes_at:
            candidates.append(Closing(stage=stage, window=window, closes_at=window.closes_at))
    return min(candidates, key=lambda closing: closing.closes_at, default=None)


def latest(session: Session, stage_id: int, participation_id: int | None) -> Window | None:
    """The newest version of a party's own window, or of everybody's; None when there is none (keys)."""
    return session.scalar(
        select(Window)
        .where(Window.stage_id == stage_id, Window.participation_id == participation_id)
        .order_by(Window.version.desc())
        .limit(1)
    )
