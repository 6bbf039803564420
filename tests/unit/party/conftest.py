"""Party `a` with a file that passed, one the system refused, and a member list."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import build_file, build_roster
from tests.portal_stand import Populace, Stand, build_stand, populate
from verification.db import Sessions, make_engine
from verification.models import Participation
from verification.states import FileState


@pytest.fixture(scope="session")
def filled(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Populace]:
    """A SQLite file with all of it, to copy from."""
    path = tmp_path_factory.mktemp("party") / "sipol.db"
    shutil.copyfile(sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    sessions = Sessions(engine)
    populace = populate(sessions)
    with sessions.begin() as session:
        party = session.get_one(Participation, populace.parties["a"].id)
        build_file(session, party, "ad-art", "ID")
        build_file(session, party, "sk-kabupaten", "32.73")
        refused = build_file(session, party, "sk-kabupaten", "32.01", state=FileState.REJECTED)
        refused.rejection = "pdf.encrypted"
        build_roster(session, party, 60, region="32.73")
    # Closing the last connection writes everything into the file itself.
    engine.dispose()
    return path, populace


@pytest.fixture
def stand(filled: tuple[Path, Populace], tmp_path: Path) -> Iterator[Stand]:
    template, populace = filled
    path = tmp_path / "sipol.db"
    shutil.copyfile(template, path)
    engine = make_engine(f"sqlite:///{path}")
    yield build_stand(Sessions(engine), tmp_path / "home", populace)
    engine.dispose()
