"""What each kind of job does: the one table that wires checks, imports and receipts to the queue.

A handler opens its own short transactions and does file work between them, never inside. Each bears
being run twice: it begins by looking at what is already done.

Next station: `sipol worker`, which builds `Tools` and hands this table to the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from sqlalchemy import select

from verification import (
    file_checks,
    intake,
    issuing,
    jobs,
    journal,
    materialise,
    queue,
    submitted_niks,
)
from verification.checks.documents import check_document
from verification.drawing import draw_images
from verification.duplicates import nightly
from verification.duplicates.comparing import Comparer
from verification.duplicates.keys import KeyCache
from verification.files import derived_path
from verification.jobs import JobKind
from verification.models import Submission
from verification.niceness import later
from verification.rosters.work import import_file
from verification.scan_handler import scans
from verification.tools import Tools, begin, expected_of, found_of, sandbox_waits
from verification.worker import Handler, Task, Timer

TIMERS = (
    Timer(kind=JobKind.EXPIRE_LEASES, every=timedelta(seconds=15)),
    Timer(kind=JobKind.SEAL_ACCESSES, every=timedelta(hours=24)),
    Timer(kind=JobKind.PROVE_DUPLICATES, every=timedelta(hours=24)),
)
# Beside the images, which are rebuildable as well; a file's folder there is hex.
KEY_FOLDER = "duplicates"
# What takes minutes, and may take more while pages and uploads want the cores.
LONG = frozenset({
    JobKind.CHECK_SCANS, JobKind.IMPORT_ROSTER, JobKind.FIND_DUPLICATES, JobKind.PROVE_DUPLICATES,
})  # fmt: skip
# Receipts signed in one transaction, so that nobody waits long for the writer.
RECEIPTS_AT_ONCE = 25


def handlers(tools: Tools, extra: Mapping[str, Handler] | None = None) -> dict[str, Handler]:
    """Job kind → handler; `extra` are the portal's own (reconcile)."""
    table: dict[str, Callable[[Tools, Task], None]] = {
        JobKind.ISSUE_RECEIPT: issue_receipt,
        JobKind.ISSUE_LIST_RECEIPT: issue_list_receipt,
        JobKind.CHECK_DOCUMENT: document,
        JobKind.CHECK_SCANS: scans,
        JobKind.DRAW_IMAGES: draw_images,
        JobKind.IMPORT_ROSTER: roster,
        JobKind.MAKE_ITEMS: make_items,
        JobKind.SEAL_ACCESSES: seal_accesses,
        JobKind.EXPIRE_LEASES: expire_leases,
        JobKind.FIND_DUPLICATES: find_duplicates,
        JobKind.PROVE_DUPLICATES: prove_duplicates,
    }
    ours: dict[str, Handler] = {kind: partial(act, tools) for kind, act in table.items()}
    ours |= {kind: later(ours[kind]) for kind in LONG}
    return ours | dict(extra or {})


def issue_receipt(tools: Tools, task: Task) -> None:
    """Sign that a file was received: before any check, and whatever the check says.

    Files that wait beside it get theirs with it: of many small ones a transaction each is most of the cost.
    """
    with tools.sessions.begin() as session:
        now = task.now()
        beside = jobs.fresh_beside(session, JobKind.ISSUE_RECEIPT, now, RECEIPTS_AT_ONCE - 1)
        files = intake.whole_uploads(session, [task.about, *beside])
        issuing.issue_file_receipts(session, tools.signer, files, now)
        jobs.done_beside(session, JobKind.ISSUE_RECEIPT, beside, now)


def issue_list_receipt(tools: Tools, task: Task) -> None:
    """Sign what became of a list's rows, once its version is done."""
    with tools.sessions.begin() as session:
        file = intake.by_upload(session, task.about)
        if file is not None:
            issuing.issue_list_receipt(session, tools.signer, file, task.now())


def document(tools: Tools, task: Task) -> None:
    """Check one document; its images go into the cache."""
    file = begin(tools, task)
    if file is None:
        return
    with sandbox_waits(), tools.shelf.as_file(file.public_id, tools.scratch) as path:
        result = check_document(
            tools.sandbox,
            path,
            expected_of(file),
            derived_path(tools.derived, file.public_id),
        )
    with tools.sessions.begin() as session:
        file_checks.finish_check(
            session,
            file.public_id,
            found_of(result.findings),
            now=task.now(),
            detected_type=result.detected_type,
            pages=result.pages,
        )


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
    """Compare a submitted dossier with its own rows and with every party's before it.

    Citizens find their NIK in it from then on.
    """
    _comparer(tools, task).submitted(task.about)
    submitted_niks.index_submission(tools.sessions, task.about, task.now, task.checkpoint)


def prove_duplicates(tools: Tools, task: Task) -> None:
    """Compare everything with everything again: what was missed is stored, with an alarm."""
    submitted_niks.index_rest(tools.sessions, task.now, task.checkpoint)
    nightly.prove(tools.sessions, _comparer(tools, task), task.now())


def _comparer(tools: Tools, task: Task) -> Comparer:
    cache = KeyCache(tools.derived / KEY_FOLDER, tools.field_keys)
    return Comparer(tools.sessions, tools.field_keys, cache, now=task.now, beat=task.checkpoint)
