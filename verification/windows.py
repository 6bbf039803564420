"""The windows of stages as they stand and stood: versions, and what was extended.

Next station: `verification.extending` makes a new version, `verification.schedule` says which holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verification.errors import WindowClosed
from verification.models import Election, Participation, Stage, Window
from verification.reference import found
from verification.schedule import is_open, window_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A window that closes later than the one whose place it took."""

    stage: Stage
    window: Window
    was: Window


def stage_by_code(session: Session, election: Election, code: str) -> Stage:
    """Raises NotFound."""
    wanted = select(Stage).where(Stage.election_id == election.id, Stage.code == code)
    return found(session.scalar(wanted), "stage")


def versions(session: Session, stage: Stage) -> list[Window]:
    """All windows a stage has and had: everybody's first, of each the newest version first."""
    wanted = select(Window).where(Window.stage_id == stage.id)
    return sorted(
        session.scalars(wanted), key=lambda row: (row.participation_id or 0, -row.version)
    )


def revision(session: Session, stage: Stage) -> int:
    """A number that grows with every version of any of the stage's windows."""
    wanted = select(func.count()).select_from(Window).where(Window.stage_id == stage.id)
    return session.scalar(wanted) or 0


def extension_of(
    session: Session, stage: Stage, participation: Participation | None, now: datetime
) -> Extension | None:
    """What a party should be told: its window is open and was made to close later than it did."""
    try:
        window = window_for(session, stage, participation)
    except WindowClosed:
        return None
    was = _before(session, window)
    if was is None or not was.closes_at < window.closes_at or not is_open(window, now):
        return None
    return Extension(stage=stage, window=window, was=was)


def _before(session: Session, window: Window) -> Window | None:
    """The version whose place a window took; a party's first took that of everybody's."""
    wanted = select(Window).where(Window.stage_id == window.stage_id)
    if window.participation_id is not None and window.version == 1:
        # Keys grow: of everybody's versions those that were there when it was made.
        wanted = wanted.where(Window.participation_id.is_(None), Window.id < window.id)
    else:
        wanted = wanted.where(
            Window.participation_id == window.participation_id, Window.version < window.version
        )
    return session.scalar(wanted.order_by(Window.version.desc()).limit(1))
