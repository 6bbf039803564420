"""System checks of one document: is it what arrived, does it open, how many pages; and its images.

Only hashing and a glance at the first bytes happen in the worker; the file is parsed behind walls,
and what comes back is checked again. Running twice gives the same result and the same images.

Next station: findings go to the upload's state and the review item, images to the desk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from verification.checks.arrived import Arrived, Expected, arrival_findings, look
from verification.checks.base import Check, Finding, Severity, rejects
from verification.checks.derived import DerivedImage, adopt, workplace
from verification.checks.reason_texts import REASONS
from verification.checks.sizes import ImageKind
from verification.sandbox.job import JSON
from verification.sandbox.launcher import Sandbox
from verification.sandbox.limits import MIB, Limits
from verification.sandbox.outcome import UNREADABLE, Ending, Malformed, Outcome

DOCUMENT_LIMITS = Limits(cpu=240, wall=900.0, output=128 * MIB, output_files=600)
_KINDS = (ImageKind.PAGE, ImageKind.ZOOM, ImageKind.THUMB)
_LEGIBLE = 500  # pixels along the shorter side, below which print cannot be read


class PagesUnavailable(Exception):
    """These pages cannot be rendered: the document has no such page, or does not open any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """``passed``: no finding is an error. ``detected_type`` is the parser's word once it opened
    the file, until then the glance's. Images are there for the first pages of what passed.
    """

    passed: bool
    detected_type: str
    pages: int
    findings: tuple[Finding, ...]
    images: tuple[DerivedImage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the child says about a file it opened, checked for shape."""

    pages: int
    restricted: bool
    blank: tuple[int, ...]
    sides: tuple[int, int] | None


def is_unrestricted(reading: Reading) -> Iterator[Finding]:
    """A document that forbids copying can be read; the original's maker may be asked why."""
    if reading.restricted:
        yield Finding(code="document.restricted", severity=Severity.WARNING)


def has_something_on_each_page(reading: Reading) -> Iterator[Finding]:
    for page in reading.blank:
        yield Finding(
            code="page.blank", severity=Severity.WARNING, params={"page": page}, page=page
        )


def is_legible(reading: Reading) -> Iterator[Finding]:
    if reading.sides and min(reading.sides) < _LEGIBLE:
        width, height = reading.sides
        yield Finding(
            code="image.small",
            severity=Severity.WARNING,
            params={"width": width, "height": height},
            page=1,
        )


ON_READING: tuple[Check[Reading], ...] = (
    is_unrestricted,
    has_something_on_each_page,
    is_legible,
)


def check_document(
    sandbox: Sandbox,
    source: Path,
    expected: Expected,
    derived_dir: Path,
    *,
    limits: Limits = DOCUMENT_LIMITS,
) -> CheckResult:
    """All system checks of the document ``source``; its images go into ``derived_dir``.

    Never raises for what is in the file. SandboxUnavailable: try again later. OSError: the disk.
    """
    arrived = look(source, expected)
    found = arrival_findings(arrived)
    if rejects(found):
        return _rejected(arrived, found)
    with workplace(derived_dir) as place:
        outcome = _read(sandbox, arrived, source, place, limits)
        if not outcome.ok:
            return _rejected(arrived, (*found, refusal(outcome)))
        try:
            reading = _reading(outcome.result, expected)
            shown = range(1, min(reading.pages, expected.eager_pages) + 1)
            images = adopt(place, derived_dir, _images(shown))
        except Malformed:
            return _rejected(arrived, (*found, unreadable(Ending.CRASHED)))
    found += tuple(finding for check in ON_READING for finding in check(reading))
    return CheckResult(
        passed=not rejects(found),
        detected_type=arrived.kind,
        pages=reading.pages,
        findings=found,
        images=images,
    )


def render_pages(
    sandbox: Sandbox,
    source: Path,
    pages: Sequence[int],
    derived_dir: Path,
    *,
    limits: Limits = DOCUMENT_LIMITS,
) -> tuple[DerivedImage, ...]:
    """Images of further ``pages`` (numbers from 1) of a PDF that passed its checks.

    PagesUnavailable: it has no such page or cannot be drawn. SandboxUnavailable: later.
    """
    numbers = sorted(set(pages))
    with workplace(derived_dir) as place:
        wishes: dict[str, JSON] = {"pages": list(numbers), "max_pages": 10**6, "eager": 0}
        outcome = sandbox.run(
            "document.pdf", source=source, arguments=wishes, limits=limits, output=place
        )
        if not outcome.ok:
            raise PagesUnavailable(refusal(outcome).code)
        try:
            return adopt(place, derived_dir, _images(numbers))
        except Malformed as error:
            raise PagesUnavailable(UNREADABLE) from error


def refusal(outcome: Outcome) -> Finding:
    """The finding for a run that gave no answer. A code the child made up is not passed on."""
    if outcome.ending is Ending.REFUSED and outcome.code not in REASONS:
        return unreadable(Ending.CRASHED)
    page = outcome.params.get("page")
    return Finding(
        code=outcome.code or UNREADABLE,
        params=outcome.params,
        page=page if isinstance(page, int) else None,
    )


def unreadable(ending: Ending) -> Finding:
    """The file cannot be read within what it may use up, or its parser said nonsense."""
    limit = Ending.CRASHED if ending in (Ending.OK, Ending.REFUSED) else ending
    return Finding(code=UNREADABLE, params={"limit": limit.value})


def _read(sandbox: Sandbox, arrived: Arrived, source: Path, place: Path, limits: Limits) -> Outcome:
    expected = arrived.expected
    wishes: dict[str, JSON]
    if arrived.kind == "pdf":
        task = "document.pdf"
        wishes = {"pages": None, "eager": expected.eager_pages, "max_pages": expected.max_pages}
    else:
        task = "document.image"
        wishes = {
            "type": arrived.kind,
            "max_pixels": expected.max_pixels,
            "max_side": expected.max_side,
        }
    return sandbox.run(task, source=source, arguments=wishes, limits=limits, output=place)


def _reading(result: JSON, expected: Expected) -> Reading:
    """Malformed: not the shape the tasks promise, or more pages than they may let through."""
    sides: tuple[int, int] | None = None
    match result:
        case {
            "pages": int(pages),
            "restricted": bool(restricted),
            "blank": list(blank),
            "sides": [int(width), int(height)],
        }:
            sides = (width, height)
        case {"pages": int(pages), "restricted": bool(restricted), "blank": list(blank)}:
            pass
        case _:
            raise Malformed("reading")
    numbers = tuple(number for number in blank if isinstance(number, int))
    if not 1 <= pages <= expected.max_pages or len(numbers) > expected.eager_pages:
        raise Malformed("pages")
    if any(not 1 <= number <= pages for number in numbers):
        raise Malformed("blank pages")
    return Reading(pages=pages, restricted=restricted, blank=numbers, sides=sides)


def _images(pages: Iterable[int]) -> Iterator[tuple[int, ImageKind]]:
    return ((page, kind) for page in pages for kind in _KINDS)


def _rejected(arrived: Arrived, findings: tuple[Finding, ...]) -> CheckResult:
    return CheckResult(
        passed=False, detected_type=arrived.kind, pages=0, findings=findings, images=()
    )
