"""System checks of card scans: one JPEG or PNG, or a ZIP of some hundred of them.

The archive is judged as a whole first; then its pictures are rendered in batches, each batch in its
own child, so that time and memory stay bounded and one picture that kills its decoder costs itself
and not the archive. Numbers found in names come back in the result, and in nothing else.

Next station: the member list's importer pairs entries with rows by ``nik`` or ``kta``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from verification.checks.arrived import Arrived, Expected, arrival_findings, look
from verification.checks.base import Finding, rejects
from verification.checks.derived import DerivedImage, publish, workplace
from verification.checks.names import CardKind, read_name
from verification.checks.scan_batches import Batches, Listing, ScanCaps, list_archive
from verification.sandbox.launcher import Sandbox

SCAN_KINDS = frozenset({"jpeg", "png", "zip"})

Progress = Callable[[int, int], None]
"""Entries done, entries in all; called after each batch, to keep a lease alive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanEntry:
    """One picture. ``number`` is its place in the archive, from 1; it names the image.

    ``image`` and ``sha256`` (of the picture as sent, hex) are set, or ``refused``. ``name``,
    ``nik`` and ``kta`` are personal data: for pairing and for the owner's own page, never for logs;
    they stay out of ``repr``.
    """

    number: int
    kind: CardKind
    name: str = field(repr=False)
    nik: str | None = field(repr=False)
    kta: str | None = field(repr=False)
    image: DerivedImage | None
    sha256: str | None
    refused: Finding | None

    @property
    def is_matched(self) -> bool:
        """Whether the name says whose card it is."""
        return self.nik is not None or self.kta is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """``passed``: the file as a whole may be used; single entries may still be refused.

    Sent = rendered + refused: ``entries`` holds all but ``ignored`` folders and system files.
    """

    passed: bool
    detected_type: str
    findings: tuple[Finding, ...]
    entries: tuple[ScanEntry, ...]
    ignored: int = 0

    @property
    def unmatched(self) -> tuple[ScanEntry, ...]:
        """Rendered pictures nobody can be found for by name (reason ``scans.unmatched``)."""
        return tuple(entry for entry in self.entries if entry.image and not entry.is_matched)

    @property
    def refused(self) -> tuple[ScanEntry, ...]:
        return tuple(entry for entry in self.entries if entry.refused)


def check_scans(
    sandbox: Sandbox,
    source: Path,
    expected: Expected,
    derived_dir: Path,
    *,
    name: str = "",
    caps: ScanCaps = ScanCaps(),  # noqa: B008 - frozen
    progress: Progress | None = None,
) -> ScanResult:
    """All system checks of the scans in ``source``; their images go into ``derived_dir``.

    ``name`` is the uploaded file's own, read when it is a single picture. ``expected.accepted``
    is narrowed to JPEG, PNG and ZIP. Never raises for what is in the file. SandboxUnavailable: try
    again later. OSError: the disk.
    """
    arrived = look(source, expected)
    found = arrival_findings(arrived)
    if rejects(found):
        return _rejected(arrived, *found)
    if arrived.kind not in SCAN_KINDS:
        return _rejected(arrived, *found, Finding(code="scans.entry_not_image"))
    if arrived.kind == "zip":
        listing = list_archive(sandbox, source, caps)
    else:
        listing = Listing(names={1: name}, problems={}, ignored=0)
    if isinstance(listing, Finding):
        return _rejected(arrived, *found, listing)
    with workplace(derived_dir) as place:
        batches = Batches(sandbox, arrived, source, caps, place)
        healthy = [number for number in listing.names if number not in listing.problems]
        for done in batches.render(healthy):
            if progress:
                progress(done + len(listing.problems), len(listing.names))
        if batches.fatal:
            return _rejected(arrived, *found, batches.fatal)
        publish(place, derived_dir, batches.images.values())
    refused = listing.problems | batches.refused
    entries = tuple(
        _entry(number, shown, batches, refused.get(number))
        for number, shown in listing.names.items()
    )
    if not batches.images:
        found += (next(iter(refused.values())),)
    return ScanResult(
        passed=bool(batches.images),
        detected_type=arrived.kind,
        findings=found,
        entries=entries,
        ignored=listing.ignored,
    )


def _entry(number: int, name: str, batches: Batches, refused: Finding | None) -> ScanEntry:
    said = read_name(name)
    return ScanEntry(
        number=number,
        kind=said.kind,
        name=name,
        nik=said.nik,
        kta=said.kta,
        image=batches.images.get(number),
        sha256=batches.digests.get(number),
        refused=refused,
    )


def _rejected(arrived: Arrived, *findings: Finding) -> ScanResult:
    return ScanResult(passed=False, detected_type=arrived.kind, findings=findings, entries=())
