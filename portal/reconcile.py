"""The broom: what lies on disk gets its row, what never will gives its reservation back.

Arrivals are the truth and rows are derived (design, "Acceptance is its own step"), so a callback that
was lost costs nothing but the time until the next pass. `sipol reconcile` makes one whole pass; the
worker's timer makes small ones, which look only into shard directories that changed since the last, and
at packed documents that came since.

Next station: `portal/intake.py`, the same `finished` as the upload server calls.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from portal import partials
from portal.clock import Clock, system_clock
from portal.intake import PortalPolicy
from portal.models import Reservation
from uploads.batches import answers_to
from uploads.capability import is_upload_id
from uploads.errors import Refusal
from uploads.packs import Mark
from uploads.policy import Arrival
from uploads.shelf import Shelf
from verification.db import Sessions
from verification.models import ReceivedFile, Tombstone

log = logging.getLogger(__name__)

BATCH = 500
TOGETHER = 100
"""Arrivals recorded in one transaction; on SQLite it holds up everybody else who writes."""
SETTLED_SECONDS = 2.0
"""A directory that changed this recently may change again within one tick of its clock."""
YOUNG = timedelta(minutes=10)
"""A reservation stands before its upload does; this long it is left alone without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What a pass did. `seen`: arrivals looked at; `recorded`: rows it brought about; `released`:
    reservations given back; `failed`: arrivals that could not be recorded and stay for the next pass.
    """

    seen: int = 0
    recorded: int = 0
    released: int = 0
    failed: int = 0


class Reconciler:
    """Passes over one upload root. One object a process: it remembers what has not changed."""

    def __init__(
        self,
        shelf: Shelf,
        sessions: Sessions,
        policy: PortalPolicy,
        clock: Clock = system_clock,
    ) -> None:
        self._shelf = shelf
        self._shards = shelf.root / "arrivals"
        self._sessions = sessions
        self._policy = policy
        self._clock = clock
        self._done: dict[str, int] = {}
        self._packed = Mark()

    def run(self, *, whole: bool = False) -> Reconciled:
        """One pass; `whole` looks into every shard, else only into those that changed."""
        if whole:
            self._done.clear()
            self._packed = Mark()
        seen, recorded, failed = self._packs()
        for shard in self._changed():
            # What comes after this look may leave the same time behind, however long the pass takes.
            looked_ns, changed_ns = time.time_ns(), shard.stat().st_mtime_ns
            ids = sorted(path.stem for path in shard.glob("*.json") if is_upload_id(path.stem))
            missing = self._unrecorded(ids)
            done = self._record(missing)
            seen, recorded = seen + len(ids), recorded + done
            failed += len(missing) - done
            settled = looked_ns - changed_ns > SETTLED_SECONDS * 1e9
            if done == len(missing) and settled:
                self._done[shard.name] = changed_ns
        return Reconciled(seen=seen, recorded=recorded, released=self._release(), failed=failed)

    def _packs(self) -> tuple[int, int, int]:
        """Packed documents since the last pass; seen, recorded, failed."""
        seen = recorded = failed = 0
        mark = self._packed
        while True:
            try:
                ids, following = self._shelf.packed_since(mark, BATCH)
            except Refusal as refusal:
                log.error("packed documents: not readable: %s", refusal.code)  # noqa: TRY400
                return seen, recorded, failed + 1
            missing = self._unrecorded(ids)
            done = self._record(missing)
            seen, recorded = seen + len(ids), recorded + done
            failed += len(missing) - done
            if not failed:
                self._packed = following
            if len(ids) < BATCH:
                return seen, recorded, failed
            mark = following

    def _changed(self) -> list[Path]:
        if not self._shards.is_dir():
            return []
        return [
            shard
            for shard in sorted(self._shards.iterdir())
            if shard.is_dir() and self._done.get(shard.name) != shard.stat().st_mtime_ns
        ]

    def _unrecorded(self, ids: Sequence[str]) -> list[str]:
        missing: list[str] = []
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            with self._sessions.read() as session:
                rows = select(ReceivedFile.public_id).where(ReceivedFile.public_id.in_(some))
                stones = select(Tombstone.public_id).where(Tombstone.public_id.in_(some))
                known = {*session.scalars(rows), *session.scalars(stones)}
            missing.extend(upload_id for upload_id in some if upload_id not in known)
        return missing

    def _record(self, upload_ids: Sequence[str]) -> int:
        """How many of these have their row now."""
        done = 0
        for start in range(0, len(upload_ids), TOGETHER):
            some = upload_ids[start : start + TOGETHER]
            arrivals = [found for found in map(self._arrival, some) if found is not None]
            answers = answers_to(arrivals, self._policy.finished)
            for arrival, error in zip(arrivals, answers, strict=True):
                if error is not None:
                    _log(arrival.upload_id, error)
            done += answers.count(None)
        return done

    def _arrival(self, upload_id: str) -> Arrival | None:
        try:
            return self._shelf.arrival(upload_id)
        except (Refusal, OSError, LookupError, ValueError, TypeError) as error:
            _log(upload_id, error)
            return None

    def _release(self) -> int:
        """Give back what is reserved for uploads that are gone, or recorded already."""
        before = self._clock() - YOUNG
        with self._sessions.read() as session:
            old = Reservation.created_at < before
            held = list(session.scalars(select(Reservation.upload_id).where(old)))
            held += partials.old(session, before)
        recorded = set(held) - set(self._unrecorded(held))
        over = [
            upload_id
            for upload_id in held
            if upload_id in recorded or not self._shelf.exists(upload_id)
        ]
        for upload_id in over:
            self._policy.ended(upload_id, "gone")
        return len(over)


def _log(upload_id: str, error: Exception) -> None:
    # The type only: an arrival's metadata hold a file name, and messages quote values.
    log.error("upload %s: not recorded: %s", upload_id, type(error).__name__)
