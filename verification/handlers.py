"""What each kind of job does: the one table that wires checks, imports and receipts to the queue.

A handler opens its own short transactions and does file work between them, never inside. Each bears
being run twice: it begins by looking at what is already done.

Next station: `sipol worker`, which builds `Tools` and hands this table to the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

from sqlalchemy import select

from uploads.shelf import Shelf
from verification import file_checks, intake, issuing, journal, materialise, queue
from verification.card_scans import CardScan, store_scans
from verification.checks.arrived import Expected
from verification.checks.base import Finding, Severity
from verification.checks.documents import check_document
from verification.checks.scans import ScanResult, check_scans
from verification.db import Sessions
from verification.duplicates import nightly
from verification.duplicates.comparing import Comparer
from verification.duplicates.keys import KeyCache
from verification.file_checks import Found, ToCheck
from verification.files import derived_path
from verification.jobs import JobKind, NotYet
from verification.models import Submission
from verification.rosters.work import import_file
from verification.sandbox.launcher import Sandbox, SandboxUnavailable
from verification.secrets import FieldKeys
from verification.signing import Signer
from verification.worker import Handler, Task, Timer

KINDS = {
    "application/pdf": "pdf",
    "image/jpeg": "jpeg",
    "image/png": "png",
    "application/zip": "zip",
}
TIMERS = (
    Timer(kind=JobKind.EXPIRE_LEASES, every=timedelta(seconds=15)),
    Timer(kind=JobKind.SEAL_ACCESSES, every=timedelta(hours=24)),
    Timer(kind=JobKind.PROVE_DUPLICATES, every=timedelta(hours=24)),
)
SANDBOX_PAUSE = 30.0
# Beside the images, which are rebuildable as well; a file's folder there is hex.
KEY_FOLDER = "duplicates"


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


def handlers(tools: Tools, extra: Mapping[str, Handler] | None = None) -> dict[str, Handler]:
    """Job kind → handler; `extra` are the portal's own (reconcile)."""
    table: dict[str, Callable[[Tools, Task], None]] = {
        JobKind.ISSUE_RECEIPT: issue_receipt,
        JobKind.ISSUE_LIST_RECEIPT: issue_list_receipt,
        JobKind.CHECK_DOCUMENT: document,
        JobKind.CHECK_SCANS: scans,
        JobKind.IMPORT_ROSTER: roster,
        JobKind.MAKE_ITEMS: make_items,
        JobKind.SEAL_ACCESSES: seal_accesses,
        JobKind.EXPIRE_LEASES: expire_leases,
        JobKind.FIND_DUPLICATES: find_duplicates,
        JobKind.PROVE_DUPLICATES: prove_duplicates,
    }
    ours: dict[str, Handler] = {kind: partial(act, tools) for kind, act in table.items()}
    return ours | dict(extra or {})


def issue_receipt(tools: Tools, task: Task) -> None:
    """Sign that a file was received: before any check, and whatever the check says."""
    with tools.sessions.begin() as session:
        file = intake.by_upload(session, task.about)
        if file is not None:
            issuing.issue_file_receipt(session, tools.signer, file, task.now())


def issue_list_receipt(tools: Tools, task: Task) -> None:
    """Sign what became of a list's rows, once its version is done."""
    with tools.sessions.begin() as session:
        file = intake.by_upload(session, task.about)
        if file is not None:
            issuing.issue_list_receipt(session, tools.signer, file, task.now())


def document(tools: Tools, task: Task) -> None:
    """Check one document; its images go into the cache."""
    file = _begin(tools, task)
    if file is None:
        return
    with sandbox_waits(), tools.shelf.as_file(file.public_id, tools.scratch) as path:
        result = check_document(
            tools.sandbox,
            path,
            _expected(file),
            derived_path(tools.derived, file.public_id),
        )
    with tools.sessions.begin() as session:
        file_checks.finish_check(
            session,
            file.public_id,
            _found(result.findings),
            now=task.now(),
            detected_type=result.detected_type,
            pages=result.pages,
        )


def scans(tools: Tools, task: Task) -> None:
    """Check card scans; each picture becomes a row that members are paired with."""
    file = _begin(tools, task)
    if file is None:
        return
    place = derived_path(tools.derived, file.public_id)
    with sandbox_waits(), tools.shelf.as_file(file.public_id, tools.scratch) as path:
        result = check_scans(
            tools.sandbox,
            path,
            _expected(file),
            place,
            name=_sent_name(tools, file),
            progress=lambda _done, _total: task.checkpoint(),
        )
    cards = _cards(result, place)
    with tools.sessions.begin() as session:
        checked = file_checks.finish_check(
            session,
            file.public_id,
            _found(result.findings) + _of_entries(result),
            now=task.now(),
            detected_type=result.detected_type,
            pages=len(result.entries),
        )
        if checked is not None and result.passed:
            store_scans(session, checked, cards, tools.field_keys)


def roster(tools: Tools, task: Task) -> None:
    """Read a member list into a new version, and make it the current one."""
    with sandbox_waits(), tools.shelf.as_file(task.about, tools.scratch) as path:
        import_file(
            tools.sessions,
            tools.field_keys,
            tools.sandbox,
            path,
            task.about,
            workplace=tools.scratch,
            now=task.now,
            beat=task.checkpoint,
        )


def make_items(tools: Tools, task: Task) -> None:
    """Make the review items of a submission, a batch a transaction."""
    done = False
    while not done:
        task.checkpoint()
        with tools.sessions.begin() as session:
            submission = session.scalars(
                select(Submission).where(Submission.public_id == task.about)
            ).one()
            done = materialise.make_items(session, submission, materialise.BATCH, task.now())


def seal_accesses(tools: Tools, task: Task) -> None:
    """Seal the readings of personal data, a bounded number of rows a transaction."""
    sealed = True
    while sealed:
        task.checkpoint()
        with tools.sessions.begin() as session:
            sealed = journal.seal_accesses(session, task.now()) is not None


def expire_leases(tools: Tools, task: Task) -> None:
    """Give back items whose holder has gone away."""
    expired = queue.EXPIRE_LIMIT
    while expired == queue.EXPIRE_LIMIT:
        task.checkpoint()
        with tools.sessions.begin() as session:
            expired = queue.expire(session, task.now())


def find_duplicates(tools: Tools, task: Task) -> None:
    """Compare a submitted dossier with its own rows and with every party's before it."""
    _comparer(tools, task).submitted(task.about)


def prove_duplicates(tools: Tools, task: Task) -> None:
    """Compare everything with everything again: what was missed is stored, with an alarm."""
    nightly.prove(tools.sessions, _comparer(tools, task), task.now())


def _comparer(tools: Tools, task: Task) -> Comparer:
    cache = KeyCache(tools.derived / KEY_FOLDER, tools.field_keys)
    return Comparer(tools.sessions, tools.field_keys, cache, now=task.now, beat=task.checkpoint)


def _begin(tools: Tools, task: Task) -> ToCheck | None:
    with tools.sessions.begin() as session:
        return file_checks.begin_check(session, task.about, task.now())


def _sent_name(tools: Tools, file: ToCheck) -> str:
    """A file's name with the NIK by which its picture is paired; the row has it masked."""
    arrival = tools.shelf.arrival(file.public_id)
    return file.filename if arrival is None else arrival.metadata.get("filename", file.filename)


def _expected(file: ToCheck) -> Expected:
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


def _found(findings: Iterable[Finding]) -> list[Found]:
    return [
        Found(
            code=each.code,
            severity=each.severity.value,
            params={**each.params} | ({"page": each.page} if each.page else {}),
        )
        for each in findings
    ]


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
