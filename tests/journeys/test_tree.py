"""The real tree behind real nginx: it starts, survives the loss of any part, and stops as a whole."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import StartStack
from tests.stack import ROOT, STOP_SECONDS, Stack, running_on, sipol

KILLED_RUN = Path(__file__).with_name("killed_run.py")


def status(stack: Stack, method: str, path: str) -> int:
    client = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=STOP_SECONDS)
    client.request(method, path, headers={"Tus-Resumable": "1.0.0"})
    answer = client.getresponse().status
    client.close()
    return answer


def page(stack: Stack, path: str) -> str:
    client = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=STOP_SECONDS)
    client.request("GET", path)
    text = client.getresponse().read().decode()
    client.close()
    return text


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_it_starts_says_where_and_who_and_stops_without_a_trace(
    start_stack: StartStack, database: str
) -> None:
    stack = start_stack(database)
    assert f"Portal berjalan di {stack.base_url}" in stack.said()
    assert stack.logins["koordinator.a"].password in stack.said()
    assert str(stack.config.log_dir) in stack.said()
    for socket in (stack.config.upload_socket(0), stack.config.portal_socket()):
        assert socket.stat().st_mode & 0o077 == 0, "somebody else may talk to this socket"
        assert socket.stat().st_mode & 0o600 == 0o600, "an ordinary owner could not"
    assert status(stack, "GET", "/healthz") == 200
    assert status(stack, "HEAD", f"/files/{'0' * 32}~{'0' * 32}") == 404
    assert status(stack, "HEAD", f"/files/{'f' * 32}~{'0' * 32}") == 404


def test_a_part_that_is_killed_comes_back(start_stack: StartStack) -> None:
    stack = start_stack()
    for part in ("portal", "uploads-0", "uploads-1", "worker-0", "nginx"):
        first = stack.pid(part)
        with stack.fault():
            stack.kill(part)
            while f"{part} berjalan lagi" not in stack.said():
                time.sleep(0.02)
        assert stack.pid(part) != first
    assert status(stack, "GET", "/healthz") == 200


def test_only_what_is_broken_is_out_of_order(start_stack: StartStack) -> None:
    stack = start_stack()
    ready = f"/files/{'0' * 32}~{'0' * 32}"
    with stack.fault():
        stack.kill("portal", signal.SIGSTOP)
        assert status(stack, "HEAD", ready) == 404  # uploads do not notice
        stack.kill("portal", signal.SIGKILL)
        while "dapat dijangkau sejak" not in (shown := page(stack, "/masuk")):
            if 'name="password"' in shown:
                # It came back while nobody looked; after every death it stays away for longer.
                stack.kill_again("portal")
            time.sleep(0.01)
        assert status(stack, "HEAD", ready) == 404
    assert "Masuk" in page(stack, "/masuk")


def test_a_second_start_on_the_same_home_is_refused(start_stack: StartStack) -> None:
    stack = start_stack()
    with pytest.raises(AssertionError, match="sudah berjalan"):
        sipol("up", environ=stack.environ)


def test_after_kill_9_of_the_supervisor_everything_goes_and_the_next_start_works(
    start_stack: StartStack,
) -> None:
    stack = start_stack()
    with stack.fault():
        stack.stop(signal.SIGKILL)
        stack.start()
    assert status(stack, "GET", "/healthz") == 200


def test_a_test_run_that_is_killed_takes_its_tree_along(seeded_home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, KILLED_RUN, seeded_home], env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True,
    ) as run:  # fmt: skip
        assert run.stdout is not None
        home = Path(run.stdout.readline().strip())
        started = running_on(home)
        run.kill()
    deadline = time.monotonic() + STOP_SECONDS
    while left := running_on(home):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    shutil.rmtree(home)
    assert any(words.rstrip().endswith(" up") for words in started)
