"""A party's storage quota, counted in the database: what has arrived and what open uploads reserved.

Two creations at once must not both take the last bytes, so whoever reserves holds the party's row
until the end of the transaction (on SQLite the writing transaction itself is that turn).

Next station: `portal/intake.py` grants the upload; its end, whichever, gives the reservation back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import CompoundSelect, delete, func, select, true, update
from sqlalchemy.orm import Session

from portal.models import PartReservation, Reservation
from verification.batches import among, execute, insert_all, listed
from verification.models import Participation, Storage

Wanted = Mapping[str, Any]
"""A row of `reservation`, by column names."""


def used(session: Session, participation: Participation) -> int:
    """Bytes of a party's quota in use: files that arrived, replaced ones too, and reservations."""
    return _used(session, [participation.id]).get(participation.id, 0)


def open_uploads(session: Session, participations: Iterable[int], now: datetime) -> int:
    """How many uploads of these parties (inner keys) were begun and have not arrived yet."""
    found = session.scalar(
        select(func.count())
        .select_from(Reservation)
        .where(among(Reservation.participation_id, participations), Reservation.expires_at > now)
    )
    return found or 0


def reserve_all(
    session: Session,
    wanted: Sequence[Wanted],
    quota: int,
    parts: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> set[str]:
    """Add reservations in the order given as far as `quota` bytes a party last.

    `parts`: of final uploads the ids of what they are joined from; their bytes count there from now on.
    The upload ids of those added. `take_turns` comes before.
    """
    if not wanted:
        return set()
    in_use = _used(session, {row["participation_id"] for row in wanted})
    added = []
    for row in wanted:
        party, ids = row["participation_id"], parts.get(row["upload_id"], ())
        own = _counted(session, party, row["account_id"], ids) if ids else 0
        after = in_use.get(party, 0) - own + row["bytes"]
        if after <= quota:
            in_use[party] = after
            added.append(row)
            _count_there(session, row["account_id"], ids, row["upload_id"])
    insert_all(session, Reservation, added)
    return {row["upload_id"] for row in added}


def reserve_part(session: Session, row: PartReservation, quota: int) -> bool:
    """Add the reservation of a part if it fits into `quota` bytes of its party; whether it did."""
    take_turns(session, [row.participation_id])
    if _used(session, [row.participation_id]).get(row.participation_id, 0) + row.bytes > quota:
        return False
    session.add(row)
    session.flush()
    return True


def declared(session: Session, upload_id: str, length: int) -> None:
    """An upload's length is known: give back what was reserved beyond it."""
    for model in (Reservation, PartReservation):
        session.execute(
            update(model)
            .where(model.upload_id == upload_id, model.bytes > length)
            .values(bytes=length)
            .execution_options(synchronize_session=False)
        )


def take_turns(session: Session, parties: Iterable[int]) -> None:
    """Hold the rows of these parties to the end of the transaction."""
    # FOR NO KEY UPDATE: creations of one party take turns, but rows that refer to the party do not
    # wait. In the order of keys: two batches cannot deadlock.
    execute(session, _TURNS, parties)


_TURNS = (
    select(Participation.id)
    .where(listed(Participation.id))
    .order_by(Participation.id)
    .with_for_update(key_share=True)
)


def _counted(session: Session, party: int, account: int, ids: Collection[str]) -> int:
    """Bytes that these parts of one sender take of a party's quota."""
    size = session.scalar(
        select(func.sum(PartReservation.bytes)).where(
            among(PartReservation.upload_id, ids),
            PartReservation.participation_id == party,
            PartReservation.account_id == account,
            PartReservation.final_id.is_(None),
        )
    )
    return int(size or 0)


def _count_there(session: Session, account: int, ids: Collection[str], final_id: str) -> None:
    if ids:
        session.execute(
            update(PartReservation)
            .where(
                among(PartReservation.upload_id, ids),
                PartReservation.account_id == account,
            )
            .values(final_id=final_id)
            .execution_options(synchronize_session=False)
        )


def _used(session: Session, participations: Iterable[int]) -> dict[int, int]:
    total: dict[int, int] = {}
    for party, size in execute(session, _USED, participations):
        total[party] = total.get(party, 0) + int(size)
    return total


def _sums() -> CompoundSelect[int, int]:
    # One statement is one snapshot: between two of them an upload could turn from a reservation
    # into a file and be counted in neither.
    arrived = select(Storage.participation_id, Storage.bytes).where(
        listed(Storage.participation_id)
    )
    reserved, parts = (
        select(key, func.sum(size)).where(listed(key), only).group_by(key)
        for key, size, only in (
            (Reservation.participation_id, Reservation.bytes, true()),
            (
                PartReservation.participation_id,
                PartReservation.bytes,
                PartReservation.final_id.is_(None),
            ),
        )
    )
    return arrived.union_all(reserved, parts)


_USED = _sums()


def release_all(session: Session, upload_ids: Iterable[str]) -> None:
    """Give the reservations of some uploads back, as far as there are any."""
    execute(session, _RELEASE, upload_ids)


_RELEASE = delete(Reservation).where(listed(Reservation.upload_id))


def release(session: Session, upload_id: str) -> Reservation | None:
    """Give a reservation back; what it was, None when there is none (any more)."""
    # In one statement: of two processes that are told the same, one gets it.
    return session.scalars(
        delete(Reservation)
        .where(Reservation.upload_id == upload_id)
        .returning(Reservation)
        .execution_options(synchronize_session=False)
    ).one_or_none()
