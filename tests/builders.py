"""Builders: what a test needs of the domain, made with the services or the models, nothing hidden.

    world = build_world(session)               # tests.world: regions, offices, an election
    party = build_party(session, world)        # a participation
    file = build_file(session, party, "ad-art", "ID")
    submission = build_submission(session, party)

All data are synthetic.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.world import NOON, World
from uploads.policy import Arrival, Claim
from verification import intake, journal, materialise, submission
from verification.jobs import JobKind
from verification.models import (
    Item,
    Job,
    Member,
    Office,
    Participation,
    Party,
    ReasonCode,
    ReceivedFile,
    Roster,
    RosterVersion,
    Submission,
)
from verification.models.jobs import JobState
from verification.models.proof import ChainKind
from verification.receipt_keys import SigningKey
from verification.reference import region_of, requirement_by_code
from verification.signing import Signer
from verification.states import FileState, ListStage

PDF = "application/pdf"
LEASE = 900.0
OTHER_REASON = "anggota-tms-lainnya"
COORDINATOR = "account:" + "c0" * 16
VERIFIER = "account:" + "a1" * 16
SECOND = "account:" + "a2" * 16
SUPERVISOR = "account:" + "b1" * 16
ADMINISTRATOR = "account:" + "d1" * 16
SIGNER = Signer(key=SigningKey.from_seed(b"test" * 8), issuer="KPU Contoh (uji)")


def add_other_reason(session: Session, world: World) -> None:
    """The reason that only points at the officer's note."""
    session.add(
        ReasonCode(
            election_id=world.election.id, code=OTHER_REASON, outcome="TMS", applies_to="member",
            key="9", text_id="Alasan lain, lihat catatan", text_en="Another reason, see the note",
            repair_id="Lihat catatan petugas.", repair_en="See the officer's note.",
            legal_basis="uji",
        )
    )  # fmt: skip
    session.flush()


def build_party(
    session: Session, world: World, name: str = "Partai Contoh A", *, now: datetime = NOON
) -> Participation:
    """A party that takes part in the election."""
    party = Party(name=name, abbreviation=name[-1])
    session.add(party)
    session.flush()
    chain = journal.new_chain(session, ChainKind.PARTICIPATION)
    participation = Participation(
        party_id=party.id, election_id=world.election.id, chain_id=chain.id, registered_at=now
    )
    session.add(participation)
    session.flush()
    # Loaded whole, so that a test may use it when this session is over.
    session.refresh(participation, ["party", "election", "chain"])
    return participation


def build_arrival(
    participation: Participation,
    requirement: str,
    region: str,
    *,
    purpose: str = "document",
    content: bytes | None = None,
    now: datetime = NOON,
    **metadata: str,
) -> Arrival:
    """An arrival as the upload server writes it; the bytes themselves lie nowhere."""
    body = content if content is not None else secrets.token_bytes(16)
    return Arrival(
        upload_id=secrets.token_hex(16),
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        created_at=now - timedelta(minutes=5),
        finished_at=now,
        claim=Claim(
            election=participation.election.code,
            party=participation.party.public_id,
            requirement=requirement,
            region=region,
            purpose=purpose,
            account=COORDINATOR.removeprefix("account:"),
        ),
        metadata={"filename": f"{requirement}.pdf", "filetype": PDF} | metadata,
    )


def build_file(
    session: Session,
    participation: Participation,
    requirement: str = "ad-art",
    region: str = "ID",
    *,
    purpose: str = "document",
    state: FileState = FileState.PASSED,
    content: bytes | None = None,
    now: datetime = NOON,
    **metadata: str,
) -> ReceivedFile:
    """A file that arrived and, unless told otherwise, has passed its check."""
    arrival = build_arrival(
        participation, requirement, region, purpose=purpose, content=content, now=now, **metadata
    )
    file = intake.receive(session, arrival, now)
    assert file is not None
    file.state = state.value
    session.flush()
    return file


def build_roster(
    session: Session,
    participation: Participation,
    members: Iterable[str] | int,
    *,
    region: str = "32.73",
    regency: str | None = None,
    stage: ListStage = ListStage.DONE,
    roster: Roster | None = None,
    now: datetime = NOON,
) -> RosterVersion:
    """A list, imported; `members` are subject keys, or how many. With `roster` its next version."""
    election = participation.election
    file = build_file(session, participation, "anggota", region, purpose="roster", now=now)
    if roster is None:
        roster = Roster(
            participation_id=participation.id,
            requirement_id=requirement_by_code(session, election, "anggota").id,
            region_id=region_of(session, election, region).id,
            created_at=now,
        )
        session.add(roster)
        session.flush()
    before = session.scalars(
        select(RosterVersion.number).where(RosterVersion.roster_id == roster.id)
    )
    version = RosterVersion(
        roster_id=roster.id,
        number=max(before, default=0) + 1,
        file_id=file.id,
        stage=stage.value,
        created_at=now,
    )
    session.add(version)
    session.flush()
    keys = [secrets.token_hex(16) for _ in range(members)] if isinstance(members, int) else members
    rows = [
        build_member(version, participation, line, key, regency or region)
        for line, key in enumerate(keys, start=1)
    ]
    session.add_all(rows)
    version.sent = version.stored = len(rows)
    version.rejected = 0
    version.rows_digest = hashlib.sha256(
        "".join(row.subject_key for row in rows).encode()
    ).hexdigest()
    if stage is ListStage.DONE:
        roster.current_version_id = version.id
    session.flush()
    return version


def build_member(
    version: RosterVersion, participation: Participation, line: int, key: str, regency: str
) -> Member:
    """A row of a list; its NIK column holds a digest, so no number of a person can stand there."""
    return Member(
        version_id=version.id,
        participation_id=participation.id,
        line=line,
        row_ref=f"r{line:08d}",
        subject_key=key,
        key_id="k1",
        nik=hashlib.sha256(key.encode()).digest()[:16],
        name=f"ANGGOTA CONTOH {line}",
        sex="P" if line % 2 else "L",
        birth_date=date(1990, 1, 1 + line % 28),
        kta_number=f"P01-{line:08d}",
        province_code=regency[:2],
        regency_code=regency,
        district_code=f"{regency}.01",
    )


def build_submission(
    session: Session, participation: Participation, *, now: datetime = NOON, items: bool = True
) -> Submission:
    """Submit what the party has; with `items` all of its review items are made, and none is twice."""
    draft = submission.draft(session, participation, now)
    made = submission.submit(
        session,
        participation,
        digest=draft.digest,
        actor=COORDINATOR,
        signer=SIGNER,
        now=now,
    )
    while items and not materialise.make_items(session, made, 500, now):
        pass
    if items:
        end_search(session, made, now)
    return made


def end_search(session: Session, made: Submission, now: datetime = NOON) -> None:
    """As if the worker had looked for duplicates."""
    search = Job.kind == JobKind.FIND_DUPLICATES.value, Job.about == made.public_id
    session.execute(update(Job).where(*search).values(state=JobState.DONE.value, done_at=now))


def build_items(
    session: Session,
    world: World,
    participation: Participation,
    number: int,
    *,
    regency: str = "32.73",
    now: datetime = NOON,
) -> list[Item]:
    """`number` member items in the queue of a kabupaten/kota, through a list and a submission."""
    build_roster(session, participation, number, region=regency, now=now)
    build_submission(session, participation, now=now)
    return items_of(session, world.offices[regency])


def items_of(session: Session, office: Office) -> list[Item]:
    """Every item of an office in the order in which they were made."""
    return list(session.scalars(select(Item).where(Item.office_id == office.id).order_by(Item.id)))
