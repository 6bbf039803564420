"""The job `check-scans`: a picture, many pictures, or an archive of them, into rows that find members.

Next station: `verification.card_scans`, which keeps the rows.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy.orm import Session

from verification import file_checks, intake, jobs, scan_checks
from verification.card_scans import CardScan, store_scans
from verification.checks.base import Severity
from verification.checks.scans import ScanResult, check_scans
from verification.file_checks import Found, ToCheck
from verification.files import derived_path
from verification.jobs import JobKind, NotYet
from verification.scan_checks import Picture
from verification.tools import Tools, begin, expected_of, found_of, sandbox_waits, sent_name
from verification.worker import Task

# Files whose results are kept in one transaction, so that nobody waits long for the writer.
KEPT_AT_ONCE = 10


def scans(tools: Tools, task: Task) -> None:
    """Check card scans; each picture becomes a row that members are paired with.

    Small pictures that wait beside this one go with it: a sandbox for each would cost half the time.
    """
    file = begin(tools, task)
    if file is None:
        return
    others: list[ToCheck] = []
    if scan_checks.is_small_picture(file):
        with tools.sessions.begin() as session:
            others = scan_checks.take_up_beside(session, file, task.now())
    together = [file, *others]
    for each in _together(tools, task, together) if others else together:
        _alone(tools, task, each)


def _together(tools: Tools, task: Task, files: list[ToCheck]) -> list[ToCheck]:
    """Check small pictures at once; returns those that must be checked alone."""
    with ExitStack() as open_:
        pictures = [
            Picture(
                source=open_.enter_context(tools.shelf.as_file(file.public_id, tools.scratch)),
                expected=expected_of(file),
                derived=derived_path(tools.derived, file.public_id),
                name=sent_name(tools, file),
            )
            for file in files
        ]
        try:
            with sandbox_waits():
                results = scan_checks.check_pictures(tools.sandbox, pictures, tools.derived)
        except NotYet:
            with tools.sessions.begin() as session:
                scan_checks.put_back(session, files[1:])
            raise
    judged = [
        (file, result) for file, result in zip(files, results, strict=True) if result is not None
    ]
    for start in range(0, len(judged), KEPT_AT_ONCE):
        part = judged[start : start + KEPT_AT_ONCE]
        cards = [
            _cards(result, derived_path(tools.derived, file.public_id)) for file, result in part
        ]
        with tools.sessions.begin() as session:
            # Held, so that what the files have in common is asked for once.
            together = [file.public_id for file, _ in part]
            held = intake.whole_uploads(session, together)
            for (file, result), shown in zip(part, cards, strict=True):
                _keep(session, tools, file, result, shown, task.now())
            jobs.done_beside(session, JobKind.CHECK_SCANS, together, task.now())
            del held
    done = {file.public_id for file, _ in judged}
    return [file for file in files if file.public_id not in done]


def _alone(tools: Tools, task: Task, file: ToCheck) -> None:
    place = derived_path(tools.derived, file.public_id)
    with sandbox_waits(), tools.shelf.as_file(file.public_id, tools.scratch) as path:
        result = look_through(tools, task, file, path)
    cards = _cards(result, place)
    with tools.sessions.begin() as session:
        _keep(session, tools, file, result, cards, task.now())


def look_through(tools: Tools, task: Task, file: ToCheck, source: Path) -> ScanResult:
    """Every picture of a file, checked and drawn anew into the cache; nothing is kept of it."""
    return check_scans(
        tools.sandbox,
        source,
        expected_of(file),
        derived_path(tools.derived, file.public_id),
        name=sent_name(tools, file),
        progress=lambda _done, _total: task.checkpoint(),
    )


def _keep(
    session: Session,
    tools: Tools,
    file: ToCheck,
    result: ScanResult,
    cards: list[CardScan],
    now: datetime,
) -> None:
    checked = file_checks.finish_check(
        session,
        file.public_id,
        found_of(result.findings) + _of_entries(result),
        now=now,
        detected_type=result.detected_type,
        pages=len(result.entries),
    )
    if checked is not None and result.passed:
        store_scans(session, checked, cards, tools.field_keys)


def _of_entries(result: ScanResult) -> list[Found]:
    """One refused or unmatched picture does not refuse the others: it is a warning with its number."""
    refused = [
        Found(
            code=entry.refused.code,
            severity=Severity.WARNING.value,
            params={**entry.refused.params, "entry": entry.number},
        )
        for entry in result.refused
        if entry.refused is not None
    ]
    unmatched = [
        Found(
            code="scans.unmatched",
            severity=Severity.WARNING.value,
            params={"entry": entry.number},
        )
        for entry in result.unmatched
    ]
    return refused + unmatched


def _cards(result: ScanResult, place: Path) -> list[CardScan]:
    return [
        CardScan(
            number=entry.number,
            kind=entry.kind.value,
            sha256=sha256((place / entry.image.name).read_bytes()).hexdigest(),
            name=entry.name,
            nik=entry.nik,
            kta_number=entry.kta,
        )
        for entry in result.entries
        if entry.image is not None
    ]
