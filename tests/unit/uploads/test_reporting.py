"""What the Policy is asked and told: once leave is given, every upload's end is heard of."""

import asyncio
import hashlib
import logging
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.uploads.builders import (
    CLAIM,
    Exchange,
    RememberingPolicy,
    an_exchange,
    code_of,
    id_of,
    metadata,
    title_of,
    until,
)
from tests.unit.uploads.forgetful import ForgetfulStore
from uploads import ArrivalLog, CreationRefused, FileStore, finishing
from uploads.errors import BadHeader, StoreTrouble
from uploads.expiry import BELIEVE_AFTER_SECONDS, SteadyClock


def on(
    tmp_path: Path,
    policy: RememberingPolicy,
    scenario: Callable[[Exchange], Awaitable[None]],
    **changes: Any,
) -> None:
    async def run() -> None:
        exchange = an_exchange(tmp_path, policy, **changes)
        await (await exchange.server.start())
        try:
            await scenario(exchange)
        finally:
            await exchange.server.stop()

    asyncio.run(run())


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finishing, "FIRST_DELAY_SECONDS", 0.01)


def test_the_policy_sees_what_a_creation_says(tmp_path: Path) -> None:
    policy = RememberingPolicy()

    async def scenario(client: Exchange) -> None:
        headers = {
            "Authorization": "Bearer t", "Cookie": "s=1", "Origin": "http://x", "Host": "x",
            "Upload-Metadata": metadata(purpose="document"),
        }  # fmt: skip
        location = await client.create(7, **headers)
        [asked] = policy.asked
        assert (asked.upload_id, asked.length) == (id_of(location), 7)
        assert (asked.authorization, asked.cookie) == ("Bearer t", "s=1")
        assert (asked.origin, asked.host) == ("http://x", "x")
        assert asked.metadata == {"purpose": "document"}

    on(tmp_path, policy, scenario)


def test_a_refusal_is_answered_in_the_policys_words_and_nothing_is_stored(tmp_path: Path) -> None:
    policy = RememberingPolicy()
    policy.refusing = CreationRefused(401, "login_needed", "Silakan masuk lagi.", "Sign in.")

    async def scenario(client: Exchange) -> None:
        reply = await client.ask("POST", "/files/", {"Upload-Length": "3"})
        assert (reply.status, code_of(reply)) == (401, "login_needed")
        assert title_of(reply) == "Silakan masuk lagi."
        fields = {"Upload-Length": "3", "Accept-Language": "en"}
        assert title_of(await client.ask("POST", "/files/", fields)) == "Sign in."
        fields = {"Upload-Length": "x", "Accept-Language": "en-GB,en;q=0.9,id;q=0.5"}
        assert title_of(await client.ask("POST", "/files/", fields)) == BadHeader.english
        assert not list((tmp_path / "data").iterdir())

    on(tmp_path, policy, scenario)
    assert policy.endings == []


