"""Images drawn after a file's check: the later pages of a long document, and whatever the cache has lost.

A check draws the first pages at once, which is enough for nearly every document. Whoever asks for an
image that is not there has it drawn; nothing that the check found changes by that.

Next station: whoever asked asks again, and the image is there.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from uploads.errors import UnknownUpload
from verification import file_checks, intake, jobs
from verification.checks.derived import image_name
from verification.checks.documents import PagesUnavailable, check_document, render_pages
from verification.checks.sizes import ImageKind
from verification.file_checks import ToCheck
from verification.files import derived_path
from verification.jobs import JobKind
from verification.models import Tombstone
from verification.models.process import Purpose
from verification.scan_handler import look_through
from verification.tools import Tools, expected_of, sandbox_waits
from verification.worker import Task

log = logging.getLogger(__name__)

SHOWN = (ImageKind.PAGE, ImageKind.THUMB)
AT_ONCE = 20
"""Pages drawn in one run of the sandbox: those that are wanted first are there soon."""


def ask_for_images(session: Session, upload_id: str, now: datetime) -> None:
    """Have what is missing of a file's images drawn, soon."""
    jobs.enqueue(session, JobKind.DRAW_IMAGES, upload_id, now)


def draw_images(tools: Tools, task: Task) -> None:
    """Draw every image of a checked file that is not there. What cannot be drawn stays away."""
    with tools.sessions.read() as session:
        file = intake.by_upload(session, task.about)
        if file is None or not file.pages or session.get(Tombstone, task.about) is not None:
            return
        pages, about = file.pages, file_checks.to_check(file)
    try:
        with tools.shelf.as_file(task.about, tools.scratch) as path, sandbox_waits():
            if about.purpose == Purpose.SCANS:
                look_through(tools, task, about, path)
            else:
                _draw_pages(tools, task, path, about, pages)
    except (PagesUnavailable, UnknownUpload) as error:
        log.warning("images of %s: %s", task.about, type(error).__name__)


def _draw_pages(tools: Tools, task: Task, source: Path, about: ToCheck, pages: int) -> None:
    place, expected = derived_path(tools.derived, about.public_id), expected_of(about)
    missing = [
        page
        for page in range(1, pages + 1)
        if not all((place / image_name(page, kind)).is_file() for kind in SHOWN)
    ]
    if missing and missing[0] <= expected.eager_pages:
        # The check's own way knows every kind of document, not only PDF.
        check_document(tools.sandbox, source, expected, place)
        missing = [page for page in missing if page > expected.eager_pages]
    for start in range(0, len(missing), AT_ONCE):
        task.checkpoint()
        render_pages(tools.sandbox, source, missing[start : start + AT_ONCE], place)
