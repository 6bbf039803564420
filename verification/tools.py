"""What handlers of jobs work with, and the steps that checks of files have in common.

Next station: `verification.handlers`, the table of jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from uploads.shelf import Shelf
from verification import file_checks
from verification.checks.arrived import Expected
from verification.checks.base import Finding
from verification.db import Sessions
from verification.file_checks import Found, ToCheck
from verification.jobs import NotYet
from verification.sandbox.launcher import Sandbox, SandboxUnavailable
from verification.secrets import FieldKeys
from verification.signing import Signer
from verification.worker import Task

KINDS = {
    "application/pdf": "pdf",
    "image/jpeg": "jpeg",
    "image/png": "png",
    "application/zip": "zip",
}
SANDBOX_PAUSE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What handlers work with. `shelf`: the finished files and what was told with them; `derived`: root
    of the images; `scratch`: an existing folder for temporary files.
    """

    sessions: Sessions
    shelf: Shelf
    derived: Path
    scratch: Path
    sandbox: Sandbox
    field_keys: FieldKeys
    signer: Signer


def begin(tools: Tools, task: Task) -> ToCheck | None:
    """Take up the file a job is about; None when nothing is left to check."""
    with tools.sessions.begin() as session:
        return file_checks.begin_check(session, task.about, task.now())


def sent_name(tools: Tools, file: ToCheck) -> str:
    """A file's name with the NIK by which its picture is paired; the row has it masked."""
    arrival = tools.shelf.arrival(file.public_id)
    return file.filename if arrival is None else arrival.metadata.get("filename", file.filename)


def expected_of(file: ToCheck) -> Expected:
    """What was told of a file, to hold what arrived against."""
    return Expected(
        size=file.size,
        sha256=file.sha256,
        declared_sha256=file.declared_sha256,
        accepted=frozenset(KINDS[each] for each in file.accepts if each in KINDS),
        suffix=file.suffix,
    )


@contextmanager
def sandbox_waits() -> Iterator[None]:
    """No walls, no judgement: the file is looked at when they stand again."""
    try:
        yield
    except SandboxUnavailable as error:
        raise NotYet("the sandbox is unavailable", SANDBOX_PAUSE) from error


def found_of(findings: Iterable[Finding]) -> list[Found]:
    """Findings as they are kept."""
    return [
        Found(
            code=each.code,
            severity=each.severity.value,
            params={**each.params} | ({"page": each.page} if each.page else {}),
        )
        for each in findings
    ]
