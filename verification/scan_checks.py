"""Many small pictures at once: what parties send as a folder is a file and a job for each picture.

A sandbox costs as much as a picture does. Whoever takes up one picture takes up those that wait beside
it, and they go through the walls together, as numbered entries of one archive made here; names stay
outside. A picture that kills its decoder costs itself alone (`Batches` halves). Whatever goes wrong with
the others of a batch, their own jobs are still there.

Next station: `verification.handlers`, which keeps what was found.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from verification import file_checks
from verification.checks.arrived import Expected, arrival_findings, look
from verification.checks.base import rejects
from verification.checks.derived import image_name, workplace
from verification.checks.names import read_name
from verification.checks.scan_batches import BATCH, Batches, ScanCaps
from verification.checks.scans import ScanEntry, ScanResult
from verification.checks.sizes import ImageKind
from verification.file_checks import ToCheck
from verification.jobs import JobKind
from verification.models import Job, ReceivedFile
from verification.models.jobs import JobState
from verification.models.process import Purpose
from verification.sandbox.launcher import Sandbox
from verification.states import FileState

SMALL = 1024 * 1024
SUFFIXES = ("jpg", "jpeg", "png")
PICTURES = frozenset({"jpeg", "png"})
WAITS = (Job.kind == JobKind.CHECK_SCANS.value, Job.state == JobState.WAITING.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A file with one picture; `name` is personal data, `derived` the folder for its image."""

    source: Path
    expected: Expected
    derived: Path
    name: str = field(repr=False)


def is_small_picture(file: ToCheck) -> bool:
    """Whether a file is worth taking others up with it."""
    return file.size <= SMALL and file.suffix.lower() in SUFFIXES


def take_up_beside(session: Session, file: ToCheck, now: datetime) -> list[ToCheck]:
    """Take up further small pictures of the same party that nobody has taken up yet."""
    party = select(ReceivedFile.participation_id).where(ReceivedFile.public_id == file.public_id)
    name = func.lower(ReceivedFile.filename)
    waiting = session.scalars(
        select(ReceivedFile.public_id)
        .where(
            ReceivedFile.participation_id == party.scalar_subquery(),
            ReceivedFile.purpose == Purpose.SCANS.value,
            ReceivedFile.state == FileState.RECEIVED.value,
            ReceivedFile.size <= SMALL,
            or_(*(name.endswith(f".{suffix}") for suffix in SUFFIXES)),
            exists().where(*WAITS, Job.about == ReceivedFile.public_id),
        )
        .order_by(ReceivedFile.id)
        .limit(BATCH - 1)
    ).all()
    taken = [file_checks.begin_check(session, public_id, now) for public_id in waiting]
    return [each for each in taken if each is not None]


def put_back(session: Session, files: Iterable[ToCheck]) -> None:
    """Let them be taken up anew: there were no walls to check them in."""
    session.execute(
        update(ReceivedFile)
        .where(
            ReceivedFile.public_id.in_([file.public_id for file in files]),
            ReceivedFile.state == FileState.CHECKING.value,
        )
        .values(state=FileState.RECEIVED.value)
        .execution_options(synchronize_session=False)
    )


def check_pictures(
    sandbox: Sandbox,
    pictures: Sequence[Picture],
    scratch: Path,
    caps: ScanCaps = ScanCaps(),  # noqa: B008 - frozen
) -> list[ScanResult | None]:
    """As `check_scans` for each; None: no single picture, or to be checked alone.

    Raises SandboxUnavailable, OSError (the disk).
    """
    looked = [look(each.source, each.expected) for each in pictures]
    found = [arrival_findings(arrived) for arrived in looked]
    whole = [
        at
        for at, arrived in enumerate(looked)
        if arrived.kind in PICTURES and not rejects(found[at])
    ]
    results: list[ScanResult | None] = [None] * len(pictures)
    if not whole:
        return results
    with workplace(scratch) as place:
        bundle = place / "pictures"
        with zipfile.ZipFile(bundle, "w", zipfile.ZIP_STORED) as package:
            for number, at in enumerate(whole, start=1):
                package.write(pictures[at].source, str(number))
        batches = Batches(sandbox, replace(looked[whole[0]], kind="zip"), bundle, caps, place)
        for _ in batches.render(range(1, len(whole) + 1)):
            pass
        if batches.fatal:
            return results
        for number, at in enumerate(whole, start=1):
            entry = _entry(pictures[at], batches, number, place)
            refused = (entry.refused,) if entry.refused else ()
            results[at] = ScanResult(
                passed=entry.image is not None,
                detected_type=looked[at].kind,
                findings=(*found[at], *refused),
                entries=(entry,),
            )
    return results


def _entry(picture: Picture, batches: Batches, number: int, place: Path) -> ScanEntry:
    said, image = read_name(picture.name), batches.images.get(number)
    if image is not None:
        made, image = place / image.name, replace(image, page=1, name=image_name(1, ImageKind.CARD))
        picture.derived.mkdir(parents=True, exist_ok=True)
        made.replace(picture.derived / image.name)
    return ScanEntry(
        number=1,
        kind=said.kind,
        name=picture.name,
        nik=said.nik,
        kta=said.kta,
        image=image,
        sha256=batches.digests.get(number),
        refused=batches.refused.get(number),
    )
