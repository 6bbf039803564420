"""A creation with its whole small body: packed and reported, or a plain file with what came."""

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
    metadata,
    until,
)
from uploads import finishing, packing
from uploads.body import BodyBroken
from uploads.errors import StoreFull
from uploads.fedbody import FedBody
from uploads.model import Reply
from uploads.packing import PackingStore
from uploads.packing_operations import PackingOperations
from uploads.packs import LARGEST
from uploads.shelf import Shelf
from uploads.supply import Supply

BODY = b"%PDF-1.7 " + bytes(range(256)) * 400
HASH = hashlib.sha256(BODY).hexdigest()


def on(
    root: Path, scenario: Callable[[Exchange], Awaitable[None]], **changes: object
) -> RememberingPolicy:
    policy = changes.pop("policy", None) or RememberingPolicy()
    assert isinstance(policy, RememberingPolicy)

    async def run() -> None:
        client = an_exchange(root, policy, PackingStore(root), engine=PackingOperations, **changes)
        await (await client.server.start())
        try:
            await scenario(client)
            if not policy.failures:
                await client.server.finisher.settle()
        finally:
            await client.server.stop()

    asyncio.run(run())
    return policy


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finishing, "FIRST_DELAY_SECONDS", 0.01)


async def post(
    client: Exchange, body: bytes | FedBody = BODY, length: int = len(BODY), **more: str
) -> Reply:
    fields = {"Upload-Length": str(length), "Content-Type": OCTETS}
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    return await client.ask("POST", "/files/", fields, body)


def plain_files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "data").iterdir())


