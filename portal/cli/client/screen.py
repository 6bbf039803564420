"""What a person, a log file or a script sees of a run: bars, lines, or JSON.

Next station: none; this is the end of the way back.
"""

import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from portal.cli.client.run import Outcome, Status
from portal.cli.words import Translator, amount, translator
from verification.canonical import NotCanonical
from verification.receipt_words import local_time, parse_time

__all__ = ["JsonScreen", "PersonScreen"]

LINE_SECONDS = 10.0


class PersonScreen:
    """Bars on a terminal, lines elsewhere; one line a file when something happens to it."""

    def __init__(self, files: Sequence[Path], lang: str, out: IO[str]) -> None:
        self.lang = lang
        self.say: Translator = translator(lang)
        self.names = [_shown(path.name) for path in files]
        self.sizes = [_size(path) for path in files]
        self.acknowledged = [0] * len(files)
        self.console = Console(file=out, highlight=False, soft_wrap=True)
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f} %"),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.total: TaskID | None = None
        self.tasks: dict[int, TaskID] = {}
        self._spoke = [time.monotonic()] * len(files)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        size = amount(sum(self.sizes), self.lang)
        self.line(self.say("queue", count=len(self.names), size=size))
        self.progress.start()
        if len(self.names) > 1:
            self.total = self.progress.add_task(self.say("all"), total=sum(self.sizes))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.progress.stop()

    def line(self, text: str) -> None:
        """A line above the bars."""
        self.progress.console.print(escape(text))

    def hashed(self, number: int, done: int) -> None:
        self._bar(number, done, f"{self.names[number]}: {self.say('fingerprint')}")

    def sent(self, number: int, offset: int) -> None:
        self._bar(number, offset, self.names[number])

    def safe(self, number: int, offset: int) -> None:
        self.acknowledged[number] = offset
        self._bar(number, offset, self.names[number])
        if self.total is not None:
            self.progress.update(self.total, completed=sum(self.acknowledged))
        if not self.console.is_terminal and offset < self.sizes[number]:
            now = time.monotonic()
            if now - self._spoke[number] >= LINE_SECONDS:
                self._spoke[number] = now
                percent = 100 * offset // self.sizes[number]
                self._about(number, self.say("uploading", percent=percent))

    def waiting(self, number: int, why: str, seconds: float) -> None:
        text = self.say(
            "waiting", why=self._why(why), seconds=max(1, round(seconds)), **self._amounts(number)
        )
        self._about(number, text)

    def anew(self, number: int) -> None:
        self.acknowledged[number] = 0
        self._about(number, self.say("anew"))

    def resumed(self, number: int, offset: int) -> None:
        self.acknowledged[number] = offset
        self._about(number, self.say("resumed", **self._amounts(number)))

    def stored(self, number: int, outcome: Outcome) -> None:
        self._drop(number)
        self.acknowledged[number] = outcome.size
        self._about(number, self.say("stored", at=self._at(outcome)))

    def ended(self, number: int, outcome: Outcome) -> None:
        self._drop(number)
        if outcome.upload:
            self.acknowledged[number] = outcome.size
        word = "stored_only" if outcome.status is Status.STORED else outcome.status.word
        self._about(
            number,
            self.say(
                word,
                at=self._at(outcome),
                reason=outcome.reason or "?",
                why=self._why(outcome.reason),
                **self._amounts(number),
            ),
        )
        if not outcome.receipt_fits:
            self._about(number, self.say("receipt_wrong"))
        elif outcome.receipt is not None:
            self._about(number, self.say("receipt", path=outcome.receipt))

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        """The last line: the numbers of the run."""
        words = [outcome.status for outcome in outcomes]
        self.line(
            self.say(
                "total",
                stored=sum(1 for outcome in outcomes if outcome.upload),
                count=len(self.names),
                passed=words.count(Status.PASSED),
                rejected=words.count(Status.REJECTED) + words.count(Status.REFUSED),
                safe=amount(sum(self.acknowledged), self.lang),
            )
        )

    def _about(self, number: int, text: str) -> None:
        self.line(f"{self.names[number]}: {text}")

    def _amounts(self, number: int) -> dict[str, str]:
        return {
            "safe": amount(self.acknowledged[number], self.lang),
            "size": amount(self.sizes[number], self.lang),
        }

    def _why(self, why: str) -> str:
        # A bare status code tells a person nothing.
        return f" ({self.say('server_busy') if why.isdigit() else why})" if why else ""

    def _at(self, outcome: Outcome) -> str:
        try:
            return " " + local_time(parse_time(outcome.finished_at), self.lang)
        except NotCanonical:
            return ""

    def _bar(self, number: int, done: int, description: str) -> None:
        with self._lock:
            if number not in self.tasks:
                self.tasks[number] = self.progress.add_task(description, total=self.sizes[number])
            self.progress.update(self.tasks[number], completed=done, description=description)

    def _drop(self, number: int) -> None:
        with self._lock:
            if number in self.tasks:
                self.progress.remove_task(self.tasks.pop(number))


class JsonScreen:
    """A JSON object a line on standard output: events as they come, a summary last."""

    def __init__(self, files: Sequence[Path], out: IO[str]) -> None:
        self.files = [str(path) for path in files]
        self.out = out
        self.safe_bytes = [0] * len(files)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.out.flush()

    def line(self, text: str) -> None:
        self._emit(event="notice", text=text)

    def hashed(self, number: int, done: int) -> None:
        """Not told: scripts need states, not motion."""

    def sent(self, number: int, offset: int) -> None:
        """Not told."""

    def safe(self, number: int, offset: int) -> None:
        self.safe_bytes[number] = offset
        self._emit(event="safe", file=self.files[number], offset=offset)

    def waiting(self, number: int, why: str, seconds: float) -> None:
        self._emit(event="waiting", file=self.files[number], why=why, seconds=round(seconds, 1))

    def anew(self, number: int) -> None:
        self.safe_bytes[number] = 0
        self._emit(event="anew", file=self.files[number])

    def resumed(self, number: int, offset: int) -> None:
        self._emit(event="resumed", file=self.files[number], offset=offset)

    def stored(self, number: int, outcome: Outcome) -> None:
        self._emit(event="stored", file=self.files[number], upload=outcome.upload)

    def ended(self, number: int, outcome: Outcome) -> None:
        self._emit(event="ended", **self._row(number, outcome))

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        rows = [self._row(number, outcome) for number, outcome in enumerate(outcomes)]
        self._emit(event="summary", files=rows)

    def _row(self, number: int, outcome: Outcome) -> dict[str, object]:
        return {
            "file": self.files[number],
            "state": outcome.status.word,
            "upload": outcome.upload or None,
            "size": outcome.size or None,
            "sha256": outcome.sha256 or None,
            "safe": outcome.size if outcome.upload else self.safe_bytes[number],
            "reason": outcome.reason or None,
            "receipt": str(outcome.receipt) if outcome.receipt else None,
            "receipt_fits": outcome.receipt_fits,
        }

    def _emit(self, **event: object) -> None:
        with self._lock:
            # ASCII: whatever encoding a script's pipe has, and whatever a file is called.
            self.out.write(json.dumps(event) + "\n")
            self.out.flush()


def _shown(name: str) -> str:
    # A file name may hold terminal control sequences.
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
