"""Bring a database to the newest migration, or back; both databases, the same steps."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Engine

import portal.migrations


def _configured() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(portal.migrations.__file__).parent))
    return config


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade to `revision`; nothing happens when the database is there already."""
    config = _configured()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def unmigrate(engine: Engine, revision: str = "base") -> None:
    """Downgrade to `revision`; data of what the migration made are gone."""
    config = _configured()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
