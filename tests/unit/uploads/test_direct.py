"""Writing past the page cache: the same bytes at the same offsets, however a write is cut up."""

import mmap
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uploads import direct
from uploads.direct import ALIGNMENT, LEAST_DIRECT, FileWriter, address, cut_up
from uploads.errors import StoreFull

KIB = 1024
MEMORY = mmap.mmap(-1, 1024 * KIB)
MEMORY[:] = os.urandom(1024 * KIB)


def piece(place: int, size: int) -> memoryview:
    """Bytes that lie `place` bytes behind a page boundary."""
    return memoryview(MEMORY)[place : place + size]


@pytest.fixture(params=["disk", "memory"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=None if request.param == "disk" else "/dev/shm") as root:
        path = (tmp_path if request.param == "disk" else Path(root)) / "data"
        path.touch()
        yield path


@given(offset=st.integers(0, 9000), place=st.integers(0, 9000), size=st.integers(0, 300 * KIB))
def test_a_piece_is_cut_into_head_middle_and_tail(offset: int, place: int, size: int) -> None:
    whole = piece(place, size)
    at = offset
    for directly, view in cut_up([whole], offset):
        assert len(view)
        if directly:
            assert at % ALIGNMENT == len(view) % ALIGNMENT == 0
            assert (address(view) or 1) % ALIGNMENT == 0
            assert len(view) >= LEAST_DIRECT
        at += len(view)
    assert b"".join(view for _, view in cut_up([whole], offset)) == whole
    assert at == offset + size


def test_only_what_is_aligned_and_large_goes_directly() -> None:
    def ways(offset: int, *pieces: bytes | memoryview) -> list[bool]:
        return [directly for directly, _ in cut_up(pieces, offset)]

    assert ways(0, piece(0, 128 * KIB)) == [True]
    assert ways(100, piece(100, 128 * KIB)) == [False, True, False]
    assert ways(100, piece(0, 128 * KIB)) == [False]
    assert ways(0, piece(0, LEAST_DIRECT - 1)) == [False]
    assert ways(0, bytes(128 * KIB)) == [False]
    assert ways(0, b"", piece(0, 0)) == []


@settings(max_examples=60)
@given(
    steps=st.lists(
        st.tuples(st.booleans(), st.integers(0, 200 * KIB), st.booleans()), min_size=1, max_size=8
    )
)
def test_any_mixture_of_ways_gives_one_file(steps: list[tuple[bool, int, bool]]) -> None:
    """After each write the size is the offset; a writer may be closed and opened anywhere."""
    with tempfile.TemporaryDirectory() as root:
        path, expected, offset = Path(root) / "data", b"", 0
        path.touch()
        writer = FileWriter(path)
        for aligned, size, again in steps:
            view = piece(offset % ALIGNMENT if aligned else (offset + 1) % ALIGNMENT, size)
            offset = writer.write(offset, [view])
            expected += bytes(view)
            assert path.stat().st_size == offset == len(expected)
            if again:
                writer.close()
                writer = FileWriter(path)
        writer.sync()
        writer.close()
        assert path.read_bytes() == expected


def test_large_pieces_go_directly_where_the_file_system_allows_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And through the cache where it does not, with the same bytes."""
    writer = FileWriter(path)
    assert writer.write(0, [piece(0, 256 * KIB), piece(0, 256 * KIB), b"tail"]) == 512 * KIB + 4
    writer.close()
    assert path.read_bytes() == bytes(MEMORY[: 256 * KIB]) * 2 + b"tail"


def test_a_refusal_in_mid_write_falls_back_to_the_cache(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = FileWriter(path)

    def refuse(self: FileWriter, *, direct: bool) -> None:
        raise OSError(22, "EINVAL")

    monkeypatch.setattr(FileWriter, "_turn", refuse)
    assert writer.write(0, [piece(0, 128 * KIB)]) == 128 * KIB
    assert writer._refused
    writer.close()
    assert path.read_bytes() == MEMORY[: 128 * KIB]


def test_a_full_disk_keeps_what_fits_of_a_direct_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No room for the whole: the direct write refuses all of it, the cached one writes a prefix."""
    path = tmp_path / "data"
    path.touch()
    real, room = os.pwritev, 100_000

    def pwritev(descriptor: int, views: list[memoryview], offset: int) -> int:
        fits = room - offset
        total = sum(map(len, views))
        if total > fits and (writer._directly or fits <= 0):
            raise OSError(28, "ENOSPC")
        if total > fits:
            return real(descriptor, [memoryview(b"".join(views))[:fits]], offset)
        return real(descriptor, views, offset)

    monkeypatch.setattr(direct.os, "pwritev", pwritev)
    writer = FileWriter(path)
    with pytest.raises(StoreFull):
        writer.write(0, [piece(0, 512 * KIB)])
    writer.close()
    assert path.read_bytes() == MEMORY[:room]
