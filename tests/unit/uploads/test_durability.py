"""An acknowledged offset is durable: shown with a store that forgets, fills up, and fails to sync."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.unit.uploads.builders import (
    OCTETS,
    Exchange,
    RememberingPolicy,
    an_exchange,
    code_of,
    id_of,
    until,
)
from tests.unit.uploads.forgetful import ForgetfulStore
from uploads.body import BodyBroken
from uploads.fedbody import FedBody
from uploads.supply import Supply

MIB = 1024 * 1024


def on(store: ForgetfulStore, scenario: Callable[[Exchange], Awaitable[None]]) -> None:
    async def run() -> None:
        exchange = an_exchange(store.root, RememberingPolicy(), store)
        await (await exchange.server.start())
        try:
            await scenario(exchange)
        finally:
            await exchange.server.stop()

    asyncio.run(run())


@pytest.fixture
def store(tmp_path: Path) -> ForgetfulStore:
    return ForgetfulStore(tmp_path)


def test_what_a_patch_acknowledged_survives(store: ForgetfulStore) -> None:
    async def scenario(client: Exchange) -> None:
        location = await client.create(10)
        assert (await client.patch(location, 0, b"abcd")).status == 204
        store.crash()
        assert await client.offset(location) == 4

    on(store, scenario)


def test_what_a_creation_with_body_acknowledged_survives(store: ForgetfulStore) -> None:
    async def scenario(client: Exchange) -> None:
        reply = await client.ask(
            "POST", "/files/", {"Upload-Length": "10", "Content-Type": OCTETS}, b"abcd"
        )
        store.crash()
        assert await client.offset(reply.headers["Location"]) == 4

    on(store, scenario)


@pytest.mark.parametrize("asking", ["HEAD", "conflict"])
def test_what_a_broken_request_left_survives_once_it_was_told(
    store: ForgetfulStore, asking: str
) -> None:
    async def scenario(client: Exchange) -> None:
        location = await client.create(10)
        # As after a process died: bytes that are there but on no stable storage yet.
        store.open(id_of(location)).write(0, [b"abcd"])
        if asking == "HEAD":
            assert await client.offset(location) == 4
        else:
            reply = await client.patch(location, 0, b"abcd")
            assert reply.headers["Upload-Offset"] == "4"
        store.crash()
        assert await client.offset(location) == 4

    on(store, scenario)


def test_bytes_of_a_broken_request_are_kept_to_the_last(store: ForgetfulStore) -> None:
    async def scenario(client: Exchange) -> None:
        location = await client.create(10)
        body = FedBody(10)
        patching = asyncio.create_task(client.patch(location, 0, body))
        for piece in (b"ab", b"cde"):
            await asyncio.sleep(0)
            body.feed(piece)
        body.interrupt(BodyBroken)
        await patching
        assert await client.offset(location) == 5
        assert client.server.counters.broken == 1

    on(store, scenario)


@pytest.mark.parametrize("fails", [1, 2])
def test_a_sync_that_fails_acknowledges_nothing(store: ForgetfulStore, fails: int) -> None:
    """Nobody knows what a failed sync wrote, so the bytes since the last good one are dropped."""

    async def scenario(client: Exchange) -> None:
        location = await client.create(10)
        await client.patch(location, 0, b"abcd")
        store.failing_syncs = fails
        reply = await client.patch(location, 4, b"efg")
        assert (reply.status, code_of(reply)) == (503, "storage_trouble")
        if fails == 2:
            assert (await client.ask("HEAD", location)).status == 423
        assert await client.offset(location) == 4
        assert (await client.patch(location, 4, b"efghij")).status == 204
        assert store.read(id_of(location)).read() == b"abcdefghij"

    on(store, scenario)


def test_a_full_disk_keeps_what_is_there_and_goes_on_when_there_is_room(
    store: ForgetfulStore,
) -> None:
    async def scenario(client: Exchange) -> None:
        location = await client.create(3 * MIB)
        store.capacity = MIB + 5
        body = b"x" * (3 * MIB)
        reply = await client.patch(location, 0, body)
        assert (reply.status, code_of(reply)) == (503, "storage_full")
        assert int(reply.headers["Retry-After"]) > 0
        assert await client.offset(location) == MIB + 5
        refused = await client.ask("POST", "/files/", {"Upload-Length": "10"})
        assert (refused.status, code_of(refused)) == (503, "storage_full")
        store.capacity = 2**40
        assert (await client.patch(location, MIB + 5, body[MIB + 5 :])).status == 204

    on(store, scenario)


def test_a_full_disk_at_a_creation_with_body_tells_from_where_to_go_on(
    store: ForgetfulStore,
) -> None:
    async def scenario(client: Exchange) -> None:
        store.capacity = 6
        fields = {"Upload-Length": "6", "Content-Type": OCTETS}
        await client.create(6)
        reply = await client.ask("POST", "/files/", fields, b"abcdef")
        assert (reply.status, reply.headers["Upload-Offset"]) == (201, "6")
        late = await client.ask("POST", "/files/", {"Upload-Length": "0"})
        assert late.status == 503

    on(store, scenario)


def test_a_chunk_with_checksum_is_all_or_nothing(store: ForgetfulStore) -> None:
    async def scenario(client: Exchange) -> None:
        location = await client.create(10)
        digest = base64.b64encode(hashlib.sha256(b"abcdef").digest()).decode()
        body = FedBody(6)
        patching = asyncio.create_task(
            client.patch(location, 0, body, Upload_Checksum=f"sha256 {digest}")
        )
        await asyncio.sleep(0)
        body.feed(b"abc")
        body.interrupt(BodyBroken)
        assert (await patching).status == 503
        assert await client.offset(location) == 0
        again = await client.patch(location, 0, b"abcdef", Upload_Checksum=f"sha256 {digest}")
        assert again.headers["Upload-Offset"] == "6"

    on(store, scenario)


def test_a_stop_keeps_what_was_received_and_says_when_to_come_back(tmp_path: Path) -> None:
    store = ForgetfulStore(tmp_path)

    async def scenario() -> None:
        client = an_exchange(tmp_path, RememberingPolicy(), store)
        await client.server.start()
        location = await client.create(10)
        body = FedBody(10)
        patching = asyncio.create_task(client.patch(location, 0, body))
        await until(lambda: client.server.counters.active)
        body.feed(b"abc")
        await client.server.stop()
        reply = await patching
        assert (reply.status, code_of(reply)) == (503, "stopping")
        assert (await client.ask("HEAD", location)).status == 423
        store.crash()
        assert store.load(id_of(location)).offset == 3

    asyncio.run(scenario())


def test_a_head_takes_the_upload_from_a_stalled_holder(store: ForgetfulStore) -> None:
    async def scenario(client: Exchange) -> None:
        location = await client.create(10)
        body = FedBody(10)
        patching = asyncio.create_task(client.patch(location, 0, body))
        await until(lambda: client.server.counters.active)
        body.feed(b"abc")
        assert await client.offset(location) == 3
        reply = await patching
        assert (reply.status, code_of(reply)) == (423, "upload_locked")
        body.feed(b"late")
        assert await client.offset(location) == 3
        assert client.server.counters.taken_over == 1

    on(store, scenario)


def test_a_lease_that_passed_writes_nothing(tmp_path: Path) -> None:
    """Fencing: whoever lost the upload without noticing is stopped at its next write."""
    store = ForgetfulStore(tmp_path)

    async def scenario(client: Exchange) -> None:
        location = await client.create(10)
        body = FedBody(10)
        patching = asyncio.create_task(client.patch(location, 0, body))
        await until(lambda: client.server.counters.active)
        (tmp_path / "locks" / f"{id_of(location)[:2]}.lock").unlink()
        body.feed(b"abcdefghij")
        body.end()
        assert (await patching).status == 423
        assert await client.offset(location) == 0

    on(store, scenario)


@pytest.mark.parametrize(
    ("more", "status", "offset"), [(b"k", 413, 0), (b"", 204, 10), (None, 503, 10)]
)
def test_the_end_of_a_chunked_body_decides_whether_it_fits(
    store: ForgetfulStore, more: bytes | None, status: int, offset: int
) -> None:
    """All bytes are here; then come more, or the end, or the line breaks."""

    async def scenario(client: Exchange) -> None:
        location = await client.create(10)
        body = FedBody(None, Supply(age=0.01))
        patching = asyncio.create_task(client.patch(location, 0, body))
        await until(lambda: client.server.counters.active)
        body.feed(b"abcdefghij")
        await until(lambda: not body.held)
        if more is None:
            body.interrupt(BodyBroken)
        else:
            body.feed(more)
            body.end()
        assert (await patching).status == status
        assert await client.offset(location) == offset

    on(store, scenario)
