"""A party with a list to import, and the ways to send files for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from tests.builders import build_file
from tests.rosters import run_child, small_rules, write_rows
from tests.world import DISTRICTS, NOON
from verification.db import Sessions
from verification.models import Member, Participation, RejectedRow, Roster, RosterVersion
from verification.rosters.finishing import Imported
from verification.rosters.handover import Report
from verification.rosters.importer import Handed, import_roster
from verification.rosters.rules import Regions, RuleSet
from verification.rosters.table import ACCEPTED, REJECTED
from verification.rosters.versions import open_version
from verification.secrets import FieldKeys
from verification.states import FileState

KEYS = FieldKeys("k1", {"k1": b"1" * 32})
RULES = small_rules(regions=Regions(DISTRICTS), scope=("32.73",))


@dataclass
class Stand:
    """One party, its list, and the ways to send files for it."""

    sessions: Sessions
    folder: Path
    participation_id: int
    keys: FieldKeys = KEYS
    rules: RuleSet = RULES
    files: list[str] = field(default_factory=list)

    def send(self, source: Path, **metadata: str) -> int:
        """A received file with these bytes; the id of the version opened for it."""
        with self.sessions.begin() as session:
            from_party = session.get_one(Participation, self.participation_id)
            file = build_file(
                session,
                from_party,
                "anggota",
                "32.73",
                purpose="roster",
                state=FileState.RECEIVED,
                content=source.read_bytes(),
                **metadata,
            )
            self.files.append(file.public_id)
            return open_version(session, file, NOON).version_id

    def hand(self, source: Path) -> Handed:
        """What the sandbox makes of a file."""
        name = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
        output = self.folder / f"out-{name}"
        report = Report.from_json(run_child(source, output, self.rules))
        return Handed(report=report, accepted=output / ACCEPTED, rejected=output / REJECTED)

    def load(self, source: Path, **metadata: str) -> Imported:
        """The whole way of a file."""
        version_id = self.send(source, **metadata)
        return self.take_in(version_id, self.hand(source))

    def take_in(self, version_id: int, handed: Handed) -> Imported:
        """From the sandbox's files into the database."""
        return import_roster(
            self.sessions,
            self.keys,
            version_id,
            handed,
            placeholders=self.rules.placeholders(),
            now=lambda: NOON,
        )

    def write(self, name: str, rows: Iterable[Mapping[str, str]]) -> Path:
        """A CSV with these rows."""
        listed = [dict(row) for row in rows]
        fields = [name for name in listed[0] if name != "row_ref"]
        if any(row.get("row_ref") for row in listed):
            fields.insert(0, "row_ref")
        return write_rows(self.folder / f"{name}.csv", listed, *fields)

    def members(self, version_id: int) -> list[Member]:
        """In line order."""
        with self.sessions.read() as session:
            wanted = select(Member).where(Member.version_id == version_id).order_by(Member.line)
            return list(session.scalars(wanted))

    def rejected(self, version_id: int) -> list[RejectedRow]:
        """In line order."""
        with self.sessions.read() as session:
            wanted = select(RejectedRow).where(RejectedRow.version_id == version_id)
            return list(session.scalars(wanted.order_by(RejectedRow.line)))

    def version(self, version_id: int) -> RosterVersion:
        """Its row."""
        with self.sessions.read() as session:
            return session.get_one(RosterVersion, version_id)

    def current(self) -> int | None:
        """The version that readers see."""
        with self.sessions.read() as session:
            return session.scalars(select(Roster.current_version_id)).one()
