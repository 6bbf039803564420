"""The latest request wins: who may write an upload, in this process and across processes.

A request that wants an upload asks its holder to let go and gets it when the holder has stored what it had
received and closed its file. Within a process that is a queue of one: a third request replaces the one
that waits. Between processes it is a lock on one byte of a shard's file (fcntl(2), open file description
locks), which the kernel lets go of when its holder dies, kill -9 included; a wish beside it asks a living
holder of another process to let go.

Next station: `uploads/operations.py` loads and judges the upload it holds.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from uploads.errors import UploadLocked
from uploads.lockfiles import LockFiles, Place
from uploads.threads import Crew, run

PATIENCE_SECONDS = 2.0
RETRY_SECONDS = 0.02
WATCH_SECONDS = 0.2
WARM_SECONDS = 1.0
MOST_WARM = 256
STALE_WISH_SECONDS = 10.0


class Lease:
    """The right to write one upload, until it is released. `async with` it, once."""

    __slots__ = (
        "_locks", "_on_wanted", "_place", "_pool", "_released", "_then", "finished_with",
        "following", "found", "turn", "upload_id", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        upload_id: str,
        locks: "Locks",
        then: Callable[[str], Any] | None,
        pool: Crew | None,
    ) -> None:
        self.upload_id = upload_id
        self.wanted = self.finished_with = False
        self.found: Any = None
        """What was asked for together with the lock (`Locks.hold`)."""
        self.following: Lease | None = None
        """Who gets the upload next, in this process."""
        self.turn: asyncio.Future[None] | None = None
        self._locks = locks
        self._then = then
        self._pool = pool
        self._place: Place | None = None
        self._released = False
        self._on_wanted: Callable[[], None] | None = None

    async def __aenter__(self) -> "Lease":
        then, self._then = self._then, None
        await self._locks.take(self, then, self._pool)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        self._locks.give(self)

    def when_wanted(self, let_go: Callable[[], None]) -> None:
        """Call `let_go` in the event loop once another request wants the upload; perhaps at once."""
        self._on_wanted = let_go
        if self.wanted:
            let_go()

    def check(self) -> None:
        """Raise UploadLocked unless a write is still ours to make. From any thread."""
        if self._released or (self._place is not None and not self._place.is_ours()):
            raise UploadLocked("the lease has passed")

    def want(self) -> None:
        if not self.wanted:
            self.wanted = True
            if self._on_wanted is not None:
                self._on_wanted()

    def lock(self) -> bool:
        """Take the lock if no other process has it. Blocking."""
        files = self._locks.files
        if files is None:
            return True
        self._place = files.lock(self.upload_id)
        return self._place is not None

    def lock_then(self, then: Callable[[str], Any] | None) -> bool:
        """Take the lock, and in the same way to a thread find what was asked for. Blocking."""
        if not self.lock():
            return False
        if then is not None:
            self.found = then(self.upload_id)
        return True

    def unlock(self) -> None:
        """No write passes after this. At once: nothing is written for it."""
        self._released = True
        if self._place is not None:
            self._place.unlock()
            self._place = None


class Locks:
    """Leases of one process. `directory` None: no other process writes here (tests)."""

    def __init__(
        self, directory: Path | None, pool: Crew, *, patience: float = PATIENCE_SECONDS
    ) -> None:
        self.files = None if directory is None else LockFiles(directory)
        self._wishes = None if directory is None else directory / "wanted"
        self._pool = pool
        self._patience = patience
        self._name = secrets.token_hex(8)
        self._held: dict[str, Lease] = {}
        """Whose turn it is, of this process's requests; that the lock is theirs, too, comes after."""
        self._given: dict[str, float] = {}
        """When the latest uploads were released, the earliest first."""
        if self._wishes is not None:
            self._wishes.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        """No upload is held any more, and none will be."""
        if self.files is not None:
            self.files.close()

    def is_held(self, upload_id: str) -> bool:
        """Whether a request of this process holds the upload."""
        return upload_id in self._held

    def hold(
        self,
        upload_id: str,
        then: Callable[[str], Any] | None = None,
        *,
        pool: Crew | None = None,
        at_once: bool = False,
    ) -> Lease:
        """`async with` it to hold an upload, taking it from whoever has it, as a Lease.

        `then(upload_id)` is called in the same thread as soon as the lock is ours; its result is the
        lease's `found`. `pool`: where both happen. `at_once`: `then` only asks for what the kernel
        remembers of an upload held a moment ago, and then no other thread is worth its price.
        Raises UploadLocked after the patience, and what `then` raises.
        """
        if not (at_once and self._is_warm(upload_id)):
            pool = pool or self._pool
        return Lease(upload_id, self, then, pool)

    def _is_warm(self, upload_id: str) -> bool:
        given = self._given.get(upload_id)
        return given is not None and time.monotonic() - given < WARM_SECONDS

    async def take(
        self, lease: Lease, then: Callable[[str], Any] | None, pool: Crew | None
    ) -> None:
        until = asyncio.get_running_loop().time() + self._patience
        holder = self._held.setdefault(lease.upload_id, lease)
        if holder is not lease:
            try:
                async with asyncio.timeout_at(until):
                    await self._queue(holder, lease)
            except TimeoutError:
                raise UploadLocked("the holder did not let go") from None
        try:
            # Not bounded by the patience: a slow disk is no holder.
            if pool is None:
                got, pool = lease.lock_then(then), self._pool
            else:
                got = await run(pool, lease.lock_then, then)
            if not got:
                async with asyncio.timeout_at(until):
                    await self._wish(lease, pool)
                if then is not None:
                    lease.found = await run(pool, then, lease.upload_id)
        except BaseException as error:
            self.give(lease)
            if isinstance(error, TimeoutError):
                raise UploadLocked("the holder did not let go") from None
            raise

    def give(self, lease: Lease) -> None:
        """Release, and hand the upload to the request that waits, or forget it."""
        lease.unlock()
        self._given.pop(lease.upload_id, None)
        if not lease.finished_with:
            self._given[lease.upload_id] = time.monotonic()
            if len(self._given) > MOST_WARM:
                del self._given[next(iter(self._given))]
        self._hand_on(lease)

    async def watch(self) -> None:
        """Let go of what other processes wish for; runs until it is cancelled."""
        wishes = self._wishes
        while wishes is not None:
            await asyncio.sleep(WATCH_SECONDS)
            for upload_id in await run(self._pool, self._wished_for, wishes):
                if upload_id in self._held:
                    self._held[upload_id].want()

    def _wished_for(self, wishes: Path) -> list[str]:
        """What other living processes wait for; the wishes of dead ones are removed."""
        found, now = [], time.time()
        for path in wishes.iterdir():
            upload_id, _, name = path.name.partition(".")
            with contextlib.suppress(FileNotFoundError):
                if abs(now - path.stat().st_mtime) > STALE_WISH_SECONDS:
                    path.unlink()
                elif name != self._name:
                    found.append(upload_id)
        return found

    async def _queue(self, holder: Lease, lease: Lease) -> None:
        """Wait for our turn; a later request takes it away."""
        holder.want()
        before, holder.following = holder.following, lease
        if before is not None and before.turn is not None and not before.turn.done():
            before.turn.set_exception(UploadLocked("a later request wants the upload"))
        lease.turn = asyncio.get_running_loop().create_future()
        try:
            await lease.turn
        except BaseException:
            if holder.following is lease:
                holder.following = None
            if self._held.get(lease.upload_id) is lease:
                self._hand_on(lease)
            raise
        finally:
            lease.turn = None

    def _hand_on(self, lease: Lease) -> None:
        """The upload is the next one's at this instant: nobody who comes now gets in between."""
        following, lease.following = lease.following, None
        if following is not None and following.turn is not None and not following.turn.done():
            self._held[lease.upload_id] = following
            following.turn.set_result(None)
        else:
            del self._held[lease.upload_id]

    async def _wish(self, lease: Lease, pool: Crew) -> None:
        """The holder is another process: there is no event to wait for."""
        assert self._wishes is not None
        wish = self._wishes / f"{lease.upload_id}.{self._name}"

        def wish_and_lock() -> bool:
            wish.touch()
            return lease.lock()

        try:
            while not await run(pool, wish_and_lock):  # noqa: ASYNC110 - see above
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            await run(pool, _withdraw, wish)


def _withdraw(wish: Path) -> None:
    wish.unlink(missing_ok=True)
