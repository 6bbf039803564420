"""Outside the walls: an archive's directory and its pictures, asked for in bounded children.

Every answer is checked for shape and against what was asked. A batch that fails (crash, time,
memory, nonsense) is halved until the picture that does it stands alone; too many failures end it
all, so that a thousand killers do not cost a thousand time limits.

Next station: ``verification/checks/scans.py`` joins names and images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from verification.checks.arrived import Arrived
from verification.checks.base import Finding
from verification.checks.derived import DerivedImage, adopt, workplace
from verification.checks.documents import refusal, unreadable
from verification.checks.reason_texts import REASONS
from verification.checks.sizes import ImageKind
from verification.sandbox.job import JSON
from verification.sandbox.launcher import Sandbox
from verification.sandbox.limits import MIB, Limits
from verification.sandbox.outcome import Ending, Malformed, parameters

LIST_LIMITS = Limits(cpu=60, wall=300.0)
BATCH_LIMITS = Limits(cpu=120, wall=600.0, output=16 * MIB, output_files=64)
BATCH = 50
MOST_FAILURES, MOST_FAILED_SECONDS = 24, 300.0
_NAME, _MEGABYTE = 200, 1_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCaps:
    """What an archive may hold: entries, bytes inflated in all and each, and how far one expands."""

    entries: int = 1000
    total: int = 1024 * MIB
    entry: int = 20_000_000
    ratio: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """An archive's directory: names by number, those refused at first glance, and litter."""

    names: dict[int, str]
    problems: dict[int, Finding]
    ignored: int


def list_archive(sandbox: Sandbox, source: Path, caps: ScanCaps) -> Listing | Finding:
    """The directory, or why the archive as a whole is refused."""
    wishes: dict[str, JSON] = {
        "max_entries": caps.entries,
        "max_entry": caps.entry,
        "max_total": caps.total,
        "max_ratio": caps.ratio,
    }
    outcome = sandbox.run("scans.list", source=source, arguments=wishes, limits=LIST_LIMITS)
    if not outcome.ok:
        return refusal(outcome)
    try:
        return _listing(outcome.result, caps)
    except Malformed:
        return unreadable(Ending.CRASHED)


class Batches:
    """Renders pictures by number. ``images``, ``digests`` (SHA-256 of what was sent, hex) and
    ``refused`` fill up; ``fatal`` ends it all.

    Images are collected in ``place``; nothing is in the cache before all are done.
    """

    def __init__(
        self, sandbox: Sandbox, arrived: Arrived, source: Path, caps: ScanCaps, place: Path
    ) -> None:
        self._sandbox, self._arrived, self._source = sandbox, arrived, source
        self._caps, self._place = caps, place
        self._failures, self._failed_seconds, self._bytes = 0, 0.0, 0
        self.images: dict[int, DerivedImage] = {}
        self.digests: dict[int, str] = {}
        self.refused: dict[int, Finding] = {}
        self.fatal: Finding | None = None

    def render(self, numbers: Sequence[int]) -> Iterator[int]:
        """How many are done, after each batch."""
        waiting = [list(numbers[at : at + BATCH]) for at in range(0, len(numbers), BATCH)]
        while waiting and self.fatal is None:
            batch = waiting.pop(0)
            middle = len(batch) // 2
            if not self._run(batch):
                waiting[:0] = [batch[:middle], batch[middle:]]
            yield len(self.images) + len(self.refused)

    def _run(self, batch: list[int]) -> bool:
        """False: it failed, and is worth trying in halves."""
        expected = self._arrived.expected
        wishes: dict[str, JSON] = {
            "container": self._arrived.kind,
            "numbers": list(batch),
            "max_entry": self._caps.entry,
            "max_pixels": expected.max_pixels,
            "max_side": expected.max_side,
        }
        with workplace(self._place) as made:
            outcome = self._sandbox.run(
                "scans.render",
                source=self._source,
                arguments=wishes,
                limits=BATCH_LIMITS,
                output=made,
            )
            if outcome.ending is Ending.REFUSED:
                self.fatal = refusal(outcome)
                return True
            try:
                if outcome.ok:
                    self._take(outcome.result, batch, made)
                    return True
            except Malformed:
                pass  # counts as a failure, like a crash
        self._failures += 1
        self._failed_seconds += outcome.seconds
        if self._failures > MOST_FAILURES or self._failed_seconds > MOST_FAILED_SECONDS:
            self.fatal = unreadable(outcome.ending)
        elif len(batch) == 1:
            self.refused[batch[0]] = unreadable(outcome.ending)
            return True
        return False

    def _take(self, result: JSON, batch: list[int], made: Path) -> None:
        rendered, refused = _split(result, batch)
        self.digests |= {number: digest for number, (_, digest) in rendered.items()}
        images = adopt(made, self._place, [(number, ImageKind.CARD) for number in rendered])
        self._bytes += sum(size for size, _ in rendered.values())
        if self._bytes > self._caps.total:
            most = self._caps.total // _MEGABYTE
            size = self._bytes // _MEGABYTE
            self.fatal = Finding(code="scans.too_large", params={"megabytes": size, "most": most})
        self.images |= {image.page: image for image in images}
        self.refused |= refused


def _listing(result: JSON, caps: ScanCaps) -> Listing:
    match result:
        case {"entries": list(entries), "ignored": int(ignored)}:
            pass
        case _:
            raise Malformed("listing")
    if len(entries) > caps.entries:
        raise Malformed("more entries than allowed")
    names: dict[int, str] = {}
    problems: dict[int, Finding] = {}
    for entry in entries:
        match entry:
            case {"number": int(number), "name": str(name), "problem": str() | None as problem}:
                pass
            case _:
                raise Malformed("entry")
        if not 1 <= number <= caps.entries or len(name) > _NAME or not name.isprintable():
            raise Malformed("entry")
        names[number] = name
        if isinstance(problem, str):
            problems[number] = _finding(problem, {"most": caps.entry // _MEGABYTE})
    if len(names) != len(entries):
        raise Malformed("a number twice")
    return Listing(names=names, problems=problems, ignored=ignored)


def _split(result: JSON, batch: list[int]) -> tuple[dict[int, tuple[int, str]], dict[int, Finding]]:
    """Bytes and digest by number, findings by number; together exactly what was asked for."""
    rendered: dict[int, tuple[int, str]] = {}
    refused: dict[int, Finding] = {}
    match result:
        case {"rendered": list(done), "refused": list(not_done)}:
            pass
        case _:
            raise Malformed("batch")
    for entry in (*done, *not_done):
        match entry:
            case [int(number), int(size), str(digest)] if size >= 0 and _SHA256.fullmatch(digest):
                rendered[number] = size, digest
            case [int(number), str(code), dict(params)]:
                refused[number] = _finding(code, params)
            case _:
                raise Malformed("picture")
    if sorted([*rendered, *refused]) != sorted(batch):
        raise Malformed("not what was asked for")
    return rendered, refused


def _finding(code: str, params: dict[str, JSON]) -> Finding:
    if code not in REASONS:
        raise Malformed("code")
    return Finding(code=code, params=parameters(params))
