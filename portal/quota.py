"""A party's storage quota, counted in the database: what has arrived and what open uploads reserved.

Two creations at once must not both take the last bytes, so whoever reserves holds the party's row
until the end of the transaction (on SQLite the writing transaction itself is that turn).

Next station: `portal/intake.py` grants the upload; its end, whichever, gives the reservation back.
"""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.models import Reservation
from verification.errors import QuotaExceeded
from verification.models import Participation, ReceivedFile


def used(session: Session, participation: Participation) -> int:
    """Bytes of a party's quota in use: files that arrived, replaced ones too, and reservations."""
    # One statement is one snapshot: between two of them an upload could turn from a reservation
    # into a file and be counted in neither.
    arrived = (
        select(func.coalesce(func.sum(ReceivedFile.size), 0))
        .where(ReceivedFile.participation_id == participation.id)
        .scalar_subquery()
    )
    reserved = (
        select(func.coalesce(func.sum(Reservation.bytes), 0))
        .where(Reservation.participation_id == participation.id)
        .scalar_subquery()
    )
    return int(session.scalar(select(arrived + reserved)) or 0)


def reserve(
    session: Session, participation: Participation, reservation: Reservation, quota: int
) -> None:
    """Add a reservation if it fits into `quota` bytes. Raises QuotaExceeded."""
    # FOR NO KEY UPDATE: creations of one party take turns, but rows that refer to the party do not wait.
    session.execute(
        select(Participation.id)
        .where(Participation.id == participation.id)
        .with_for_update(key_share=True)
    )
    if used(session, participation) + reservation.bytes > quota:
        raise QuotaExceeded("the party's storage quota is used up")
    session.add(reservation)
    session.flush()


def release(session: Session, upload_id: str) -> Reservation | None:
    """Give a reservation back; what it was, None when there is none (any more)."""
    # In one statement: of two processes that are told the same, one gets it.
    return session.scalars(
        delete(Reservation)
        .where(Reservation.upload_id == upload_id)
        .returning(Reservation)
        .execution_options(synchronize_session=False)
    ).one_or_none()
