"""Migrations on both databases: they make what the models say, and go down and up with data in place."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, text

from portal import models as portal_models
from portal.database import migrate, unmigrate
from portal.seed import seed
from tests.builders import build_file, build_items, build_party
from tests.duplicates import KEYS, DuplicateStand, Someone
from tests.world import NOON, build_world
from verification import models as verification_models
from verification import submitted_niks
from verification.db import Base, Sessions
from verification.disputes import filing
from verification.disputes.filing import Person
from verification.models import (
    DisputedMember,
    Election,
    Item,
    Member,
    Objection,
    Region,
    Storage,
    SubmittedNik,
)
from verification.models.rosters import row_id

TABLES = (portal_models, verification_models)
BEFORE_KEYS = "0009"
BEFORE_STORAGE = "0010"
BEFORE_CITIZENS = "0012"


def test_the_newest_migration_is_what_the_models_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_down_and_up_again_with_data_in_every_seeded_table(engine: Engine) -> None:
    with Sessions(engine).begin() as session:
        seed(session, NOON)
        before = len(list(session.scalars(select(Region.id))))
    unmigrate(engine)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrate(engine)
    with Sessions(engine).begin() as session:
        seed(session, NOON)
        assert len(list(session.scalars(select(Region.id)))) == before


def test_a_members_key_says_where_his_row_stands(engine: Engine) -> None:
    """Lists from before keep their items: each still names the row it named."""
    names = select(Item.id, Member.row_ref).join(Member, Member.id == Item.member_id)
    with Sessions(engine).begin() as session:
        world = build_world(session)
        build_items(session, world, build_party(session, world), 5)
        before = dict(session.execute(names).all())
    unmigrate(engine, BEFORE_KEYS)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE held AS SELECT id, member_id FROM item"))
        connection.execute(text("UPDATE item SET member_id = NULL"))
        connection.execute(
            text(
                "UPDATE held SET member_id = (SELECT 100 - m.line FROM member m WHERE m.id = held.member_id)"
            )
        )
        connection.execute(text("UPDATE member SET id = 100 - line"))
        connection.execute(
            text("UPDATE item SET member_id = (SELECT member_id FROM held WHERE held.id = item.id)")
        )
        connection.execute(text("DROP TABLE held"))
    migrate(engine)
    with Sessions(engine).begin() as session:
        assert len(before) == 5
        assert dict(session.execute(names).all()) == before
        for member in session.scalars(select(Member)):
            assert member.id == row_id(member.version_id, member.line)


def test_the_kept_sum_of_a_party_begins_with_the_files_it_has(engine: Engine) -> None:
    with Sessions(engine).begin() as session:
        world = build_world(session)
        party = build_party(session, world)
        for size in (700, 1_300):
            build_file(session, party, content=bytes(size))
        key = party.id
    unmigrate(engine, BEFORE_STORAGE)
    migrate(engine)
    with Sessions(engine).begin() as session:
        assert session.get_one(Storage, key).bytes == 2_000


def test_dossiers_from_before_are_asked_and_put_together_later(
    engine: Engine, tmp_path: Path
) -> None:
    """Down and up with an index and an objection: members stay, and are found again."""
    sessions = Sessions(engine)
    stand = DuplicateStand(sessions, tmp_path)
    person = Someone(serial=7)
    submission = stand.party("Partai Contoh A", person)
    stand.compare(submission)
    submitted_niks.index_submission(sessions, submission.public_id, lambda: NOON)

    def listed() -> bool:
        with sessions.read() as session:
            election = session.get_one(Election, stand.world.election.id)
            return bool(submitted_niks.members_with(session, KEYS, election, person.nik))

    with sessions.begin() as session:
        election = session.get_one(Election, stand.world.election.id)
        who = Person(name="WARGA CONTOH", contact="warga@contoh.invalid")
        assert filing.file(session, KEYS, election, person.nik, who, now=NOON, days=7)
    unmigrate(engine, BEFORE_CITIZENS)
    migrate(engine)
    assert listed()
    with sessions.read() as session:
        for gone in (SubmittedNik.least, Objection.id, DisputedMember.id):
            assert session.scalars(select(gone)).all() == []
    submitted_niks.index_rest(sessions, lambda: NOON)
    with sessions.read() as session:
        assert len(session.scalars(select(SubmittedNik.least)).all()) == 1
    assert listed()
