"""A citizen objects: what he says is sealed, the members concerned are flagged, he gets a ticket and a code.

NIK, name and contact prove nobody; the office that he goes to with his KTP-el finds out who he is. Until
then nothing follows from an objection, and he is not told which party it is either: that would tell
anybody the politics of everybody whose NIK he knows.

Next station: `verification.disputes.handling`, where the office writes down what became of it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.canonical import canonical
from verification.db import new_public_id
from verification.disputes.states import DisputeState
from verification.journal import Record, record_all
from verification.journal_kinds import Kind
from verification.models import DisputedMember, Election, Member, Objection, Roster, RosterVersion
from verification.reference import office_for, office_ids
from verification.secrets import FieldKeys
from verification.submitted_niks import members_with

# Without letters that are read or said for others; 20 of them are 100 bits.
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TICKET_LETTERS, CODE_LETTERS, GROUP = 8, 20, 4
NAME_LIMIT, CONTACT_LIMIT = 200, 200
CITIZEN = "citizen"
_MISREAD = str.maketrans("OIL", "011")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who objects, as he says: his name as on the KTP-el, an address or number to reach him by."""

    name: str
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What the citizen takes home; the code is shown once and stored nowhere."""

    objection: Objection
    code: str


def file(
    session: Session,
    field_keys: FieldKeys,
    election: Election,
    nik: str,
    person: Person,
    *,
    now: datetime,
    days: int,
) -> Filed | None:
    """Take an objection; None when no submitted list has the NIK. `days`: to show who he is.

    Raises NotANik.
    """
    found = members_with(session, field_keys, election, nik)
    if not found:
        return None
    code = _letters(CODE_LETTERS)
    objection = Objection(
        public_id=new_public_id(),
        election_id=election.id,
        ticket=f"KB{_letters(TICKET_LETTERS)}",
        code_sha256=_digest(code),
        key_id=field_keys.current_id,
        nik=field_keys.encipher(nik),
        person=b"",
        filed_at=now,
    )
    told = canonical({"name": person.name, "contact": person.contact})
    objection.person = field_keys.seal(told.encode(), _context(objection))
    offices = office_ids(session)
    due = now + timedelta(days=days)
    for member in _subjects(session, [each for ids in found.values() for each in ids]):
        objection.members.append(
            DisputedMember(
                public_id=new_public_id(),
                participation_id=member.participation_id,
                subject_key=member.subject_key,
                member_id=member.id,
                roster_id=_roster(session, member),
                office_id=office_for(offices, member.regency_code),
                state=DisputeState.FILED.value,
                due_at=due,
                moved_at=now,
            )
        )
    session.add(objection)
    session.flush()
    _note(session, objection, now)
    return Filed(objection=objection, code=code)


def person_of(field_keys: FieldKeys, objection: Objection) -> Person:
    """What was sealed. Raises SealBroken, UnknownFieldKey."""
    told = json.loads(field_keys.open(objection.person, _context(objection)))
    return Person(name=told["name"], contact=told["contact"])


def look_up(session: Session, ticket: str, code: str) -> Objection | None:
    """The objection of that ticket, for who has its code; however both are spelled."""
    wanted = select(Objection).where(Objection.ticket == plain(ticket))
    objection = session.scalar(wanted)
    # As much work for a ticket that is not there.
    stored = objection.code_sha256 if objection is not None else "0" * 64
    fits = hmac.compare_digest(_digest(plain(code)), stored)
    return objection if fits else None


def spelled(text: str) -> str:
    """A ticket or a code in groups, as people copy it."""
    head = len(text) % GROUP
    groups = [text[start : start + GROUP] for start in range(head, len(text), GROUP)]
    return "-".join([text[:head], *groups] if head else groups)


def plain(text: str) -> str:
    """The other way, forgiving what is misread and what stands between: at most as long as a code."""
    meant = text[:60].upper().translate(_MISREAD)
    return "".join(letter for letter in meant if letter in LETTERS)[: CODE_LETTERS + 1]


def _subjects(session: Session, members: list[int]) -> list[Member]:
    """One row of each person and party, in the order of rows."""
    rows = session.scalars(select(Member).where(Member.id.in_(members)).order_by(Member.id.desc()))
    subjects = {(row.participation_id, row.subject_key): row for row in rows}
    return sorted(subjects.values(), key=lambda row: row.id)


def _roster(session: Session, member: Member) -> int:
    return session.get_one(RosterVersion, member.version_id).roster_id


def _note(session: Session, objection: Objection, now: datetime) -> None:
    records = []
    for disputed in objection.members:
        row = session.get_one(Member, disputed.member_id)
        facts = {
            "objection": disputed.public_id,
            "roster": session.get_one(Roster, disputed.roster_id).public_id,
            "row": row.row_ref,
        }
        records += [
            Record(chain_id=chain, kind=Kind.OBJECTION_FILED, actor=CITIZEN, facts=dict(facts))
            for chain in (disputed.office.chain_id, disputed.participation.chain_id)
        ]
    record_all(session, records, now)


def _letters(count: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(count))


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _context(objection: Objection) -> bytes:
    return f"objection/{objection.public_id}/person".encode()
