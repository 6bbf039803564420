"""An office at work, made once and copied for each test: five members wait before 32.73."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from tests.builders import build_items
from tests.portal_stand import Populace, Stand, build_stand, populate
from verification.db import Sessions, make_engine
from verification.models import Member

NIK = "3273015305870001"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database with people and work, and the home whose keys it was enciphered with."""

    database: Path
    home: Path
    populace: Populace


def prepare(template: Path, folder: Path) -> Prepared:
    """Fill a copy of a migrated SQLite file."""
    path = folder / "sipol.db"
    shutil.copyfile(template, path)
    engine = make_engine(f"sqlite:///{path}")
    sessions = Sessions(engine)
    populace = populate(sessions)
    stand = build_stand(sessions, folder / "home", populace)
    with sessions.begin() as session:
        build_items(session, stand.world, session.merge(stand.parties["a"]), 5)
        keys = stand.services.field_keys
        for member in session.scalars(select(Member)):
            member.nik, member.key_id = keys.encipher(NIK), keys.current_id
    # The last connection's end moves everything into the one file.
    engine.dispose()
    return Prepared(path, folder / "home", populace)


def opened(prepared: Prepared, folder: Path) -> Iterator[Stand]:
    """The portal on a copy."""
    shutil.copyfile(prepared.database, folder / "sipol.db")
    shutil.copytree(prepared.home, folder / "home")
    engine = make_engine(f"sqlite:///{folder / 'sipol.db'}")
    yield build_stand(Sessions(engine), folder / "home", prepared.populace)
    engine.dispose()