def test_a_document_that_comes_whole_is_packed_and_nothing_else_is_written(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        reply = await post(client, Upload_Metadata=metadata(filename="sk.pdf"))
        assert (reply.status, reply.headers["Upload-Offset"]) == (201, str(len(BODY)))
        location = reply.headers["Location"]
        assert await client.offset(location) == len(BODY)
        head = await client.ask("HEAD", location)
        assert head.headers["Upload-Length"] == str(len(BODY))
        assert "filename" in head.headers["Upload-Metadata"]
        assert "Upload-Expires" not in head.headers
        await client.server.finisher.settle()
        assert plain_files(tmp_path) == []
        assert list((tmp_path / "pending").iterdir()) == []
        counted = client.server.counters
        assert (counted.created, counted.finished, counted.packed) == (1, 1, 1)
        assert counted.bytes_stored == len(BODY)
        with Shelf(tmp_path).open(id_of(location)) as file:
            assert file.read() == BODY

    [arrival] = on(tmp_path, scenario).arrivals
    assert (arrival.size, arrival.sha256) == (len(BODY), HASH)
    assert arrival.metadata == {"filename": "sk.pdf"}
    assert Shelf(tmp_path).arrival(arrival.upload_id) == arrival


def test_a_packed_document_is_finished_for_every_verb(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        location = (await post(client)).headers["Location"]
        late = await client.patch(location, 3, b"more")
        assert (late.status, late.headers["Upload-Offset"]) == (409, str(len(BODY)))
        assert (await client.patch(location, len(BODY), b"more")).status == 413
        assert (await client.patch(location, len(BODY), b"")).status == 204
        deleted = await client.ask("DELETE", location)
        assert (deleted.status, code_of(deleted)) == (403, "already_finished")

    assert len(on(tmp_path, scenario).arrivals) == 1


@pytest.mark.parametrize(
    ("length", "body", "more"),
    [
        (LARGEST + 1, bytes(LARGEST + 1), {}),
        (len(BODY) + 1, BODY, {}),
        (0, b"", {}),
        (len(BODY), BODY, {"Upload_Concat": "partial"}),
    ],
)
def test_what_is_large_or_not_whole_or_a_part_is_a_plain_file(
    tmp_path: Path, length: int, body: bytes, more: dict[str, str]
) -> None:
    async def scenario(client: Exchange) -> None:
        reply = await post(client, body, length, **more)
        assert reply.status == 201
        upload_id = id_of(reply.headers["Location"])
        assert plain_files(tmp_path) == [upload_id, f"{upload_id}.info"]
        assert await client.offset(reply.headers["Location"]) == len(body)

    on(tmp_path, scenario)


def test_a_body_that_comes_in_pieces_is_packed_too(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        body = FedBody(len(BODY))
        posting = asyncio.create_task(post(client, body))
        await until(lambda: client.server.counters.active)
        for start in range(0, len(BODY), 30_000):
            body.feed(BODY[start : start + 30_000])
            await asyncio.sleep(0)
        assert (await posting).status == 201
        assert plain_files(tmp_path) == []

    [arrival] = on(tmp_path, scenario).arrivals
    assert arrival.sha256 == HASH


@pytest.mark.parametrize("came", [0, 1, 50_000])
def test_what_is_interrupted_is_a_plain_file_with_the_bytes_that_came(
    tmp_path: Path, came: int
) -> None:
    async def scenario(client: Exchange) -> None:
        body = FedBody(len(BODY))
        posting = asyncio.create_task(post(client, body))
        await until(lambda: client.server.counters.active)
        assert plain_files(tmp_path) == []
        body.feed(BODY[:came])
        body.interrupt(BodyBroken)
        reply = await posting
        location = reply.headers["Location"]
        assert await client.offset(location) == came
        assert (await client.patch(location, came, BODY[came:])).status == 204
        await client.server.finisher.settle()

    [arrival] = on(tmp_path, scenario).arrivals
    assert arrival.sha256 == HASH
    assert Shelf(tmp_path).size(arrival.upload_id) == len(BODY)


def test_a_stop_in_the_middle_keeps_what_came(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        body = FedBody(len(BODY))
        posting = asyncio.create_task(post(client, body))
        await until(lambda: client.server.counters.active)
        body.feed(BODY[:70_000])
        client.server.interrupt()
        await posting
        [upload_id, _] = plain_files(tmp_path)
        assert Shelf(tmp_path).size(upload_id) == 70_000

    on(tmp_path, scenario)


def test_too_much_waiting_in_memory_goes_to_plain_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "GATHERED_BUDGET", len(BODY) // 2)

    async def scenario(client: Exchange) -> None:
        body = FedBody(len(BODY), Supply(age=0.05))
        posting = asyncio.create_task(post(client, body))
        await until(lambda: client.server.counters.active)
        body.feed(BODY[:70_000])
        await until(lambda: plain_files(tmp_path))
        body.feed(BODY[70_000:])
        body.end()
        reply = await posting
        assert reply.headers["Upload-Offset"] == str(len(BODY))
        assert client.server.operations._packing._gathered == 0  # type: ignore[attr-defined]
        await client.server.finisher.settle()

    [arrival] = on(tmp_path, scenario).arrivals
    assert arrival.sha256 == HASH


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("right", [True, False])
def test_a_checksum_decides_whether_the_body_counts(
    tmp_path: Path, algorithm: str, right: bool
) -> None:
    digest = hashlib.new(algorithm, BODY if right else b"other").digest()
    checksum = f"{algorithm} {base64.b64encode(digest).decode()}"

    async def scenario(client: Exchange) -> None:
        reply = await post(client, Upload_Checksum=checksum)
        assert reply.status == 201
        assert reply.headers["Upload-Offset"] == (str(len(BODY)) if right else "0")
        assert bool(plain_files(tmp_path)) != right
        assert await client.offset(reply.headers["Location"]) == (len(BODY) if right else 0)

    assert len(on(tmp_path, scenario).arrivals) == right


def test_without_room_for_a_pack_the_grant_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(client: Exchange) -> None:
        store = client.server.operations._packed  # type: ignore[attr-defined]

        def full(needed: int) -> None:
            raise StoreFull

        monkeypatch.setattr(store.packs._committer, "_open_segment", full)
        reply = await post(client)
        assert (reply.status, code_of(reply)) == (503, "storage_full")
        await client.server.finisher.settle()

    policy = on(tmp_path, scenario)
    assert [why for _, why in policy.endings] == ["not created"]
    assert plain_files(tmp_path) == []


def test_a_portal_that_is_down_hears_of_packed_documents_later(tmp_path: Path) -> None:
    first, second, third = RememberingPolicy(), RememberingPolicy(), RememberingPolicy()
    first.failures = 10**9

    async def interrupted(client: Exchange) -> None:
        for _ in range(3):
            assert (await post(client)).status == 201

    async def restarted(client: Exchange) -> None:
        await client.server.finisher.settle()

    on(tmp_path, interrupted, policy=first)
    on(tmp_path, restarted, policy=second)
    assert {each.sha256 for each in second.arrivals} == {HASH}
    assert len(second.arrivals) == 3
    on(tmp_path, restarted, policy=third)
    assert third.arrivals == []


def test_a_sender_who_left_while_his_document_was_packed_is_heard_of(tmp_path: Path) -> None:
    """The last byte came; nobody waits for the answer any more."""

    async def scenario(client: Exchange) -> None:
        posting = asyncio.create_task(post(client))
        committer = client.server.operations._packed.packs._committer  # type: ignore[attr-defined]
        await until(lambda: committer._thread)
        posting.cancel()
        await asyncio.wait([posting])
        await client.server.finisher.settle()

    arrivals = on(tmp_path, scenario).arrivals
    packed = list(Shelf(tmp_path).scan())
    assert arrivals == packed
