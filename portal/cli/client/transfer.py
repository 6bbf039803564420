"""One file's way to the server: remembered or created, byte by byte, through whatever trouble.

Every trouble that time heals leads to a wait and to HEAD, which says where to go on; only a refusal
that will not change, an unknown token or the end of patience stop a file.

Next station: `portal.cli.client.run`, which waits for the system's check and the receipt.
"""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

from portal.cli.client.api import Api, AuthRefused, FileStatus
from portal.cli.client.patience import ChunkSize, Patience, Stopped
from portal.cli.client.state import Remembered, StateStore, fingerprint, hash_file
from portal.cli.client.telling import FileChanged, Screen, SentTwice
from portal.cli.client.tus import TusUpload
from portal.cli.client.web import Answered, Lost

__all__ = ["Stored", "Transfer"]

STARTS = 3
# Sent whole with its creation: one request, and nothing to go on with when that one is cut.
SMALL = 1024 * 1024
GONE = frozenset({404, 410})
ASK_AGAIN = frozenset({404, 409, 410, 460})

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Every byte is at the server; `status` is known when it already was there before."""

    upload: str
    size: int
    sha256: str
    status: FileStatus | None = None


class Transfer:
    """What the files of a run share. `send` may run in several threads at once."""

    def __init__(
        self,
        *,
        api: Callable[[], Api],
        store: StateStore,
        screen: Screen,
        claim: Mapping[str, str],
        batch: str,
        stop: threading.Event,
        limit: float,
        again: bool = False,
    ) -> None:
        self.api = api
        self.store = store
        self.screen = screen
        self.claim = claim
        self.batch = batch
        self.stop = stop
        self.limit = limit
        self.again = again
        self._taken: set[str] = set()
        self._lock = threading.Lock()
        self._own = threading.local()
        self._apis: list[Api] = []

    def send(self, number: int, path: Path, filetype: str) -> Stored:
        """Bring one file to the server.

        Raises Answered (refused for good), AuthRefused, GaveUp, Stopped, Busy, SentTwice,
        FileChanged, NotTrusted, OSError (the file cannot be read).
        """
        api = self.connection()
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            size, sha256 = hash_file(file, lambda done: self._hashed(number, done))
            key = fingerprint(api.server, sha256, self.claim)
            self._take(key)
            with self.store.hold(key):
                metadata = {
                    # A name that is no text on this system is still a name to recognise.
                    "filename": path.name.encode("utf-8", "replace").decode("utf-8"),
                    "filetype": filetype,
                    **self.claim,
                    "sha256": sha256,
                    "fingerprint": key,
                    "batch": self.batch,
                }
                tus = TusUpload(
                    api.web, api.server, file, metadata, lambda at: self._sent(number, at)
                )
                stamp = (before.st_size, before.st_mtime_ns)
                one = _One(
                    run=self, api=api, number=number, key=key, tus=tus,
                    file=file, size=size, sha256=sha256, stamp=stamp,
                )  # fmt: skip
                upload, status = one.go()
                return Stored(upload=upload, size=size, sha256=sha256, status=status)

    def close(self) -> None:
        """Close the connections, once no thread sends any more."""
        for api in self._apis:
            api.web.close()

    def connection(self) -> Api:
        """This thread's own: a connection serves many small files."""
        found: Api | None = getattr(self._own, "api", None)
        if found is None:
            found = self._own.api = self.api()
            with self._lock:
                self._apis.append(found)
        return found

    def _take(self, key: str) -> None:
        with self._lock:
            if key in self._taken:
                raise SentTwice
            self._taken.add(key)

    def _hashed(self, number: int, done: int) -> None:
        if self.stop.is_set():
            raise Stopped
        self.screen.hashed(number, done)

    def _sent(self, number: int, offset: int) -> None:
        if self.stop.is_set():
            raise Stopped
        self.screen.sent(number, offset)


