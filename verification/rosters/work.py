"""The way of a list's file, from upload to current version: hash, sandbox, import. One call.

May be called again after any interruption: what is settled stays, what is half is done anew.

Next station: called by the worker's handler for `import-roster`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.checks.arrived import Arrived, Expected, has_content, is_what_arrived, look
from verification.checks.arrived import is_what_was_declared as is_declared
from verification.checks.base import Finding
from verification.db import Sessions
from verification.intake import by_upload
from verification.models import Region, RosterVersion
from verification.models.reference import Level
from verification.rosters.finishing import Imported, outcome
from verification.rosters.handover import Report
from verification.rosters.importer import Handed, import_roster
from verification.rosters.prescribed import prescribed
from verification.rosters.rules import Regions, RuleSet
from verification.rosters.table import ACCEPTED, REJECTED
from verification.rosters.versions import (
    Opened,
    ask,
    judge_by,
    judged_by,
    mark,
    open_version,
    refuse,
)
from verification.sandbox.job import JSON
from verification.sandbox.launcher import Sandbox
from verification.sandbox.limits import GIB, MIB, Limits
from verification.sandbox.outcome import UNREADABLE, Ending, Malformed, Outcome
from verification.secrets import FieldKeys
from verification.states import ListStage

TASK = "roster.read"
# A million rows take 6 CPU seconds and 0.9 GB as CSV, 20 and 1.3 GB as XLSX; address space is more.
LIST_LIMITS = Limits(
    memory=4 * GIB,
    cpu=300,
    wall=1_200.0,
    file=2 * GIB,
    output=3 * GIB,
    output_files=2,
    # A workbook out of a ZIP archive lies there while it is read.
    scratch=256 * MIB,
)


def import_file(
    sessions: Sessions,
    keys: FieldKeys,
    sandbox: Sandbox,
    source: Path,
    file_id: str,
    *,
    workplace: Path,
    now: Callable[[], datetime],
    beat: Callable[[], None] = lambda: None,
    limits: Limits = LIST_LIMITS,
) -> Imported | None:
    """Import the list in the received file `file_id` (public id), whose bytes are at `source`.

    None: the file was refused, or the party must confirm its columns (both stand in the file's
    row), or it was erased or withdrawn before its turn came. `workplace`: an existing folder for
    temporary files. Raises SandboxUnavailable (later again, nothing is to blame), Stale, RowsLost.
    """
    with sessions.begin() as session:
        file = by_upload(session, file_id)
        if file is None or file.withdrawn_at is not None:
            return None
        expected = Expected(
            size=file.size, sha256=file.sha256, declared_sha256=file.declared_sha256
        )
        opened = open_version(session, file, now())
    if opened.settled:
        return _settled(sessions, opened)
    with sessions.begin() as session:
        mark(session, opened.version_id, ListStage.READING)
        judge_by(session, opened.version_id)
        rules = rules_of(session, opened.version_id)
    fault = _not_what_arrived(look(source, expected))
    if fault is not None:
        _refuse(sessions, opened, fault.code, dict(fault.params), now)
        return None
    beat()
    prefix = f"list-{file_id}-"
    for left in workplace.glob(f"{prefix}*"):
        # A worker that was killed leaves people's rows behind.
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=workplace, prefix=prefix) as name:
        output = Path(name)
        confirmed: JSON = dict(opened.confirmed) if opened.confirmed else None
        run = sandbox.run(
            TASK,
            source=source,
            arguments={"rules": rules.to_json(), "mapping": confirmed},
            limits=limits,
            output=output,
        )
        beat()
        try:
            return _take(sessions, keys, opened, run, output, rules, now, beat)
        except Malformed:
            _refuse(sessions, opened, UNREADABLE, {"limit": Ending.CRASHED.value}, now)
            return None


def rules_of(session: Session, version_id: int) -> RuleSet:
    """The rules a version is judged by: its election's rules and regions, its list's region."""
    version = session.get_one(RosterVersion, version_id)
    election = version.roster.participation.election
    rows = session.execute(
        select(Region.code, Region.valid_to).where(
            Region.region_set_id == election.region_set_id,
            Region.level == Level.DISTRICT.value,
        )
    ).all()
    gone = {code for code, valid_to in rows if valid_to and valid_to <= election.cut_off}
    return _rules(session, version, Regions([code for code, _ in rows if code not in gone], gone))


def named_in_words(session: Session, version_id: int) -> dict[str, str]:
    """`rules_of(…).placeholders()` for the words of a version's rows, without its 7,000 regions."""
    version = session.get_one(RosterVersion, version_id)
    return _rules(session, version, Regions([])).placeholders()


def _rules(session: Session, version: RosterVersion, regions: Regions) -> RuleSet:
    roster = version.roster
    party = roster.participation.party
    held = prescribed(session, roster.participation.election, judged_by(version))
    return held.rules(
        regions,
        scope=(session.get_one(Region, roster.region_id).code,),
        party_names=(party.name, party.abbreviation),
    )


def _take(
    sessions: Sessions,
    keys: FieldKeys,
    opened: Opened,
    run: Outcome,
    output: Path,
    rules: RuleSet,
    now: Callable[[], datetime],
    beat: Callable[[], None],
) -> Imported | None:
    if not run.ok:
        _refuse(sessions, opened, run.code or UNREADABLE, dict(run.params), now)
        return None
    report = Report.from_json(run.result)
    if report.mapping is not None:
        with sessions.begin() as session:
            ask(session, opened.version_id, report, now())
        return None
    with sessions.begin() as session:
        mark(session, opened.version_id, ListStage.CHECKED)
    return import_roster(
        sessions,
        keys,
        opened.version_id,
        Handed(report=report, accepted=output / ACCEPTED, rejected=output / REJECTED),
        placeholders=rules.placeholders(),
        now=now,
        beat=beat,
    )


def _settled(sessions: Sessions, opened: Opened) -> Imported | None:
    with sessions.read() as session:
        version = session.get_one(RosterVersion, opened.version_id)
        return outcome(version) if ListStage(version.stage).is_whole else None


def _not_what_arrived(arrived: Arrived) -> Finding | None:
    found = (f for check in (is_what_arrived, is_declared, has_content) for f in check(arrived))
    return next(found, None)


def _refuse(
    sessions: Sessions,
    opened: Opened,
    code: str,
    params: dict[str, str | int | float | bool],
    now: Callable[[], datetime],
) -> None:
    with sessions.begin() as session:
        refuse(session, opened.version_id, code, params, now())
