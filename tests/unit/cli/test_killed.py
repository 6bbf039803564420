"""The client as a process: killed, interrupted, run twice; and the server killed under it."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.tus_stand import TOKEN, Stand

ROOT = Path(__file__).resolve().parents[3]
MIB = 1024 * 1024
SIZE = 24 * MIB


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pindaian_3273.zip"
    path.write_bytes(os.urandom(SIZE))
    return path


def start(stand: Stand, home: Path, *arguments: object, out: int = subprocess.PIPE
          ) -> subprocess.Popen[str]:  # fmt: skip
    """`sipol upload` as a shell would start it."""
    return subprocess.Popen(
        [sys.executable, "-c", "from portal.cli import main; main()", "upload",
         "--requirement", "anggota", "--region", "32.73", "--purpose", "scans",
         *map(str, arguments)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SIPOL_STATE": str(home),
             "SIPOL_TOKEN": TOKEN, "SIPOL_SERVER": stand.url, "TERM": "xterm", "COLUMNS": "100"},
        stdout=out, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_killed_twice_it_goes_on_with_hardly_a_byte_sent_again(
    stand: Stand, home: Path, file: Path
) -> None:
    stand.seconds_per_piece = 0.002
    for bound in (5 * MIB, 14 * MIB):
        reached = threading.Event()
        stand.watch = (bound, reached.set)
        process = start(stand, home, file)
        assert reached.wait(60)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process = start(stand, home, file, "--json")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert stand.arrival().sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert stand.seen.received <= 1.02 * SIZE
    assert stand.seen.count("POST", "/files/") == 1
    assert '"event": "resumed"' in output


def test_ctrl_c_says_what_is_safe_and_how_to_go_on(stand: Stand, home: Path, file: Path) -> None:
    stand.seconds_per_piece = 0.005
    process = start(stand, home, file)
    reached = threading.Event()
    stand.watch = (10 * MIB, reached.set)
    assert reached.wait(60)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    assert "Dihentikan" in output
    assert "sipol upload --requirement anggota" in output
    assert "Traceback" not in output


def test_two_at_once_do_not_fight_over_one_upload(stand: Stand, home: Path, file: Path) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        go_on.wait(60)

    stand.watch = (MIB, hold)
    first = start(stand, home, file)
    assert reached.wait(60)
    second = start(stand, home, file, "--json")
    output, _ = second.communicate(timeout=60)
    go_on.set()
    assert second.returncode == 5, output
    assert json.loads(output.splitlines()[-1])["files"][0]["state"] == "busy"
    first.communicate(timeout=120)
    assert first.returncode == 0
    assert stand.seen.received == SIZE


def test_a_terminal_sees_bars(stand: Stand, home: Path, file: Path) -> None:
    ours, theirs = pty.openpty()
    process = start(stand, home, file, out=theirs)
    os.close(theirs)
    shown = bytearray()
    try:
        while block := os.read(ours, 65536):
            shown += block
    except OSError:
        pass  # Linux ends a pseudo-terminal with EIO
    finally:
        os.close(ours)
    assert process.wait(60) == 0
    text = shown.decode("utf-8")
    assert "━" in text
    assert re.search(r"pindaian_3273\.zip .*━.* \d+ %", text)
    assert "Lolos pemeriksaan sistem" in text


def test_the_server_restarts_under_it(stand: Stand, home: Path, file: Path) -> None:
    stand.seconds_per_piece = 0.001

    def restart() -> None:
        stand.tus.stop()
        stand.tus.start()

    stand.watch = (6 * MIB, restart)
    process = start(stand, home, file, "--json")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert stand.arrival().sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert stand.seen.received <= 1.25 * SIZE
