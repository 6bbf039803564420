"""Small documents that come whole with their creation, against the core over a store with packs."""

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
from uploads.body import BodyBroken
from uploads.fedbody import FedBody
from uploads.packing import PackingStore
from uploads.shelf import Shelf

CONTENT = b"a small document" * 100
BODY = {"Upload-Length": str(len(CONTENT)), "Content-Type": OCTETS}


def on(
    root: Path,
    scenario: Callable[[Exchange], Awaitable[None]],
    policy: RememberingPolicy | None = None,
) -> RememberingPolicy:
    policy = policy or RememberingPolicy()

    async def run() -> None:
        exchange = an_exchange(root, policy, PackingStore(root))
        await (await exchange.server.start())
        try:
            await scenario(exchange)
            await exchange.server.finisher.settle()
        finally:
            await exchange.server.stop()

    asyncio.run(run())
    return policy


def plain(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "data").iterdir() if not path.suffix)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def checksum(content: bytes) -> str:
    return "sha1 " + base64.b64encode(hashlib.sha1(content).digest()).decode()


def test_a_document_is_packed_and_is_an_upload_like_any_other(tmp_path: Path) -> None:
    paths = []

    async def scenario(client: Exchange) -> None:
        reply = await client.ask("POST", "/files/", BODY, CONTENT)
        assert (reply.status, reply.headers["Upload-Offset"]) == (201, str(len(CONTENT)))
        assert "Upload-Expires" not in reply.headers
        paths.append(reply.headers["Location"])
        head = await client.ask("HEAD", paths[0])
        assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (
            str(len(CONTENT)), str(len(CONTENT)),
        )  # fmt: skip
        assert (await client.patch(paths[0], len(CONTENT), b"")).status == 204
        assert (await client.patch(paths[0], 0, CONTENT)).status == 409
        assert (await client.patch(paths[0], len(CONTENT), b"x")).status == 413
        gone = await client.ask("DELETE", paths[0])
        assert (gone.status, code_of(gone)) == (403, "already_finished")
        assert plain(tmp_path) == []

    policy = on(tmp_path, scenario)
    assert [(each.upload_id, each.sha256) for each in policy.arrivals] == [
        (id_of(paths[0]), digest(CONTENT))
    ]
    assert policy.endings == []
    with Shelf(tmp_path).open(id_of(paths[0])) as file:
        assert file.read() == CONTENT


@pytest.mark.parametrize(
    "headers",
    [
        {"Upload-Length": str(len(CONTENT) + 1)},
        {"Upload-Concat": "partial"},
        {"Upload-Defer-Length": "1"},
    ],
    ids=str,
)
def test_what_is_no_whole_document_is_a_plain_file(tmp_path: Path, headers: dict[str, str]) -> None:
    async def scenario(client: Exchange) -> None:
        fields = BODY | headers
        if "Upload-Defer-Length" in headers:
            fields.pop("Upload-Length")
        reply = await client.ask("POST", "/files/", fields, CONTENT)
        assert (reply.status, reply.headers["Upload-Offset"]) == (201, str(len(CONTENT)))
        assert plain(tmp_path) == [id_of(reply.headers["Location"])]

    assert on(tmp_path, scenario).arrivals == []


def test_a_broken_document_becomes_a_plain_file_and_is_gone_on_with(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        body = FedBody(len(CONTENT))
        sending = asyncio.create_task(client.ask("POST", "/files/", BODY, body))
        await until(lambda: client.server.counters.active)
        body.feed(CONTENT[:700])
        body.interrupt(BodyBroken)
        # The line is broken: the answer is heard by nobody, yet it says how far it came.
        reply = await sending
        path = reply.headers["Location"]
        assert reply.headers["Upload-Offset"] == "700"
        assert plain(tmp_path) == [id_of(path)]
        assert (await client.patch(path, 700, CONTENT[700:])).status == 204

    assert [each.sha256 for each in on(tmp_path, scenario).arrivals] == [digest(CONTENT)]


def test_a_checksum_is_verified_before_anything_is_packed(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        wrong = BODY | {"Upload-Checksum": checksum(b"other")}
        reply = await client.ask("POST", "/files/", wrong, CONTENT)
        assert (reply.status, reply.headers["Upload-Offset"]) == (201, "0")
        path = reply.headers["Location"]
        assert await client.offset(path) == 0
        assert (await client.patch(path, 0, CONTENT)).status == 204
        right = BODY | {"Upload-Checksum": checksum(CONTENT)}
        assert (await client.ask("POST", "/files/", right, CONTENT)).status == 201
        assert plain(tmp_path) == [id_of(path)]

    assert [each.sha256 for each in on(tmp_path, scenario).arrivals] == [digest(CONTENT)] * 2


def test_what_the_policy_did_not_hear_of_it_hears_after_a_restart(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        assert (await client.ask("POST", "/files/", BODY, CONTENT)).status == 201

    async def nothing(_: Exchange) -> None:
        """Only the start."""

    deaf = RememberingPolicy()
    deaf.failures = 1

    async def before() -> None:
        exchange = an_exchange(tmp_path, deaf, PackingStore(tmp_path))
        await (await exchange.server.start())
        await scenario(exchange)
        await until(lambda: not deaf.failures)
        await exchange.server.stop()

    asyncio.run(before())
    assert deaf.arrivals == []
    assert [each.sha256 for each in on(tmp_path, nothing).arrivals] == [digest(CONTENT)]


def test_no_leave_no_document(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        policy.max_size = 10
        reply = await client.ask("POST", "/files/", BODY, CONTENT)
        assert (reply.status, code_of(reply)) == (413, "too_large")

    policy = RememberingPolicy()
    on(tmp_path, scenario, policy)
    assert policy.arrivals == []
    assert [why for _, why in policy.endings] == ["not created"]
