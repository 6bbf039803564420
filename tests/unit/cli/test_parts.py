"""The client's parts alone: waiting, chunk sizes, locks, what is remembered, the table of commands."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from string import Formatter

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from portal.cli import COMMANDS, main
from portal.cli.client import locks
from portal.cli.client.patience import (
    LARGE_CHUNK,
    SMALL_CHUNK,
    ChunkSize,
    GaveUp,
    Patience,
    Stopped,
    retry_after,
)
from portal.cli.client.run import ExitCode, Status
from portal.cli.client.state import (
    Remembered,
    StateStore,
    config_directory,
    fingerprint,
    hash_file,
    state_directory,
)
from portal.cli.lazy import LazyGroup
from portal.cli.people import introduction
from portal.cli.words import WORDS, amount
from verification.states import Role

ROOT = Path(__file__).resolve().parents[3]


@given(st.integers(0, 40))
def test_a_wait_is_between_one_and_sixty_seconds(attempt: int) -> None:
    patience = Patience(threading.Event(), 1e9)
    patience.attempt = attempt
    assert 1 <= patience.seconds(None) <= min(60, 2 ** (attempt + 1))


@given(st.floats(0, 7200))
def test_nobody_comes_back_sooner_than_asked(asked: float) -> None:
    assert Patience(threading.Event(), 1e9).seconds(asked) >= min(asked, 3600)


def test_patience_ends_only_without_progress() -> None:
    now = [0.0]
    patience = Patience(threading.Event(), 10, clock=lambda: now[0])
    patience.pause = lambda _seconds: None  # type: ignore[method-assign]
    now[0] = 9
    patience.wait("x")
    patience.progress()
    now[0] = 18
    patience.wait("x")
    now[0] = 19
    with pytest.raises(GaveUp, match="x"):
        patience.wait("x")


def test_a_wait_ends_with_ctrl_c() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        Patience(stop, 10).wait("")


def test_chunks_fall_after_two_failures_and_grow_again() -> None:
    chunks = ChunkSize()
    chunks.failed()
    assert chunks.size == LARGE_CHUNK
    chunks.failed()
    assert chunks.size == SMALL_CHUNK
    for _ in range(4):
        chunks.stored()
    assert chunks.size == 2 * SMALL_CHUNK
    for _ in range(100):
        chunks.stored()
    assert chunks.size == LARGE_CHUNK


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after("7") == 7
    assert retry_after(None) is None
    assert retry_after("soon") is None
    later = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    assert later is not None
    assert 80 < later <= 90


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    with (
        locks.locked(tmp_path / "l"),
        pytest.raises(locks.Busy),
        locks.locked(tmp_path / "l"),
    ):
        pass
    with locks.locked(tmp_path / "l"):
        pass


@pytest.fixture
def windows_locks(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """The module as Windows would import it, over a stand-in for msvcrt.locking."""
    held: set[tuple[int, int]] = set()

    def locking(descriptor: int, mode: int, count: int) -> None:
        status = os.fstat(descriptor)
        key = (status.st_dev, status.st_ino)
        if mode == 2 and key in held:
            raise OSError(13, "Permission denied")
        (held.add if mode == 2 else held.discard)(key)

    fake = types.ModuleType("msvcrt")
    fake.locking, fake.LK_NBLCK, fake.LK_UNLCK = locking, 2, 0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(sys, "platform", "win32")
    spec = importlib.util.spec_from_file_location("windows_locks", locks.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    assert not held


def test_a_lock_on_windows_is_held_once(tmp_path: Path, windows_locks: types.ModuleType) -> None:
    with (
        windows_locks.locked(tmp_path / "l"),
        pytest.raises(windows_locks.Busy),
        windows_locks.locked(tmp_path / "l"),
    ):
        pass
    with windows_locks.locked(tmp_path / "l"):
        pass


def test_state_is_kept_and_forgotten(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "s")
    store.save("k", Remembered(upload="a" * 32))
    assert StateStore(tmp_path / "s").load("k") == Remembered(upload="a" * 32)
    store.forget("k")
    assert store.load("k") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"v": 2, "upload": "a"}', '{"v": 1}', "null"])
def test_damaged_state_is_no_state(tmp_path: Path, text: str) -> None:
    store = StateStore(tmp_path)
    (tmp_path / "k.json").write_text(text)
    assert store.load("k") is None


def test_old_state_is_swept(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    store.save("old", Remembered(upload="a"))
    store.save("new", Remembered(upload="b"))
    os.utime(tmp_path / "old.json", (0, 0))
    store.sweep()
    assert store.load("old") is None
    assert store.load("new") is not None


def test_the_fingerprint_is_of_the_whole_file_and_the_claim() -> None:
    size, digest = hash_file(io.BytesIO(b"abc"))
    assert (size, digest[:8]) == (3, "ba7816bf")
    one = fingerprint("https://a/", digest, {"region": "32", "purpose": "scans"})
    assert one == fingerprint("https://a/", digest, {"purpose": "scans", "region": "32"})
    assert one != fingerprint("https://b/", digest, {"region": "32", "purpose": "scans"})
    assert one != fingerprint("https://a/", digest, {"region": "33", "purpose": "scans"})


def test_places_follow_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_directory({"SIPOL_STATE": "/x"}) == Path("/x")
    assert state_directory({"XDG_STATE_HOME": "/s"}) == Path("/s/sipol")
    assert state_directory({"XDG_STATE_HOME": "relative"}).parts[-3:] == (
        ".local",
        "state",
        "sipol",
    )
    assert config_directory({"XDG_CONFIG_HOME": "/c"}) == Path("/c/sipol")
    monkeypatch.setattr(sys, "platform", "win32")
    assert state_directory({"LOCALAPPDATA": "/w"}) == Path("/w/sipol")
    assert config_directory({"APPDATA": "/r"}) == Path("/r/sipol")


def test_both_languages_say_the_same_things() -> None:
    for key, texts in WORDS.items():
        names = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts]
        assert names[0] == names[1], key


def test_every_outcome_has_its_word() -> None:
    for status in Status:
        assert status is Status.STORED or status.word in WORDS
        assert status.exit_code in ExitCode


def test_a_demo_account_stands_in_words_with_its_password_whole() -> None:
    for role in Role:
        if role is Role.SYSTEM:
            continue
        person = {
            "role": role.value,
            "login": "akun.contoh",
            "password": "satu-dua-tiga-empat-lima",
        }
        line = introduction({**person, "party": None, "office": "32.73", "regions": ["32.73"]})
        assert line.startswith("akun.contoh ")
        assert " satu-dua-tiga-empat-lima " in line
        assert line.endswith(" · kantor KPU 32.73 · wilayah 32.73")


def test_amounts_read_as_people_write_them() -> None:
    assert amount(43_200_000, "id") == "43 MB"
    assert amount(1_234_000_000, "id") == "1,2 GB"
    assert amount(1_234_000_000, "en") == "1.2 GB"
    assert amount(12, "id") == "12 byte"


def test_help_imports_no_command() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert all(name in result.output for name in COMMANDS)


def test_a_missing_extra_is_named_and_a_missing_file_of_ours_is_not_hidden() -> None:
    table = {"up": ("tests.unit.cli.needs_extra:up", ""), "gone": ("portal.nowhere:gone", "")}
    group = LazyGroup(name="sipol", commands_table=table)
    context = click.Context(group)
    finder = _Refusing("tests.unit.cli.needs_extra", "flask")
    sys.meta_path.insert(0, finder)
    try:
        with pytest.raises(click.UsageError, match=r'pip install "sipol\[server\]"'):
            group.get_command(context, "up")
    finally:
        sys.meta_path.remove(finder)
    with pytest.raises(ModuleNotFoundError):
        group.get_command(context, "gone")
    assert group.get_command(context, "other") is None


class _Refusing:
    def __init__(self, module: str, missing: str) -> None:
        self.module, self.missing = module, missing

    def find_spec(self, name: str, *_: object) -> None:
        if name.startswith(self.module.rpartition(".")[0]):
            raise ModuleNotFoundError(f"No module named {self.missing!r}", name=self.missing)


def test_the_base_install_is_enough_for_upload_and_verify() -> None:
    """Importing the two commands touches nothing of the `server` extra."""
    code = (
        "import sys, portal.cli.upload, portal.cli.verify\n"
        "extra = {'sqlalchemy','flask','polars','alembic','fpdf','segno','structlog','httptools'}\n"
        "print(sorted(extra & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
