"""Builders for duplicates: members of given people, submitted, compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import build_party, build_roster, build_submission
from tests.world import NOON, World, build_world
from verification.db import Sessions
from verification.duplicates.comparing import Comparer
from verification.duplicates.keys import KeyCache
from verification.models import Duplicate, Item, Member, Participation, Subject, Submission
from verification.secrets import FieldKeys

KEYS = FieldKeys("k1", {"k1": b"f" * 32})
BORN = date(1987, 5, 13)


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """A row as a test gives it; `serial` makes the NIK."""

    serial: int
    name: str = "BALI MOTARE"
    born: date = BORN
    regency: str = "32.73"

    @property
    def nik(self) -> str:
        return f"327301{self.serial:010d}"


def build_list(
    session: Session, party: Participation, people: Sequence[Someone], region: str = "32.73"
) -> None:
    """A list of these people, imported."""
    version = build_roster(session, party, len(people), region=region)
    rows = session.scalars(
        select(Member).where(Member.version_id == version.id).order_by(Member.line)
    )
    for row, someone in zip(rows, people, strict=True):
        row.nik, row.key_id = KEYS.encipher(someone.nik), KEYS.current_id
        row.name, row.birth_date = someone.name, someone.born
        row.regency_code, row.province_code = someone.regency, someone.regency[:2]
    session.flush()


class DuplicateStand:
    """A world with parties whose lists a test gives; `compare` is the worker's way."""

    def __init__(self, sessions: Sessions, folder: Path) -> None:
        self.sessions = sessions
        self.cache = KeyCache(folder / "keys", KEYS)
        with sessions.begin() as session:
            self.world: World = build_world(session)
        self.parties: dict[str, Participation] = {}

    def party(self, name: str, *people: Someone, region: str = "32.73") -> Submission:
        """A party with one list, submitted and not yet compared."""
        with self.sessions.begin() as session:
            party = build_party(session, self.world, name)
            build_list(session, party, people, region)
            self.parties[name] = party
            return build_submission(session, party)

    def comparer(self) -> Comparer:
        return Comparer(self.sessions, KEYS, self.cache, now=lambda: NOON)

    def compare(self, *submissions: Submission) -> list[int]:
        return [self.comparer().submitted(each.public_id) for each in submissions]

    def found(self) -> list[Duplicate]:
        with self.sessions.read() as session:
            return list(session.scalars(select(Duplicate).order_by(Duplicate.id)))

    def told(self) -> list[tuple[str, str, str]]:
        """Kind and state of each pair, and whose: `A-B`."""
        names = {party.id: party.party.name[-1] for party in self.parties.values()}
        return sorted(
            (
                pair.kind,
                pair.state,
                f"{names[pair.left_participation_id]}-{names[pair.right_participation_id]}",
            )
            for pair in self.found()
        )

    def item(self, session: Session, party: str, line: int = 1) -> Item:
        """The item of a party's member on a line."""
        return session.scalars(
            select(Item)
            .join(Subject, Subject.id == Item.subject_id)
            .join(Member, Member.id == Item.member_id)
            .where(Item.participation_id == self.parties[party].id, Member.line == line)
        ).one()
