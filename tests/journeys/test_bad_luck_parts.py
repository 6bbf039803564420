"""A part of the portal dies with -9 while people work: what was acknowledged stays, what is sent goes on."""

from __future__ import annotations

import contextlib
import hashlib
import random
import re
import signal
import threading
import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from portal.seed.regions import districts_of
from tests.files import pdf
from tests.large_files import padded_pdf
from tests.stack import Stack
from tests.traffic import (
    AD_ART,
    MEMBERS,
    OFFICE,
    SECONDS,
    TUS,
    Caller,
    OpenPatch,
    ask,
    assert_proven,
    held_down,
    upload_id,
    wait_for,
)
from uploads.capability import shard_of
from verification.db import Sessions
from verification.models import Job, Member, RejectedRow, Roster, RosterVersion
from verification.rosters.synthetic import synthetic_list, write_csv
from verification.states import ListStage

SIZE = 3_000_000
ROWS = 12_000


@pytest.fixture(scope="module")
def stack(seeded_home: Path) -> Iterator[Stack]:
    with Stack(seeded_home) as stack:
        yield stack


@pytest.fixture
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return padded_pdf(tmp_path / AD_ART.filename, SIZE, seed=request.node.name)


def process_of(stack: Stack, path: str) -> str:
    """The part that serves an upload."""
    shard = shard_of(upload_id(path))
    processes = range(stack.config.upload_processes)
    return next(f"uploads-{n}" for n in processes if shard in stack.config.shards_of(n))


