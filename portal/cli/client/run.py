"""A run of `sipol upload`: several files at once, then each file's check, its receipt, its outcome.

Uploading threads never wait for a check: the main thread asks for all of them in turn.

Next station: the receipt file on the party's own disk, for `sipol verify`.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Protocol

from portal.cli.client.api import Api, AuthRefused, FileStatus
from portal.cli.client.locks import Busy
from portal.cli.client.patience import GaveUp, Stopped
from portal.cli.client.telling import FileChanged, Screen, SentTwice
from portal.cli.client.transfer import Stored, Transfer
from portal.cli.client.web import Answered, Lost, NotTrusted
from verification.receipts import NotAReceipt, read
from verification.signed import NotSigned, SignedText

__all__ = ["ExitCode", "Outcome", "Run", "RunScreen", "Status"]

FIRST_POLL, LAST_POLL = 0.5, 10.0
RECEIPT_GRACE = 15.0


class ExitCode(int, Enum):
    """What a script can tell from the exit code, the gravest first where several apply."""

    INTERRUPTED = 130
    AUTH = 4
    NETWORK = 3
    BUSY = 5
    USAGE = 2
    REJECTED = 1
    CHECKING = 6
    OK = 0


class Status(Enum):
    """Where a file ended, with the exit code it calls for."""

    PASSED = ("passed", ExitCode.OK)
    STORED = ("stored", ExitCode.OK)
    SAME = ("same", ExitCode.OK)
    CHECKING = ("checking", ExitCode.CHECKING)
    REJECTED = ("rejected", ExitCode.REJECTED)
    REFUSED = ("refused", ExitCode.REJECTED)
    UNREADABLE = ("unreadable", ExitCode.USAGE)
    CHANGED = ("changed", ExitCode.USAGE)
    BUSY = ("busy", ExitCode.BUSY)
    NETWORK = ("network", ExitCode.NETWORK)
    CERTIFICATE = ("certificate", ExitCode.NETWORK)
    AUTH = ("auth", ExitCode.AUTH)
    STOPPED = ("stopped", ExitCode.INTERRUPTED)

    def __init__(self, word: str, exit_code: ExitCode) -> None:
        self.word = word
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is known of a file; `reason` is a sentence of the server or the system."""

    status: Status
    upload: str = ""
    size: int = 0
    sha256: str = ""
    reason: str = ""
    finished_at: str = ""
    receipt: Path | None = None
    receipt_fits: bool = True


class RunScreen(Screen, Protocol):
    """What a run tells besides."""

    def stored(self, number: int, outcome: Outcome) -> None:
        """Every byte is safe; the check goes on."""

    def ended(self, number: int, outcome: Outcome) -> None:
        """The file's last word."""


@dataclass(slots=True)
class _Check:
    stored: Stored
    due: float
    until: float
    pause: float = FIRST_POLL
    settled_at: float | None = None
    told: bool = False