def test_a_policy_that_breaks_is_503(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    policy = RememberingPolicy()
    policy.refusing = RuntimeError("Bearer rahasia")

    async def scenario(client: Exchange) -> None:
        reply = await client.ask("POST", "/files/", {"Upload-Length": "3"})
        assert (reply.status, code_of(reply)) == (503, "permission_unavailable")

    on(tmp_path, policy, scenario)
    assert "RuntimeError" in caplog.text
    assert "rahasia" not in caplog.text


def test_a_slow_policy_is_503_and_its_late_grant_is_given_back(tmp_path: Path) -> None:
    policy = RememberingPolicy()
    policy.hold = threading.Event()

    async def scenario(client: Exchange) -> None:
        assert policy.hold is not None
        reply = await client.ask("POST", "/files/", {"Upload-Length": "3"})
        assert (reply.status, code_of(reply)) == (503, "permission_unavailable")
        assert policy.endings == []
        policy.hold.set()
        await until(lambda: policy.endings)
        assert policy.endings == [(policy.asked[0].upload_id, "not created")]

    on(tmp_path, policy, scenario, policy_seconds=0.05)


def test_a_slow_policy_stops_neither_head_nor_patch_nor_delete(tmp_path: Path) -> None:
    policy = RememberingPolicy()

    async def scenario(client: Exchange) -> None:
        location, other = await client.create(10), await client.create(10)
        policy.hold = threading.Event()
        posts = [
            asyncio.create_task(client.ask("POST", "/files/", {"Upload-Length": "3"}))
            for _ in range(40)
        ]
        await until(lambda: len(policy.asked) == 18)
        assert (await client.patch(location, 0, b"abc")).status == 204
        assert await client.offset(location) == 3
        assert (await client.ask("DELETE", other)).status == 204
        policy.hold.set()
        answers = [(await post).status for post in posts]
        assert answers.count(201) == 16
        assert answers.count(503) == 24

    on(tmp_path, policy, scenario, most_waiting=16)


def test_a_grant_that_is_too_small_is_413_and_given_back(tmp_path: Path) -> None:
    policy = RememberingPolicy()
    policy.max_size = 2

    async def scenario(client: Exchange) -> None:
        reply = await client.ask("POST", "/files/", {"Upload-Length": "3"})
        assert (reply.status, code_of(reply)) == (413, "too_large")
        await client.server.finisher.settle()

    on(tmp_path, policy, scenario)
    assert policy.endings == [(policy.asked[0].upload_id, "not created")]


def test_a_description_that_cannot_be_stored_gives_the_grant_back(tmp_path: Path) -> None:
    class Broken(ForgetfulStore):
        def create(self, upload: Any) -> None:
            raise StoreTrouble

    policy = RememberingPolicy()

    async def scenario(client: Exchange) -> None:
        reply = await client.ask("POST", "/files/", {"Upload-Length": "3"})
        assert reply.status == 503
        await client.server.finisher.settle()

    on(tmp_path, policy, scenario, store=Broken(tmp_path))
    assert policy.endings == [(policy.asked[0].upload_id, "not created")]


def test_an_arrival_says_what_arrived(tmp_path: Path) -> None:
    policy = RememberingPolicy()

    async def scenario(client: Exchange) -> None:
        location = await client.create(5, **{"Upload-Metadata": metadata(filename="a.pdf")})
        await client.patch(location, 0, b"hello")
        await client.server.finisher.settle()
        [arrival] = policy.arrivals
        assert arrival == ArrivalLog(tmp_path).read(id_of(location))
        assert arrival.sha256 == hashlib.sha256(b"hello").hexdigest()
        assert (arrival.size, arrival.claim) == (5, CLAIM)
        assert arrival.metadata == {"filename": "a.pdf"}
        assert abs(arrival.finished_at - datetime.now(UTC)) < timedelta(minutes=1)

    on(tmp_path, policy, scenario)


def test_a_portal_that_is_down_hears_of_it_later(tmp_path: Path) -> None:
    policy = RememberingPolicy()
    policy.failures = 3

    async def scenario(client: Exchange) -> None:
        location = await client.create(5)
        assert (await client.patch(location, 0, b"hello")).status == 204
        await client.server.finisher.settle()

    on(tmp_path, policy, scenario)
    assert len(policy.arrivals) == 1
    assert not list((tmp_path / "pending").iterdir())


def test_what_an_earlier_process_left_is_finished_at_start(tmp_path: Path) -> None:
    first, second = RememberingPolicy(), RememberingPolicy()
    first.failures = 10**9
    ids: list[str] = []

    async def interrupted(client: Exchange) -> None:
        """Complete and arrived, but never heard of; complete without an arrival; not complete."""
        reported, hashed_never, unfinished = [await client.create(3) for _ in range(3)]
        await client.patch(reported, 0, b"abc")
        await until(lambda: ArrivalLog(tmp_path).read(id_of(reported)))
        writer = FileStore(tmp_path).open(id_of(hashed_never))
        writer.write(0, [b"def"])
        writer.close()
        await client.patch(unfinished, 0, b"a")
        ids.extend(map(id_of, (reported, hashed_never, unfinished)))

    async def restarted(client: Exchange) -> None:
        await client.server.finisher.settle()
        client.clock.moment += timedelta(days=8)
        assert await client.server.expiry.sweep() == 1
        await client.server.finisher.settle()

    on(tmp_path, first, interrupted)
    on(tmp_path, second, restarted)
    assert {each.upload_id for each in second.arrivals} == set(ids[:2])
    assert second.endings == [(ids[2], "expired")]


def test_other_shards_are_left_to_their_process(tmp_path: Path) -> None:
    first, other = RememberingPolicy(), RememberingPolicy()
    first.failures = 10**9

    async def fill(client: Exchange) -> None:
        location = await client.create(3)
        assert int(id_of(location)[:2], 16) in range(16)
        await client.patch(location, 0, b"abc")
        await until(lambda: ArrivalLog(tmp_path).read(id_of(location)))

    async def elsewhere(client: Exchange) -> None:
        await client.server.finisher.settle()

    on(tmp_path, first, fill, shards=range(16))
    on(tmp_path, other, elsewhere, shards=range(16, 256))
    assert other.arrivals == []


def test_the_sweep_leaves_an_upload_that_is_being_written(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        location = await client.create(10)
        client.clock.moment += timedelta(days=8)
        async with client.server.operations.locks.hold(id_of(location)):
            assert await client.server.expiry.sweep() == 0
        assert await client.server.expiry.sweep() == 1

    on(tmp_path, RememberingPolicy(), scenario)


def test_a_clock_that_jumps_is_believed_only_when_it_lasts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    wall, steady = [1e9], [0.0]
    clock = SteadyClock(lambda: wall[0], lambda: steady[0])
    before = clock.now()
    wall[0] += 86_400
    steady[0] += 5
    assert clock.now() - before == timedelta(seconds=5)
    wall[0] += BELIEVE_AFTER_SECONDS
    steady[0] += BELIEVE_AFTER_SECONDS
    assert clock.now() - before > timedelta(days=1)
    assert caplog.text.count("jumped") == 1


def test_a_clock_that_jumps_back_and_forth_changes_nothing() -> None:
    wall, steady = [1e9], [0.0]
    clock = SteadyClock(lambda: wall[0], lambda: steady[0])
    before = clock.now()
    for jump in (-86_400.0, 86_400.0):
        wall[0] += jump
        steady[0] += 1
        wall[0] += 1
        assert abs(clock.now() - before) < timedelta(seconds=3)


def test_no_key_and_no_file_name_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keys: list[str] = []

    async def scenario(client: Exchange) -> None:
        location = await client.create(3, **{"Upload-Metadata": metadata(filename="rahasia.pdf")})
        (tmp_path / "data" / f"{id_of(location)}.info").write_text('{"rahasia": ')
        assert (await client.patch(location, 0, b"abc")).status == 503
        assert (await client.ask("HEAD", location)).status == 423
        keys.append(location.partition("~")[2])

    on(tmp_path, RememberingPolicy(), scenario)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert keys[0].encode() not in stored
    assert keys[0] not in caplog.text
    assert "rahasia" not in caplog.text
    assert "description" in caplog.text


def test_an_error_nobody_expected_is_503_and_its_text_stays_out_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(ForgetfulStore):
        def load(self, upload_id: str) -> Any:
            raise RuntimeError("".join(["raha", "sia.pdf"]))

    async def scenario(client: Exchange) -> None:
        location = await client.create(3)
        assert (await client.patch(location, 0, b"abc")).status == 503
        assert (await client.ask("HEAD", location)).status == 423

    on(tmp_path, RememberingPolicy(), scenario, store=Broken(tmp_path))
    assert "RuntimeError" in caplog.text
    assert "rahasia" not in caplog.text