def test_uploads_do_not_notice_that_the_portal_is_gone(
    stack: Stack, party: Caller, file: Path, tmp_path: Path
) -> None:
    content = file.read_bytes()
    path = party.create(SIZE, AD_ART)
    with OpenPatch(stack.base_url, path, 0, SIZE) as line:
        line.feed(content[: SIZE // 3])
        with held_down(stack, "portal"):
            line.feed(content[SIZE // 3 :])
            assert line.status() == 204
            assert party.api("GET", "me").status == 503
            # A token opens the upload server alone, too.
            second = party.create(10, OFFICE)
            assert party.offset(second) == 0
    assert_proven(stack, party, upload_id(path), file, tmp_path)


def test_while_the_portal_is_gone_people_read_since_when_and_what_is_safe(stack: Stack) -> None:
    pages = []

    def says_since_when() -> bool:
        pages.append(ask(stack.base_url, "GET", "/dosir", {"Accept": "text/html"}))
        if pages[-1].status != 503:
            # It came back while nobody looked; after every death it stays away for longer.
            stack.kill_again("portal")
        return b"sejak" in pages[-1].body

    with stack.fault():
        stack.kill("portal")
        wait_for(says_since_when, "the moment on the outage page", pause=0.01)
    page = pages[-1].expect(503)
    text = page.body.decode()
    assert re.search(r"sejak \d\d\.\d\d WIB", text)
    assert "Unggahan yang sudah diterima aman" in text
    assert "30 detik" in text
    assert len(page.body) < 4096
    assert page.headers["content-type"].startswith("text/html")
    assert int(page.headers["retry-after"]) > 0


def test_while_the_portal_is_gone_programs_are_told_when_to_come_back(stack: Stack) -> None:
    with held_down(stack, "portal"):
        call = ask(stack.base_url, "GET", "/api/v1/dossier").expect(503)
        style = ask(stack.base_url, "GET", "/static/css/app.css").expect(200)
    assert call.headers["content-type"] == "application/problem+json"
    assert call.json()["code"] == "portal_unavailable"
    assert int(call.headers["retry-after"]) > 0
    assert style.headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("seed", range(3))
def test_an_upload_server_killed_at_any_byte_goes_on_with_what_was_stored(
    stack: Stack, party: Caller, file: Path, tmp_path: Path, seed: int
) -> None:
    content = file.read_bytes()
    signs = random.Random(seed)
    path = party.create(SIZE, AD_ART)
    part = process_of(stack, path)
    acknowledged = signs.randrange(SIZE // 3)
    party.patch(path, 0, content[:acknowledged]).expect(204)
    first = stack.pid(part)
    with stack.fault():
        with OpenPatch(stack.base_url, path, acknowledged, SIZE - acknowledged) as line:
            line.feed(content[acknowledged : acknowledged + signs.randrange(SIZE // 2)])
            stack.kill(part)
            assert line.status() in (0, 503)
        offset = party.offset(path)
        assert acknowledged <= offset < SIZE
        party.patch(path, offset, content[offset:]).expect(204)
        wait_for(lambda: stack.pid(part) != first, "the restart")
    assert_proven(stack, party, upload_id(path), file, tmp_path)


def test_while_uploads_are_down_every_client_is_told_to_come_back(
    stack: Stack, party: Caller
) -> None:
    path = party.create(SIZE, AD_ART)
    with held_down(stack, "uploads-0", "uploads-1"):
        head = party.head(path)
        others = [
            party.patch(path, 0, b"x" * 100_000),
            party.post(SIZE, AD_ART),
            ask(stack.base_url, "DELETE", path, TUS),
        ]
        portal = party.api("GET", f"uploads/{upload_id(path)}").expect(200).json()
    assert head.status == 423
    assert [answer.status for answer in others] == [503] * 3
    for answer in (head, *others):
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["tus-resumable"] == "1.0.0"
    assert others[0].json()["code"] == "upload_unavailable"
    assert portal["state"] == "uploading"
    assert party.offset(path) == 0


def test_nginx_itself_killed_in_mid_upload(
    stack: Stack, party: Caller, file: Path, tmp_path: Path
) -> None:
    content = file.read_bytes()
    path = party.create(SIZE, AD_ART)
    with stack.fault(), OpenPatch(stack.base_url, path, 0, SIZE) as line:
        line.feed(content[: SIZE // 2])
        stack.kill("nginx")
        assert line.status() == 0
        party.go_on(path, content)
    assert_proven(stack, party, upload_id(path), file, tmp_path)


def test_a_worker_killed_in_mid_import_leaves_no_half_list_and_no_row_twice(
    stack: Stack, sessions: Sessions, party: Caller, tmp_path: Path
) -> None:
    members = synthetic_list(ROWS, seed=5, districts=districts_of("32.73"), card="P01")
    path = write_csv(tmp_path / "anggota.csv", members)
    killed: list[str] = []
    wanted = {ListStage.READING.value, ListStage.SAVING.value}
    with stack.fault():
        upload = party.send(path.read_bytes(), MEMBERS)
        while wanted:
            # In whichever it is met first: killed, it begins with the first again.
            wait_for(lambda: killed_in(stack, sessions, wanted), f"stages {wanted}", pause=0.005)
            killed.append(stage_of(sessions) or "")
            wanted.discard(killed[-1])
            with sessions.read() as session:
                assert session.scalar(select(Roster.current_version_id)) is None
            hurry(sessions)
    assert sorted(killed) == sorted([ListStage.READING, ListStage.SAVING])
    told = party.wait_until(upload, "passed")
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    wait_for(lambda: stage_of(sessions) == ListStage.DONE, "the end of the import")
    with sessions.read() as session:
        version = session.scalars(select(RosterVersion)).one()
        assert session.scalars(select(Roster.current_version_id)).one() == version.id
        stored = session.scalar(select(func.count(Member.line.distinct())))
        rejected = session.scalar(select(func.count(RejectedRow.line.distinct())))
        rows = session.scalar(select(func.count(Member.id)))
        assert (version.sent, version.stored, version.rejected) == (ROWS, stored, rejected)
        assert rows == stored
        assert stored + rejected == ROWS


def stage_of(sessions: Sessions) -> str | None:
    with sessions.read() as session:
        return session.scalar(select(RosterVersion.stage))


def killed_in(stack: Stack, sessions: Sessions, stages: Collection[str]) -> bool:
    """Kill the worker if it is in one of them: looked at while it stands still, it cannot leave it."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        stack.kill("worker-0", signal.SIGSTOP)
        there = stage_of(sessions) in stages
        stack.kill("worker-0", signal.SIGKILL if there else signal.SIGCONT)
        return there
    return False


def hurry(sessions: Sessions) -> None:
    """What a lease's minute does: the dead worker's job is free again."""
    with sessions.begin() as session:
        session.execute(
            update(Job)
            .where(Job.lease_until.is_not(None))
            .values(lease_until=datetime.now(UTC) - timedelta(seconds=1))
        )


def test_nobody_who_asks_all_the_time_is_ever_told_502_or_504(stack: Stack, party: Caller) -> None:
    """Every part is killed while a page, an API call and an upload are asked for in a loop."""
    path = party.create(SIZE, AD_ART)
    missed = {"portal": {("page", 503)}, process_of(stack, path): {("head", 423), ("patch", 503)}}
    seen: set[tuple[str, int]] = set()
    over = threading.Event()

    def go_round() -> None:
        while not over.is_set():
            for what, answer in (
                ("page", ask(stack.base_url, "GET", "/masuk")),
                ("api", party.api("GET", "me")),
                ("head", party.head(path)),
                ("patch", party.patch(path, 0, b"")),
            ):
                seen.add((what, answer.status))

    with stack.fault():
        asking = threading.Thread(target=go_round)
        asking.start()
        for part in ("portal", "uploads-0", "uploads-1", "worker-0"):
            sentence = f"{part} berjalan lagi"

            def hit(part: str = part, sentence: str = sentence) -> bool:
                before = stack.said().count(sentence)
                stack.kill(part)
                wait_for(lambda: stack.said().count(sentence) > before, sentence)
                # Who asks may have stalled while it was away; the next time it is so for longer.
                return missed.get(part, set()) <= seen

            wait_for(hit, f"what people are told without {part}", told=seen)
        over.set()
        asking.join(SECONDS)
    wanted = {
        ("page", 200), ("page", 503), ("api", 200), ("api", 503),
        ("head", 200), ("head", 423), ("patch", 204), ("patch", 503),
    }  # fmt: skip
    assert seen <= wanted


def test_a_list_sent_while_no_worker_runs_waits_and_says_so(stack: Stack, party: Caller) -> None:
    with held_down(stack, "worker-0"):
        upload = party.send(pdf(text="menunggu"), OFFICE)
        wait_for(lambda: party.status(upload)["state"] == "received", "its arrival")
        time.sleep(0.3)
        assert party.status(upload)["state"] == "received"
    party.wait_until(upload, "passed")
