"""What a check finds, and what a check is.

A check is a function from evidence to findings, in an ordered tuple that is also the order in which
people read them. An error rejects the file (*Ditolak sistem*); a warning is shown to the verifier.
Findings are facts about the file, in parameters without personal data; the sentences stand in
``reasons``. Checks bear being run twice: a job whose worker died is run again.

Next station: ``verification/checks/documents.py`` runs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeVar

from verification.sandbox.job import Parameter

Evidence_contra = TypeVar("Evidence_contra", contravariant=True)


class Severity(Enum):
    """ERROR rejects, WARNING is shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``code`` is a key of ``reasons.REASONS``; ``page`` counts from 1, None: the whole file."""

    code: str
    severity: Severity = Severity.ERROR
    params: Mapping[str, Parameter] = field(default_factory=dict)
    page: int | None = None


class Check(Protocol[Evidence_contra]):
    """One rule. No finding: it holds."""

    def __call__(self, evidence: Evidence_contra, /) -> Iterator[Finding]: ...


def rejects(findings: Iterable[Finding]) -> bool:
    """Whether any finding is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)
