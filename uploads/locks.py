"""The latest request wins: who may write an upload, in this process and across processes.

A request that wants an upload asks its holder to let go and gets it when the holder has stored what it had
received and closed its file. Within a process that is a queue of one: a third request replaces the one
that waits. Between processes it is an flock(2) on a small file, which the kernel lets go of when its holder
dies, kill -9 included; a wish beside it asks a living holder of another process to let go. Each holder
raises the generation in the file, and a write whose generation has passed is refused.

Next station: `uploads/server.py` loads and judges the upload it holds.
"""

import asyncio
import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from pathlib import Path

from uploads.capability import is_upload_id
from uploads.errors import UploadLocked
from uploads.threads import run

PATIENCE_SECONDS = 2.0
RETRY_SECONDS = 0.02
WATCH_SECONDS = 0.2
STALE_WISH_SECONDS = 10.0


class LockFile:
    """One locked file with the generation of its holder."""

    def __init__(self, path: Path) -> None:
        """Raises BlockingIOError when another holder has it."""
        self._path = path
        while True:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_in_place():
                    break
            except BaseException:
                os.close(self._descriptor)
                raise
            # The file was removed between open and flock: another one is the lock now.
            os.close(self._descriptor)
        # On a full disk the old generation has to do; the lock itself needs no space.
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, b"%020d" % (int(self._read() or b"0") + 1), 0)
        self._generation = self._read()

    def is_ours(self) -> bool:
        """Whether nobody has taken or removed the lock behind our back."""
        return self._is_in_place() and self._read() == self._generation

    def release(self, *, remove: bool) -> None:
        if remove:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _read(self) -> bytes:
        return os.pread(self._descriptor, 20, 0)

    def _is_in_place(self) -> bool:
        return os.fstat(self._descriptor).st_nlink > 0


class Lease:
    """The right to write one upload, until it is released."""

    def __init__(self, upload_id: str) -> None:
        self.upload_id = upload_id
        self.wanted = False
        self.finished_with = False
        self._file: LockFile | None = None
        self._released = False
        self._on_wanted: Callable[[], None] | None = None

    def when_wanted(self, let_go: Callable[[], None]) -> None:
        """Call `let_go` in the event loop once another request wants the upload; perhaps at once."""
        self._on_wanted = let_go
        if self.wanted:
            let_go()

    def check(self) -> None:
        """Raise UploadLocked unless a write is still ours to make. From any thread."""
        if self._released or (self._file is not None and not self._file.is_ours()):
            raise UploadLocked("the lease has passed")

    def want(self) -> None:
        if not self.wanted:
            self.wanted = True
            if self._on_wanted is not None:
                self._on_wanted()

    def lock(self, path: Path) -> bool:
        """Take the lock file if it is free. Blocking."""
        try:
            self._file = LockFile(path)
        except BlockingIOError:
            return False
        return True

    def unlock(self) -> None:
        """No write passes after this. Blocking."""
        self._released = True
        if self._file is not None:
            self._file.release(remove=self.finished_with)
            self._file = None


class _Slot:
    """One upload in this process: who holds it and who is next."""

    def __init__(self) -> None:
        self.holder: Lease | None = None
        self.next: asyncio.Future[None] | None = None


class Locks:
    """Leases of one process. `directory` None: no other process writes here (tests)."""

    def __init__(
        self, directory: Path | None, pool: Executor, *, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._directory = directory
        self._wishes = None if directory is None else directory / "wanted"
        self._pool = pool
        self._patience = patience
        self._name = secrets.token_hex(8)
        self._slots: dict[str, _Slot] = {}
        if self._wishes is not None:
            self._wishes.mkdir(parents=True, exist_ok=True)

    def is_held(self, upload_id: str) -> bool:
        """Whether a request of this process holds the upload."""
        return upload_id in self._slots

    @contextlib.asynccontextmanager
    async def hold(self, upload_id: str) -> AsyncIterator[Lease]:
        """Hold an upload, taking it from whoever has it. Raises UploadLocked after the patience."""
        lease = Lease(upload_id)
        slot = self._slots.setdefault(upload_id, _Slot())
        try:
            async with asyncio.timeout(self._patience):
                await self._take(slot, lease)
                try:
                    await self._lock(lease)
                except BaseException:
                    lease.unlock()
                    self._give(upload_id, slot)
                    raise
        except TimeoutError:
            raise UploadLocked("the holder did not let go") from None
        try:
            yield lease
        finally:
            try:
                await run(self._pool, lease.unlock)
            finally:
                self._give(upload_id, slot)

    async def watch(self) -> None:
        """Let go of what other processes wish for; runs until it is cancelled."""
        wishes = self._wishes
        while wishes is not None:
            await asyncio.sleep(WATCH_SECONDS)
            for upload_id in await run(self._pool, self._wished_for, wishes):
                slot = self._slots.get(upload_id)
                if slot is not None and slot.holder is not None:
                    slot.holder.want()

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

    async def _take(self, slot: _Slot, lease: Lease) -> None:
        if slot.holder is None and slot.next is None:
            slot.holder = lease
            return
        if slot.holder is not None:
            slot.holder.want()
        if slot.next is not None and not slot.next.done():
            slot.next.set_exception(UploadLocked("a later request wants the upload"))
        turn = slot.next = asyncio.get_running_loop().create_future()
        try:
            await turn
        except BaseException:
            if slot.next is turn:
                slot.next = None
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._give(lease.upload_id, slot)
            raise
        slot.holder = lease

    def _give(self, upload_id: str, slot: _Slot) -> None:
        """Hand the upload to the request that waits, or forget it."""
        slot.holder = None
        if slot.next is not None:
            turn, slot.next = slot.next, None
            if not turn.done():
                turn.set_result(None)
                return
        self._slots.pop(upload_id, None)

    async def _lock(self, lease: Lease) -> None:
        if self._directory is None or self._wishes is None:
            return
        if not is_upload_id(lease.upload_id):
            raise UploadLocked("not an upload id")
        path = self._directory / lease.upload_id
        if await run(self._pool, lease.lock, path):
            return
        wish = self._wishes / f"{lease.upload_id}.{self._name}"
        try:
            # The holder is another process: there is no event to wait for.
            while not await run(self._pool, _wish_and_lock, lease, path, wish):  # noqa: ASYNC110
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            await run(self._pool, wish.unlink, missing_ok=True)


def _wish_and_lock(lease: Lease, path: Path, wish: Path) -> bool:
    wish.touch()
    return lease.lock(path)
