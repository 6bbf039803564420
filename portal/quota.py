"""A party's storage quota, counted in the database: what has arrived and what open uploads reserved.

Two creations at once must not both take the last bytes, so whoever reserves holds the party's row
until the end of the transaction (on SQLite the writing transaction itself is that turn).

Next station: `portal/intake.py` grants the upload; its end, whichever, gives the reservation back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.models import Reservation
from verification.batches import among, insert_all
from verification.models import Participation, ReceivedFile

Wanted = Mapping[str, Any]
"""A row of `reservation`, by column names."""


def used(session: Session, participation: Participation) -> int:
    """Bytes of a party's quota in use: files that arrived, replaced ones too, and reservations."""
    return _used(session, [participation.id]).get(participation.id, 0)


def reserve_all(session: Session, wanted: Sequence[Wanted], quota: int) -> set[str]:
    """Add reservations in the order given as far as `quota` bytes a party last.

    The upload ids of those added. The parties' rows stay locked to the end of the transaction.
    """
    parties = {row["participation_id"] for row in wanted}
    # FOR NO KEY UPDATE: creations of one party take turns, but rows that refer to the party do not
    # wait. In the order of keys: two batches cannot deadlock.
    session.execute(
        select(Participation.id)
        .where(among(session, Participation.id, parties))
        .order_by(Participation.id)
        .with_for_update(key_share=True)
    )
    in_use = _used(session, parties)
    added = []
    for row in wanted:
        after = in_use.get(row["participation_id"], 0) + row["bytes"]
        if after <= quota:
            in_use[row["participation_id"]] = after
            added.append(row)
    insert_all(session, Reservation, added)
    return {row["upload_id"] for row in added}


def _used(session: Session, participations: Iterable[int]) -> dict[int, int]:
    # One statement is one snapshot: between two of them an upload could turn from a reservation
    # into a file and be counted in neither.
    arrived, reserved = (
        select(key, func.sum(size)).where(among(session, key, participations)).group_by(key)
        for key, size in (
            (ReceivedFile.participation_id, ReceivedFile.size),
            (Reservation.participation_id, Reservation.bytes),
        )
    )
    total: dict[int, int] = {}
    for party, size in session.execute(arrived.union_all(reserved)):
        total[party] = total.get(party, 0) + int(size)
    return total


def release_all(session: Session, upload_ids: Iterable[str]) -> None:
    """Give the reservations of some uploads back, as far as there are any."""
    session.execute(
        delete(Reservation)
        .where(among(session, Reservation.upload_id, upload_ids))
        .execution_options(synchronize_session=False)
    )


def release(session: Session, upload_id: str) -> Reservation | None:
    """Give a reservation back; what it was, None when there is none (any more)."""
    # In one statement: of two processes that are told the same, one gets it.
    return session.scalars(
        delete(Reservation)
        .where(Reservation.upload_id == upload_id)
        .returning(Reservation)
        .execution_options(synchronize_session=False)
    ).one_or_none()
