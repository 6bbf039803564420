"""A log that grew too large keeps its newest part, and whoever writes it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.log_files import shorten
from uploads import disk

MOST = 1024 * 1024


def _write(path: Path, lines: range) -> None:
    with path.open("ab", buffering=0) as log:
        log.write(b"".join(b"%015d\n" % number for number in lines))


def test_a_long_log_loses_its_oldest_half_under_its_writer(tmp_path: Path) -> None:
    path, lines = tmp_path / "nginx-access.log", MOST // 16 + 1
    with path.open("ab", buffering=0) as writer:
        _write(path, range(lines))
        shorten(tmp_path, MOST)
        writer.write(b"and on\n")
    kept = path.read_bytes().splitlines()
    assert MOST // 2 <= path.stat().st_size < MOST // 2 + 8192
    assert kept[-2:] == [b"%015d" % (lines - 1), b"and on"]


def test_a_file_system_that_cannot_begins_the_log_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "portal.log"
    _write(path, range(MOST // 16 + 1))
    monkeypatch.setattr(disk, "behead", lambda _descriptor, _length: False)
    shorten(tmp_path, MOST)
    assert path.read_bytes() == b""


def test_what_is_short_or_no_log_stays(tmp_path: Path) -> None:
    _write(tmp_path / "worker-0.log", range(10))
    _write(tmp_path / "anything", range(MOST))
    shorten(tmp_path, MOST)
    assert (tmp_path / "worker-0.log").stat().st_size == 160
    assert (tmp_path / "anything").stat().st_size == 16 * MOST
