"""kill -9 of a process that packs documents: what was answered is there and is heard of, once at least."""

import contextlib
import http.client
import random
import threading
import time
from pathlib import Path

import pytest

from tests.contracts.tus_process import TusProcess, sha256, tus_process
from tests.patience import PATIENCE
from tests.unit.uploads.builders import OCTETS
from uploads.shelf import Shelf

SENDERS = 8


def post(server: TusProcess, body: bytes) -> str | None:
    """The id of a document that was answered 201, None when nobody answered."""
    fields = {"Upload-Length": str(len(body)), "Content-Type": OCTETS}
    with contextlib.suppress(OSError, http.client.HTTPException):
        status, headers, _ = server.ask("POST", "/files/", fields, body)
        if status == 201:
            assert headers["upload-offset"] == str(len(body))
            return headers["location"].removeprefix("/files/").partition("~")[0]
    return None


def heard_of(server: TusProcess, wanted: set[str], seconds: float = 2 * PATIENCE) -> set[str]:
    """The hashes the Policy was told of, once all that are wanted are among them."""
    deadline = time.monotonic() + seconds
    while True:
        heard = {fact["sha256"] for fact in server.heard() if "sha256" in fact}
        if wanted <= heard:
            return heard
        assert time.monotonic() < deadline, f"{len(wanted - heard)} of {len(wanted)} not heard of"
        time.sleep(0.2)


def test_kill_9_between_pack_and_report_is_made_good_at_the_next_start(tmp_path: Path) -> None:
    body = b"%PDF-1.7 " * 1000
    with tus_process(tmp_path / "root") as server:
        # A Policy that cannot hear: its file is a folder.
        server._heard.mkdir()
        upload_id = post(server, body)
        assert upload_id is not None
        server.kill()
        server._heard.rmdir()
        server.start()
        server.wait_until_heard(sha256(body))
        assert [fact["upload_id"] for fact in server.heard()] == [upload_id]
        assert not list((server.root / "data").iterdir())


SOAK = (pytest.mark.soak, pytest.mark.timeout(1800))


@pytest.mark.parametrize("cycles", [2, pytest.param(200, marks=SOAK)])
def test_kill_9_at_any_moment_loses_no_document_that_was_answered(
    tmp_path: Path, cycles: int
) -> None:
    answered: dict[str, str] = {}
    sent: set[str] = set()
    choice = random.Random(7)

    def send(server: TusProcess, stopped: threading.Event, number: int) -> None:
        # Each body is one of its own; most are packed, some are too large and lie in files.
        count = 0
        while not stopped.is_set():
            count += 1
            size = 1_100_000 if number == 0 else 1000 * number * number
            body = f"{len(answered)}-{number}-{count}-".encode() * (size // 12)
            sent.add(sha256(body))
            upload_id = post(server, body)
            if upload_id is not None:
                answered[upload_id] = sha256(body)

    with tus_process(tmp_path / "root") as server:
        for _ in range(cycles):
            stopped = threading.Event()
            senders = [
                threading.Thread(target=send, args=(server, stopped, number))
                for number in range(SENDERS)
            ]
            for sender in senders:
                sender.start()
            before, deadline = len(answered), time.monotonic() + PATIENCE
            while len(answered) == before:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            time.sleep(choice.uniform(0, 0.7))
            server.kill()
            stopped.set()
            for sender in senders:
                sender.join()
            server.start()
        heard = heard_of(server, set(answered.values()))
    shelf = Shelf(server.root)
    for upload_id, digest in answered.items():
        with shelf.open(upload_id) as file:
            assert sha256(file.read()) == digest
    # What nobody was told of may be there if it is whole; nothing else may.
    assert heard <= sent
    assert {arrival.sha256 for arrival in shelf.scan()} <= sent
