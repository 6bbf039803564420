"""Whatever a crash does to the tail of a segment: acknowledged documents are there, nothing else appears."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.uploads.builders import an_upload
from uploads.packs import Packs, PackStore
from uploads.packs.layout import BLOCK

NOON = datetime(2026, 8, 14, 12, 0, tzinfo=UTC)
EVERY = range(256)


def name(number: int) -> str:
    return f"{number * 7919:032x}"


def body(number: int) -> bytes:
    """Different for each, and one of them looks like a head of a document."""
    return (b"TUSDOC_1" if number % 3 == 0 else b"%d-" % number) * (number * 301 % 1500 + 1)


def packed(root: Path, count: int, first: int = 0) -> Path:
    """A segment of `count` documents, each synced; as a process leaves it that is killed."""
    store = PackStore(root, segment_bytes=1 << 20)
    for number in range(first, first + count):
        store.put(an_upload(name(number), len(body(number)), max_size=2**20), body(number), NOON)
    [path] = [each for each in root.glob("packs/*.pack") if _held(store, each)]
    held = store._committer._segment
    assert held is not None
    left = path.with_suffix(".left")
    shutil.copyfile(path, left)
    end = held.end
    store.close()
    left.rename(path)
    # As if the process had never closed it: the index as it was, the file as long as it was.
    with sqlite3.connect(root / "packs" / "index.db") as index:
        index.execute("UPDATE segment SET closed = 0, end = ? WHERE name = ?", (end, path.stem))
    index.close()
    return path


def _held(store: PackStore, path: Path) -> bool:
    segment = store._committer._segment
    return segment is not None and segment.name == path.stem


def ends(path: Path) -> list[int]:
    """Where each document of a segment ends, by the index."""
    with sqlite3.connect(path.parent / "index.db") as index:
        rows = index.execute("SELECT at FROM document ORDER BY seq").fetchall()
        [(end,)] = index.execute("SELECT end FROM segment").fetchall()
    index.close()
    return [*(at for (at,) in rows[1:]), end]


def adopted(root: Path) -> dict[str, bytes]:
    """What the next start finds, and the start after that again."""
    store = PackStore(root)
    store.adopt()
    found = {}
    for arrival in store.scan():
        with store.read(arrival.upload_id) as file:
            found[arrival.upload_id] = file.read()
    assert set(store.unreported(EVERY)) == set(found)
    assert store.adopt() == 0
    store.close()
    return found


def forget(path: Path, acknowledged: int) -> None:
    """The index of a moment when only so many documents were in it; 0: no index at all."""
    index = path.parent / "index.db"
    if acknowledged == 0:
        index.unlink()
        return
    end = ends(path)[acknowledged - 1]
    with sqlite3.connect(index) as connection:
        connection.execute("DELETE FROM document WHERE seq > ?", (acknowledged,))
        connection.execute("UPDATE segment SET end = ?", (end,))
    connection.close()


COUNT = 6


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    root = tmp_path_factory.mktemp("packed")
    return root, ends(packed(root, COUNT))


def a_copy(root: Path, into: Path) -> Path:
    shutil.copytree(root / "packs", into / "packs")
    [path] = into.glob("packs/*.pack")
    return path


@settings(max_examples=150)
@given(cut=st.integers(0, 1 << 20), indexed=st.integers(0, COUNT))
def test_a_segment_cut_anywhere_keeps_what_lies_before_the_cut(
    written: tuple[Path, list[int]], cut: int, indexed: int
) -> None:
    root, places = written
    cut = cut % (places[-1] + 2 * BLOCK)
    with tempfile.TemporaryDirectory() as folder:
        path = a_copy(root, Path(folder))
        whole = [n for n in range(COUNT) if places[n] <= cut]
        # What the index knew was synced, so no cut reaches it.
        forget(path, min(indexed, len(whole)))
        os.truncate(path, cut)
        found = adopted(Path(folder))
    expected = {name(n): body(n) for n in whole}
    # The last document may be there although its padding is not.
    assert {key: found[key] for key in expected} == expected
    assert set(found) - set(expected) <= {name(len(whole))}
    assert all(found[name(n)] == body(n) for n in range(COUNT) if name(n) in found)


@settings(max_examples=150)
@given(
    acknowledged=st.integers(0, COUNT),
    damage=st.lists(
        st.tuples(st.integers(0, 1 << 20), st.integers(1, 5000), st.binary(min_size=1, max_size=4)),
        min_size=1,
        max_size=6,
    ),
    indexed=st.booleans(),
)
def test_a_broken_tail_takes_nothing_acknowledged_with_it(
    written: tuple[Path, list[int]],
    acknowledged: int,
    damage: list[tuple[int, int, bytes]],
    indexed: bool,
) -> None:
    """Bytes of what was not synced are lost, swapped or never written, in any places."""
    root, places = written
    begin = places[acknowledged - 1] if acknowledged else BLOCK
    with tempfile.TemporaryDirectory() as folder:
        path = a_copy(root, Path(folder))
        forget(path, acknowledged if indexed else 0)
        with path.open("r+b") as file:
            for at, length, noise in damage:
                file.seek(begin + at % (places[-1] + BLOCK - begin))
                file.write((noise * length)[:length])
        found = adopted(Path(folder))
    expected = {name(n): body(n) for n in range(acknowledged)}
    assert {key: found.get(key) for key in expected} == expected
    assert found.items() <= {name(n): body(n) for n in range(COUNT)}.items()


def test_a_document_that_contains_a_pack_is_a_document(tmp_path: Path) -> None:
    """Whoever sends a segment as a document cannot bring its documents in."""
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    content = packed(inner, 3).read_bytes()[: 1 << 19]
    store = PackStore(outer)
    store.put(an_upload("f" * 32, len(content), max_size=2**20), content, NOON)
    store.close()
    (outer / "packs" / "index.db").unlink()
    assert adopted(outer) == {"f" * 32: content}


def test_a_broken_index_is_read_again_from_the_segments(tmp_path: Path) -> None:
    packed(tmp_path, 3)
    for ending in ("-wal", "-shm"):
        (tmp_path / "packs" / f"index.db{ending}").unlink(missing_ok=True)
    (tmp_path / "packs" / "index.db").write_bytes(
        b"no index, but long enough to be looked at" * 100
    )
    assert set(adopted(tmp_path)) == {name(n) for n in range(3)}


def test_a_segment_somebody_writes_is_left_to_him(tmp_path: Path) -> None:
    first, second = PackStore(tmp_path), PackStore(tmp_path)
    first.put(an_upload(name(1), 3), b"abc", NOON)
    assert second.adopt() == 0
    first.put(an_upload(name(2), 3), b"def", NOON)
    first.close()
    assert second.adopt() == 0
    assert {arrival.upload_id for arrival in second.scan()} == {name(1), name(2)}
    second.close()


KILLED = """
import os, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from tests.unit.uploads.builders import an_upload
from uploads.packs import PackStore
store = PackStore(Path(sys.argv[1]), segment_bytes=1 << 22)
def deliver(caller):
    for n in range(10_000):
        upload_id = f"{caller:02x}{n:030x}"
        body = upload_id.encode() * 400
        store.put(an_upload(upload_id, len(body), max_size=2**20), body, datetime.now(UTC))
        os.write(1, upload_id.encode() + b"\\n")
for caller in range(4):
    threading.Thread(target=deliver, args=(caller,)).start()
"""


def test_after_kill_9_every_acknowledged_document_is_there(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdout=subprocess.PIPE, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(200)]
    process.kill()
    told += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    acknowledged = {line.strip().decode() for line in told if line.endswith(b"\n")}
    found = adopted(tmp_path)
    assert acknowledged <= set(found)
    assert all(content == upload_id.encode() * 400 for upload_id, content in found.items())
    assert Packs(tmp_path).totals()[0] == len(found)


def test_a_child_process_reads_by_itself(tmp_path: Path) -> None:
    """Servers fork: a connection to the index must not be used on both sides."""
    store = PackStore(tmp_path)
    store.put(an_upload(name(1), 3), b"abc", NOON)
    child = os.fork()
    if child == 0:
        os._exit(0 if store.holds(name(1)) and store._index._opened_in[0] == os.getpid() else 1)
    assert os.waitpid(child, 0)[1] == 0
    store.put(an_upload(name(2), 3), b"def", NOON)
    assert store.holds(name(2))
    store.close()
