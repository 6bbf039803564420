"""A list's file from upload to current version, through the real walls."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from tests import files
from tests.builders import build_file, build_party
from tests.rosters import people
from tests.unit.rosters.stand import KEYS, Stand
from tests.world import DISTRICTS, NOON, World
from verification.db import Sessions, make_engine
from verification.models import Job, JournalEntry, Participation, ReceivedFile, RosterVersion
from verification.rosters.finishing import Imported
from verification.rosters.synthetic import synthetic_list, write_csv, write_xlsx
from verification.rosters.versions import UNCLEAR, confirm_columns
from verification.rosters.work import import_file
from verification.sandbox.launcher import Bubblewrap
from verification.states import FileState, ListStage

IN_BANDUNG = [code for code in DISTRICTS if code.startswith("32.73")]
KILLED = Path(__file__).with_name("killed_import.py")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The way through the sandbox is the same on both databases."""
    return sqlite_url


def receive(stand: Stand, source: Path, **metadata: str) -> str:
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.participation_id)
        file = build_file(
            session, party, "anggota", "32.73", purpose="roster",
            state=FileState.RECEIVED, content=source.read_bytes(), **metadata,
        )  # fmt: skip
        return file.public_id


def work(stand: Stand, source: Path, file_id: str) -> Imported | None:
    return import_file(
        stand.sessions, KEYS, Bubblewrap(), source, file_id,
        workplace=stand.folder, now=lambda: NOON,
    )  # fmt: skip


def file_row(stand: Stand, file_id: str) -> ReceivedFile:
    with stand.sessions.read() as session:
        return session.scalars(select(ReceivedFile).where(ReceivedFile.public_id == file_id)).one()


def only_version(stand: Stand) -> RosterVersion:
    with stand.sessions.read() as session:
        return session.scalars(select(RosterVersion)).one()


@pytest.mark.parametrize("write", [write_csv, write_xlsx], ids=["csv", "xlsx"])
def test_a_list_goes_through_the_walls(stand: Stand, write: object) -> None:
    assert callable(write)
    members = synthetic_list(1_000, seed=2, districts=IN_BANDUNG)
    source = write(stand.folder / "source", members)
    file_id = receive(stand, source)
    done = work(stand, source, file_id)
    assert done is not None
    assert (done.sent, done.rejected, done.current) == (1_000, len(members.bad()), True)
    assert file_row(stand, file_id).state == FileState.PASSED
    assert work(stand, source, file_id) == done
    assert [path.name for path in stand.folder.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"NIK,Nama\n", "list.no_rows"),
        (os.urandom(50_000), "list.not_text"),
        (files.xlsx_bomb(), "list.zip_bomb"),
        (files.pdf(), "list.other_type"),
    ],
    ids=["empty", "no rows", "random", "bomb", "pdf"],
)
def test_what_is_no_list_is_refused_and_the_list_stays(
    stand: Stand, content: bytes, code: str
) -> None:
    old = stand.load(stand.write("a", people(2)))
    source = stand.folder / "source"
    source.write_bytes(content)
    file_id = receive(stand, source)
    assert work(stand, source, file_id) is None
    file = file_row(stand, file_id)
    assert (file.state, file.rejection) == (FileState.REJECTED, code)
    assert stand.current() == old.version_id
    assert work(stand, source, file_id) is None
    with stand.sessions.read() as session:
        failed = select(JournalEntry).where(JournalEntry.kind == "roster.failed")
        facts = json.loads(session.scalars(failed).one().facts)
    assert (facts["code"], facts["version"]) == (code, 2)


def test_bytes_that_are_not_those_that_arrived(stand: Stand) -> None:
    source = stand.write("a", people(2))
    file_id = receive(stand, source)
    source.write_bytes(source.read_bytes().replace(b"KAWIN", b"LAJANG"))
    assert work(stand, source, file_id) is None
    assert file_row(stand, file_id).rejection == "file.size_differs"


def test_a_correction_of_a_list_that_is_not_ones_own(stand: Stand) -> None:
    source = stand.write("a", people(2))
    file_id = receive(stand, source, corrects="0" * 32)
    assert work(stand, source, file_id) is None
    assert file_row(stand, file_id).rejection == "list.unknown_roster"
    assert stand.current() is None


def test_unclear_columns_wait_for_the_party(stand: Stand) -> None:
    source = stand.write("a", people(3))
    source.write_text(source.read_text().replace(",name,", ",Nama Si Anggota,", 1))
    file_id = receive(stand, source)
    assert work(stand, source, file_id) is None
    version = only_version(stand)
    assert (version.stage, file_row(stand, file_id).rejection) == (ListStage.FAILED, UNCLEAR)
    matches = version.columns["ask"]["matches"]
    with stand.sessions.begin() as session:
        job = session.scalars(select(Job).where(Job.kind == "import-roster")).one()
        job.state = "done"
        fields = {match["field"]: match["index"] for match in matches if match["field"]}
        confirm_columns(session, session.get_one(RosterVersion, version.id), fields, NOON)
    done = work(stand, source, file_id)
    assert done is not None
    assert (done.stored, done.current) == (3, True)
    with stand.sessions.read() as session:
        assert session.get_one(Job, job.id).state == "waiting"


def test_a_file_that_was_withdrawn_is_left_alone(stand: Stand) -> None:
    source = stand.write("a", people(2))
    file_id = receive(stand, source)
    with stand.sessions.begin() as session:
        file = session.scalars(select(ReceivedFile)).one()
        file.withdrawn_at = NOON
    assert work(stand, source, file_id) is None
    assert work(stand, source, "f" * 32) is None


def test_two_parties_with_the_same_list_have_a_list_each(stand: Stand) -> None:
    source = stand.write("a", people(2))
    first = work(stand, source, receive(stand, source))
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.participation_id)
        other = build_party(session, World(party.election, [], []), "Partai Contoh B")
    stand.participation_id = other.id
    second = work(stand, source, receive(stand, source))
    assert first is not None
    assert second is not None
    assert first.roster != second.roster
    assert not second.unchanged


def test_a_worker_killed_in_mid_import(stand: Stand, sqlite_url: str) -> None:
    """kill -9 for real, after so many transactions; the next worker ends what it began."""
    old = stand.load(stand.write("a", people(3)))
    members = synthetic_list(4_000, seed=9, districts=IN_BANDUNG)
    source = write_csv(stand.folder / "source", members)
    file_id = receive(stand, source)
    for beats in (1, 3, 6):
        killed = subprocess.run(
            [sys.executable, KILLED, sqlite_url, source, file_id, stand.folder, str(beats)],
            check=False,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONPATH": "."},
        )
        assert killed.returncode == -signal.SIGKILL
        assert stand.current() == old.version_id
    fresh = Sessions(make_engine(sqlite_url))
    stand.sessions = fresh
    done = work(stand, source, file_id)
    assert done is not None
    assert (done.sent, done.rejected) == (4_000, len(members.bad()))
    assert len(stand.members(done.version_id)) == done.stored
    assert stand.current() == done.version_id
    assert list(stand.folder.glob("list-*")) == []
    fresh.engine.dispose()
