"""Party `a` with a file that passed, one the system refused, and a member list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import build_file, build_roster
from tests.portal_stand import Prepared, Stand, prepare
from verification.states import FileState


def fill(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        party = stand.party(session, "a")
        build_file(session, party, "ad-art", "ID")
        build_file(session, party, "sk-kabupaten", "32.73")
        refused = build_file(session, party, "sk-kabupaten", "32.01", state=FileState.REJECTED)
        refused.rejection = "pdf.encrypted"
        build_roster(session, party, 60, region="32.73")


@pytest.fixture(scope="session")
def prepared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(sqlite_template, tmp_path_factory.mktemp("party"), fill)


@pytest.fixture
def stand(prepared: Prepared, tmp_path: Path) -> Iterator[Stand]:
    with prepared.opened(tmp_path) as stand:
        yield stand
