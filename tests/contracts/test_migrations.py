"""Migrations on both databases: they make what the models say, and go down and up with data in place."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select

from portal import models as portal_models
from portal.database import migrate, unmigrate
from portal.seed import seed
from tests.world import NOON
from verification import models as verification_models
from verification.db import Base, Sessions
from verification.models import Region

TABLES = (portal_models, verification_models)


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