class Run:
    """Sends files and follows them. `wait` seconds are given to the system's check, 0 for none."""

    def __init__(
        self, transfer: Transfer, screen: RunScreen, receipts: Path, *, parallel: int, wait: float
    ) -> None:
        self.transfer = transfer
        self.screen = screen
        self.receipts = receipts
        self.parallel = parallel
        self.wait = wait
        self.outcomes: dict[int, Outcome] = {}
        self._checks: dict[int, _Check] = {}
        self._interrupt = False

    def go(self, files: Sequence[tuple[Path, str]]) -> ExitCode:
        """Send (path, media type) pairs, numbered from 0. A Ctrl-C ends it in order."""
        stop: threading.Event = self.transfer.stop
        try:
            with ThreadPoolExecutor(max_workers=self.parallel) as pool:
                futures = {
                    pool.submit(self.transfer.send, number, path, filetype): number
                    for number, (path, filetype) in enumerate(files)
                }
                try:
                    self._follow(futures, self.transfer.connection())
                except KeyboardInterrupt:
                    self._interrupt = True
                    stop.set()
                    for future in futures:
                        future.cancel()
                    wait(futures)
                    self._interrupted(futures)
                except BaseException:
                    stop.set()
                    raise
        finally:
            self.transfer.close()
        return self.exit_code()

    def exit_code(self) -> ExitCode:
        """The gravest of all files."""
        codes = {outcome.status.exit_code for outcome in self.outcomes.values()}
        if self._interrupt:
            codes.add(ExitCode.INTERRUPTED)
        return next((code for code in ExitCode if code in codes), ExitCode.OK)

    def _follow(self, futures: dict[Future[Stored], int], api: Api) -> None:
        open_futures = set(futures)
        while open_futures or self._checks:
            due = min((check.due for check in self._checks.values()), default=None)
            seconds = 1.0 if due is None else min(1.0, max(0.05, due - time.monotonic()))
            if open_futures:
                done, open_futures = wait(
                    open_futures, timeout=seconds, return_when=FIRST_COMPLETED
                )
                for future in done:
                    self._landed(futures[future], future)
            else:
                self.transfer.stop.wait(seconds)
            now = time.monotonic()
            for number in [n for n, check in self._checks.items() if check.due <= now]:
                self._ask(number, api)

    def _landed(self, number: int, future: Future[Stored]) -> None:
        outcome = _failure(future)
        if outcome is not None:
            self._end(number, outcome)
            return
        stored = future.result()
        if self.wait <= 0:
            self._end(number, _outcome(Status.STORED, stored, stored.status))
            return
        now = time.monotonic()
        self._checks[number] = _Check(stored, due=now + FIRST_POLL, until=now + self.wait)

    def _ask(self, number: int, api: Api) -> None:
        check = self._checks[number]
        now = time.monotonic()
        check.pause = min(LAST_POLL, check.pause * 1.5)
        check.due = now + check.pause
        status: FileStatus | None = None
        try:
            status = api.status(check.stored.upload)
        except Lost:
            pass
        except (AuthRefused, NotTrusted):
            # The bytes are safe whoever may look at them now.
            check.until = now
        except Answered as answer:
            check.due = now + max(check.pause, min(answer.retry_after or 0.0, 60.0))
        if not check.told:
            # Here, not on landing: now the server's own time for it is known.
            check.told = True
            self.screen.stored(number, _outcome(Status.STORED, check.stored, status))
        if status is not None and status.settled:
            check.settled_at = check.settled_at or now
            if status.receipt or now - check.settled_at > RECEIPT_GRACE:
                self._settle(number, check.stored, status, api)
                return
        if now >= check.until:
            self._end(number, _outcome(Status.CHECKING, check.stored, status))

    def _settle(self, number: int, stored: Stored, status: FileStatus, api: Api) -> None:
        word = Status.PASSED if status.state == "passed" else Status.REJECTED
        outcome = _outcome(word, stored, status)
        if status.receipt:
            try:
                document = api.receipt(status.receipt)
            except (Lost, Answered, AuthRefused, NotTrusted) as error:
                passes = isinstance(error, Lost) or (isinstance(error, Answered) and error.passes)
                if passes and time.monotonic() < self._checks[number].until:
                    return
            else:
                fits = _fits(document, stored)
                path = self._keep(status.receipt, document) if fits is not None else None
                outcome = replace(outcome, receipt=path, receipt_fits=bool(fits))
        self._end(number, outcome)

    def _keep(self, serial: str, document: bytes) -> Path:
        self.receipts.mkdir(parents=True, exist_ok=True)
        name = "".join(letter for letter in serial if letter.isalnum())[:64]
        path = self.receipts / f"tanda-terima-{name}.json"
        draft = path.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return path

    def _end(self, number: int, outcome: Outcome) -> None:
        self._checks.pop(number, None)
        self.outcomes[number] = outcome
        self.screen.ended(number, outcome)

    def _interrupted(self, futures: dict[Future[Stored], int]) -> None:
        for future, number in futures.items():
            if number in self.outcomes:
                continue
            if number in self._checks:
                self._end(number, _outcome(Status.CHECKING, self._checks[number].stored, None))
            elif future.cancelled() or _failure(future) is not None:
                self._end(number, Outcome(status=Status.STOPPED))
            else:
                self._end(number, _outcome(Status.STORED, future.result(), None))


FAILURES: tuple[tuple[type[Exception], Status, Callable[[Exception], str]], ...] = (
    (AuthRefused, Status.AUTH, str),
    (GaveUp, Status.NETWORK, str),
    (NotTrusted, Status.CERTIFICATE, lambda _: ""),
    (Stopped, Status.STOPPED, lambda _: ""),
    (Busy, Status.BUSY, lambda _: ""),
    (SentTwice, Status.SAME, lambda _: ""),
    (FileChanged, Status.CHANGED, lambda _: ""),
    (OSError, Status.UNREADABLE, lambda error: getattr(error, "strerror", None) or "?"),
)


def _failure(future: Future[Stored]) -> Outcome | None:
    """The outcome of a file that did not arrive; a fault of ours is raised."""
    error = future.exception()
    if error is None:
        return None
    if isinstance(error, Answered):
        reason = error.sentence or f"HTTP {error.status}"
        return Outcome(status=Status.REFUSED, reason=reason)
    for kind, status, reason_of in FAILURES:
        if isinstance(error, kind):
            return Outcome(status=status, reason=reason_of(error))
    raise error


def _outcome(status: Status, stored: Stored, known: FileStatus | None) -> Outcome:
    return Outcome(
        status=status,
        upload=stored.upload,
        size=stored.size,
        sha256=stored.sha256,
        reason=known.reason if known else "",
        finished_at=known.finished_at if known else "",
    )


def _fits(document: bytes, stored: Stored) -> bool | None:
    """Whether a receipt speaks of the file sent; None when it is no receipt at all."""
    try:
        receipt = read(SignedText.from_json(document))
    except (NotSigned, NotAReceipt):
        return None
    return receipt.sha256 == stored.sha256 and receipt.size == stored.size
