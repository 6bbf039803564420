"""A backup brings back what it holds, nothing that was erased, only where nothing is; and says what lacks."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.backup import kept, making, restoring, sealed_keys
from portal.backup.making import Made, make_backup
from portal.backup.refused import BackupRefused
from portal.backup.restoring import Restored
from portal.config import Config
from portal.keys import KeyStore
from portal.models import LoginSession
from tests.engines import engine_on
from uploads.copying import Copied
from uploads.policy import Arrival
from uploads.shelf import Shelf
from verification.db import Sessions
from verification.files import erase
from verification.journal import new_chain
from verification.models import Chain, JournalEntry, ReceivedFile, Tombstone
from verification.models.proof import ChainKind

from .conftest import NOW, Desk

HOUR = timedelta(hours=1)
PASSPHRASE = "kuda benar baterai staples"


@dataclass
class Installation:
    """A home with keys, a database, an upload root, and a folder for its backups."""

    desk: Desk
    config: Config
    folder: Path

    @property
    def sessions(self) -> Sessions:
        return self.desk.world.sessions

    def arrive(self) -> Arrival:
        """A packed document that arrived and has its row."""
        arrival = self.desk.arrive_packed()
        self.desk.policy.finished(arrival)
        return arrival

    def erase(self, upload_id: str) -> None:
        with self.sessions.begin() as session:
            file = session.scalars(select(ReceivedFile).filter_by(public_id=upload_id)).one()
            erase(session, file, actor="system", reason="uji", now=NOW)
        Shelf(self.config.upload_root).erase(upload_id)

    def back_up(self, at: datetime = NOW, keep: int | None = None) -> Made:
        return make_backup(self.config, self.sessions, self.folder, now=at, keep=keep)


@pytest.fixture
def here(desk: Desk, database_url: str, tmp_path: Path) -> Installation:
    config = replace(
        desk.world.config, database_url=database_url, home=tmp_path, disk_headroom=1000
    )
    KeyStore(config.keys_dir).create()
    return Installation(desk=desk, config=config, folder=tmp_path.with_name(f"{tmp_path.name}-b"))


@dataclass
class Elsewhere:
    """Another machine: an empty home and an empty database, with the keys of the first."""

    config: Config
    sessions: Sessions

    def restore(self, place: Path) -> Restored:
        backup = kept.read(place)
        restoring.check(self.config, backup)
        return restoring.restore(self.config, self.sessions, backup, NOW + 5 * HOUR)

    def files(self) -> set[str]:
        with self.sessions.read() as session:
            return set(session.scalars(select(ReceivedFile.public_id)))

    def arrived(self) -> set[str]:
        return {each.upload_id for each in Shelf(self.config.upload_root).scan()}


@pytest.fixture
def elsewhere(
    here: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Elsewhere]:
    home = tmp_path.with_name(f"{tmp_path.name}-c")
    shutil.copytree(here.config.keys_dir, home / "keys")
    with _empty(request, here, home) as url, engine_on(url) as engine:
        yield Elsewhere(replace(here.config, home=home, database_url=url), Sessions(engine))


@contextmanager
def _empty(request: pytest.FixtureRequest, here: Installation, home: Path) -> Iterator[str]:
    if here.config.database_url.startswith("sqlite"):
        yield f"sqlite:///{home / 'sipol.db'}"
    else:
        with request.getfixturevalue("postgres_cluster").database(template="template0") as url:
            yield url


def test_everything_comes_back_and_every_journal_says_so(
    here: Installation, elsewhere: Elsewhere
) -> None:
    known, unreported = here.arrive(), here.desk.arrive_packed()
    here.desk.world.cookie("koordinator.a")
    done = elsewhere.restore(here.back_up().backup.place)
    assert done.whole
    assert done.recorded == 1
    assert elsewhere.files() == elsewhere.arrived() == {known.upload_id, unreported.upload_id}
    with elsewhere.sessions.read() as session:
        chains = session.scalar(select(func.count(Chain.id)))
        told = select(func.count()).where(JournalEntry.kind == "backup.restored")
        assert session.scalar(told) == chains
        assert (
            session.scalars(select(LoginSession.id).where(LoginSession.ended_at.is_(None))).all()
            == []
        )


def test_what_was_erased_later_does_not_come_back_with_an_older_backup(
    here: Installation, elsewhere: Elsewhere
) -> None:
    goes, stays, lost = here.arrive(), here.arrive(), here.desk.arrive_packed()
    older = here.back_up()
    here.erase(goes.upload_id)
    with here.sessions.begin() as session:
        session.add(
            Tombstone(public_id=lost.upload_id, erased_at=NOW, actor="system", reason="uji")
        )
    here.back_up(NOW + HOUR)
    done = elsewhere.restore(older.backup.place)
    assert (done.erased, done.recorded, done.whole) == (2, 0, True)
    assert elsewhere.arrived() == {stays.upload_id}
    with elsewhere.sessions.read() as session:
        assert session.get(Tombstone, goes.upload_id) is not None
        assert session.get(Tombstone, lost.upload_id) is not None


def test_what_was_erased_and_is_held_in_the_older_state_is_named_and_kept(
    here: Installation, elsewhere: Elsewhere
) -> None:
    held = here.arrive()
    with here.sessions.begin() as session:
        session.scalars(select(ReceivedFile)).one().hold = True
    older = here.back_up()
    with here.sessions.begin() as session:
        session.scalars(select(ReceivedFile)).one().hold = False
    here.erase(held.upload_id)
    here.back_up(NOW + HOUR)
    done = elsewhere.restore(older.backup.place)
    assert (done.back, done.erased, done.whole) == ((held.upload_id,), 0, False)
    assert elsewhere.arrived() == {held.upload_id}


def test_a_row_without_its_bytes_is_named(here: Installation, elsewhere: Elsewhere) -> None:
    lost, stays = here.arrive(), here.arrive()
    Shelf(here.config.upload_root).erase(lost.upload_id)
    done = elsewhere.restore(here.back_up().backup.place)
    assert done.missing == (lost.upload_id,)
    assert elsewhere.arrived() == {stays.upload_id}


def test_keys_and_chains_go_on_behind_what_came_back(
    here: Installation, elsewhere: Elsewhere
) -> None:
    with here.sessions.begin() as session:
        chain = new_chain(session, ChainKind.OFFICE).public_id
    elsewhere.restore(here.back_up().backup.place)
    with elsewhere.sessions.begin() as session:
        assert session.scalars(select(Chain).filter_by(public_id=chain)).one().head_number == 1
        new_chain(session, ChainKind.OFFICE)


def test_only_the_newest_stay(here: Installation) -> None:
    here.arrive()
    assert kept.last_made(here.config.home) is None
    names = [here.back_up(NOW + n * HOUR).backup.name for n in range(3)]
    made = here.back_up(NOW + 3 * HOUR, keep=2)
    assert made.removed == tuple(names[:2])
    assert [each.name for each in kept.whole(here.folder)] == [names[2], made.backup.name]
    assert kept.last_made(here.config.home) == NOW + 3 * HOUR


def test_what_a_killed_one_left_is_no_backup_and_goes(here: Installation) -> None:
    (here.folder / f"2026-01-01T00.00.00Z{kept.UNFINISHED}" / "uploads").mkdir(parents=True)
    assert kept.whole(here.folder) == []
    made = here.back_up()
    assert [path.name for path in here.folder.iterdir() if path.is_dir()] == [made.backup.name]


def test_one_that_fails_leaves_the_older_ones(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = here.back_up()

    def full(*_: object, **__: object) -> Copied:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making, "copy_root", full)
    with pytest.raises(OSError, match="No space"):
        here.back_up(NOW + HOUR)
    assert kept.last_made(here.config.home) == NOW
    assert kept.whole(here.folder) == [older.backup]
    assert list(here.folder.glob(f"*{kept.UNFINISHED}")) == []


def test_two_at_once_do_not_meet(here: Installation) -> None:
    here.folder.mkdir()
    with (here.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BackupRefused, match="sedang berjalan"):
            here.back_up()


def test_a_backup_inside_what_it_saves_is_refused(here: Installation) -> None:
    here.folder = here.config.home / "cadangan"
    with pytest.raises(BackupRefused, match="hilang bersamanya"):
        here.back_up()
    assert not here.folder.exists()


def test_nothing_is_restored_over_something(here: Installation) -> None:
    here.arrive()
    backup = here.back_up().backup
    with pytest.raises(BackupRefused, match="sudah berisi"):
        restoring.check(here.config, backup)


def test_a_damaged_database_is_not_restored(here: Installation, elsewhere: Elsewhere) -> None:
    backup = here.back_up().backup
    with (backup.place / backup.database).open("r+b") as file:
        file.seek(100)
        file.write(b"?")
    with pytest.raises(BackupRefused, match="rusak"):
        restoring.check(elsewhere.config, backup)


def test_other_keys_are_not_taken_for_these(here: Installation, tmp_path: Path) -> None:
    backup = here.back_up().backup
    other = replace(here.config, home=tmp_path.with_name(f"{tmp_path.name}-d"))
    with pytest.raises(BackupRefused, match="belum ada"):
        restoring.check(other, backup)
    KeyStore(other.keys_dir).create()
    with pytest.raises(BackupRefused, match="bukan kunci"):
        restoring.check(other, backup)


def test_keys_open_with_their_passphrase_alone(
    here: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_keys, "COST", 2**10)
    text = sealed_keys.seal(here.config.keys_dir, PASSPHRASE)
    target = tmp_path / "kunci"
    for wrong in (
        lambda: sealed_keys.unseal(text, PASSPHRASE + "!", target),
        lambda: sealed_keys.unseal(text.replace('"v": 1', '"v": 2'), PASSPHRASE, target),
        lambda: sealed_keys.unseal("{}", PASSPHRASE, target),
        lambda: sealed_keys.seal(here.config.keys_dir, "terlalu"),
    ):
        with pytest.raises(BackupRefused):
            wrong()
        assert not target.exists()
    sealed_keys.unseal(text, PASSPHRASE, target)
    assert KeyStore(target).marks() == KeyStore(here.config.keys_dir).marks()
    with pytest.raises(BackupRefused, match="sudah ada kunci"):
        sealed_keys.unseal(text, PASSPHRASE, target)
    secret = json.loads((here.config.keys_dir / "field-keys.json").read_text())
    assert all(key not in text for key in secret["keys"].values())


def test_a_backup_says_what_it_is(here: Installation) -> None:
    here.arrive()
    backup = here.back_up().backup
    content = (backup.place / backup.database).read_bytes()
    assert backup.sha256 == hashlib.sha256(content).hexdigest()
    with here.sessions.read() as session:
        entry = session.scalars(select(JournalEntry).filter_by(kind="backup.made")).one()
    assert json.loads(entry.facts)["sha256"] == backup.sha256
    (backup.place / kept.ABOUT).write_text('{"v": 1}')
    with pytest.raises(BackupRefused, match="bukan cadangan yang utuh"):
        kept.read(backup.place)
