"""The first checks, before anything is parsed: is this the file that arrived, and of which kind.

Next station: ``verification/checks/documents.py`` or ``scans.py`` opens it behind the walls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from verification.checks.base import Check, Finding, Severity
from verification.checks.kinds import DOCUMENT_KINDS, HEAD, glance, suffix_fits

_NAMED_KINDS = frozenset({"html", "zip", "office", "heic", "image", "text", "archive"})
_SUFFIX_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the arrival and the requirement say about a file.

    ``size`` (bytes) and ``sha256`` (hex) are the arrival's, ``declared_sha256`` the client's own.
    ``suffix`` is the file name's ending without its dot, "" if it has none. Limits are data of the
    requirement: pages, pixels in all and along one side; ``eager_pages`` are rendered at once.
    """

    size: int
    sha256: str
    declared_sha256: str | None = None
    accepted: frozenset[str] = DOCUMENT_KINDS
    suffix: str = ""
    max_pages: int = 300
    eager_pages: int = 40
    max_pixels: int = 50_000_000
    max_side: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """The evidence: what was expected, and what lies on disk."""

    expected: Expected
    size: int
    sha256: str
    kind: str


def look(source: Path, expected: Expected) -> Arrived:
    """Read the file once, without parsing it. OSError: it is not there."""
    with source.open("rb") as file:
        kind = glance(file.read(HEAD))
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    return Arrived(expected=expected, size=size, sha256=sha256, kind=kind)


def is_what_arrived(evidence: Arrived) -> Iterator[Finding]:
    """Stored bytes never change; if these did, the fault is ours and the words say so."""
    expected = evidence.expected
    if evidence.size != expected.size:
        yield Finding(
            code="file.size_differs", params={"size": evidence.size, "expected": expected.size}
        )
    elif evidence.sha256 != expected.sha256.lower():
        yield Finding(code="file.hash_differs")


def is_what_was_declared(evidence: Arrived) -> Iterator[Finding]:
    """The optional ``sha256`` of Upload-Metadata: a file that differs is rejected."""
    declared = evidence.expected.declared_sha256
    if declared and evidence.sha256 != declared.lower():
        yield Finding(code="file.declared_hash_differs")


def has_content(evidence: Arrived) -> Iterator[Finding]:
    if evidence.kind == "empty":
        yield Finding(code="file.empty")


def is_of_an_accepted_kind(evidence: Arrived) -> Iterator[Finding]:
    kind, accepted = evidence.kind, evidence.expected.accepted
    if kind == "empty" or kind in accepted:
        return
    params = {"detected": kind, "accepted": ",".join(sorted(accepted))}
    if kind in _NAMED_KINDS:
        yield Finding(code=f"file.type_{kind}", params=params)
    elif kind in DOCUMENT_KINDS:
        yield Finding(code="file.type_not_accepted", params=params)
    else:
        yield Finding(code="file.type_unknown", params=params)


def is_named_as_it_is(evidence: Arrived) -> Iterator[Finding]:
    kind, suffix = evidence.kind, evidence.expected.suffix.lower()
    if kind in evidence.expected.accepted and not suffix_fits(suffix, kind):
        shown = suffix if suffix.isalnum() and len(suffix) <= _SUFFIX_SHOWN else "?"
        yield Finding(
            code="file.suffix_differs",
            severity=Severity.WARNING,
            params={"detected": kind, "suffix": shown},
        )


ON_ARRIVAL: tuple[Check[Arrived], ...] = (
    is_what_arrived,
    is_what_was_declared,
    has_content,
    is_of_an_accepted_kind,
    is_named_as_it_is,
)


def arrival_findings(evidence: Arrived) -> tuple[Finding, ...]:
    """Every finding of every check, in their order."""
    return tuple(finding for check in ON_ARRIVAL for finding in check(evidence))