@dataclass(slots=True, kw_only=True)
class _One:
    run: Transfer
    api: Api
    number: int
    key: str
    tus: TusUpload
    file: IO[bytes]
    size: int
    sha256: str
    stamp: tuple[int, int]
    chunks: ChunkSize = field(default_factory=ChunkSize)
    patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        self.patience = Patience(
            self.run.stop,
            self.run.limit,
            lambda why, seconds: self.run.screen.waiting(self.number, why, seconds),
        )

    def go(self) -> tuple[str, FileStatus | None]:
        known = self.begun()
        if known is None and 0 < self.size <= SMALL:
            known = self.whole()
            if known is not None and self.tus.offset == self.size:
                return known.upload, None
        for _ in range(STARTS):
            if known is not None:
                try:
                    status = self.patiently(lambda upload=known.upload: self.api.status(upload))  # type: ignore[misc]
                    if status.whole:
                        self.run.screen.safe(self.number, self.size)
                        return known.upload, status
                    address = self.patiently(lambda upload=known.upload: self.api.address(upload))  # type: ignore[misc]
                    self.tus.go_on(address)
                except Answered as answer:
                    if answer.status not in GONE:
                        raise
                    known = None
                    self.forget()
            resuming = known is not None
            if known is None:
                known = Remembered(upload=self.create())
                # Before the first byte: whatever happens from here on can be gone on with.
                self.run.store.save(self.key, known)
            if self.bytes_arrive(resuming=resuming):
                return known.upload, None
            known = None
            self.forget()
        raise Answered(404)

    def begun(self) -> Remembered | None:
        """What an earlier run has begun."""
        known = None if self.run.again else self.run.store.load(self.key)
        return known if known is None or known.upload else self.found(known.batch)

    def forget(self) -> None:
        self.run.store.forget(self.key)
        self.run.screen.anew(self.number)

    def whole(self) -> Remembered | None:
        """Try to send a small file with its creation. None: nothing has come of it, go the long way.

        A lost reply may belong to a file that is there; it is asked for, by this run and the next.
        """
        self.unchanged()
        self.run.store.save(self.key, Remembered(upload="", batch=self.run.batch))
        try:
            ticket = self.patiently(self.api.ticket)
            sent = Remembered(upload=self.tus.create(ticket, whole=True))
        except Answered as answer:
            if answer.status == 401:
                # The long way asks for another ticket.
                return None
            if not answer.passes:
                self.run.store.forget(self.key)
                raise
            self.patience.wait(answer.sentence or str(answer.status), answer.retry_after)
        except Lost:
            self.patience.wait("")
        else:
            self.run.store.save(self.key, sent)
            self.patience.progress()
            self.run.screen.safe(self.number, self.tus.offset)
            return sent
        return self.found(self.run.batch)

    def found(self, batch: str) -> Remembered | None:
        """What has come of a creation that was not answered, remembered."""
        upload = self.patiently(
            lambda: self.api.begun(self.key) or self.api.arrived(self.sha256, self.run.claim, batch)
        )
        if upload is None:
            return None
        known = Remembered(upload=upload)
        self.run.store.save(self.key, known)
        return known

    def create(self) -> str:
        """POST until it is answered; a lost reply leaves an empty upload that expires by itself."""
        renewed = False
        while True:
            ticket = self.patiently(self.api.ticket)
            try:
                return self.patiently(lambda ticket=ticket: self.tus.create(ticket))  # type: ignore[misc]
            except Answered as answer:
                if answer.status != 401:
                    raise
                if renewed:
                    raise AuthRefused(answer.sentence) from None
            renewed = True
            self.api.tickets.ended(ticket)

    def bytes_arrive(self, *, resuming: bool) -> bool:
        """Send from the durable offset to the end. False: the server no longer has the upload."""
        # What was just created is empty: no need to ask, on a line where asking takes a second.
        known_offset = -1 if resuming else 0
        while True:
            asking = known_offset < 0
            try:
                if asking:
                    known_offset = self.tus.get_offset()
                    if known_offset > self.tus.offset:
                        self.patience.progress()
                    self.tus.offset = known_offset
                    self.run.screen.safe(self.number, known_offset)
                    self.run.screen.resumed(self.number, known_offset)
                    asking = False
                if known_offset >= self.size:
                    return True
                self.unchanged()
                self.tus.send_chunk(self.chunks.size)
                known_offset = self.tus.offset
                self.chunks.stored()
                self.patience.progress()
                self.run.screen.safe(self.number, known_offset)
            except (Lost, Answered) as trouble:
                why, asked = "", None
                if isinstance(trouble, Answered):
                    if asking and trouble.status in GONE:
                        return False
                    if not trouble.passes and (asking or trouble.status not in ASK_AGAIN):
                        raise
                    why, asked = trouble.sentence or str(trouble.status), trouble.retry_after
                known_offset = -1
                self.chunks.failed()
                self.patience.wait(why, asked)

    def unchanged(self) -> None:
        now = os.fstat(self.file.fileno())
        if (now.st_size, now.st_mtime_ns) != self.stamp:
            raise FileChanged

    def patiently(self, call: Callable[[], Result]) -> Result:
        """Call until there is an answer that means something."""
        while True:
            try:
                return call()
            except Lost:
                self.patience.wait("")
            except Answered as answer:
                if not answer.passes:
                    raise
                self.patience.wait(answer.sentence or str(answer.status), answer.retry_after)
