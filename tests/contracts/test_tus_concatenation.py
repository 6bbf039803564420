"""Parts that become one file, and lengths that come later: against the core, over a store that may crash."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.unit.uploads.builders import (
    OCTETS,
    SECRET,
    Exchange,
    RememberingPolicy,
    an_exchange,
    code_of,
    id_of,
    metadata,
    until,
)
from tests.unit.uploads.forgetful import ForgetfulStore
from uploads import FileStore, path_for
from uploads.model import Reply
from uploads.policy import DEFERRED_BYTES


class Clients:
    """One or two servers over one root."""

    def __init__(self, *exchanges: Exchange) -> None:
        self.first, self.second = exchanges[0], exchanges[-1]


def on(
    root: Path, scenario: Callable[[Clients], Awaitable[None]], count: int = 1, **changes: Any
) -> RememberingPolicy:
    policy = changes.setdefault("policy", RememberingPolicy())

    async def run() -> None:
        shards = [range(256)] if count == 1 else [range(128), range(128, 256)]
        exchanges = [an_exchange(root, shards=each, **changes) for each in shards]
        for exchange in exchanges:
            await (await exchange.server.start())
        try:
            await scenario(Clients(*exchanges))
            for exchange in exchanges:
                joins = exchange.server.operations._concatenation._joining
                await until(lambda joins=joins: not joins)
                await exchange.server.finisher.settle()
        finally:
            for exchange in exchanges:
                await exchange.server.stop()

    asyncio.run(run())
    assert isinstance(policy, RememberingPolicy)
    return policy


async def part(client: Exchange, content: bytes, sent: int | None = None, **headers: str) -> str:
    path = await client.create(len(content), **{"Upload-Concat": "partial"} | headers)
    assert (await client.patch(path, 0, content[:sent])).status == 204
    return path


async def final(client: Exchange, *paths: str, **headers: str) -> Reply:
    return await client.ask(
        "POST", "/files/", {"Upload-Concat": "final;" + " ".join(paths)} | headers
    )


async def joined(client: Exchange, path: str) -> int:
    async with asyncio.timeout(PATIENCE):
        while True:
            head = await client.ask("HEAD", path)
            if "Upload-Offset" in head.headers:
                break
            await asyncio.sleep(0.02)
    assert head.headers["Upload-Offset"] == head.headers["Upload-Length"]
    return int(head.headers["Upload-Length"])


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_parts_become_one_file_in_the_order_of_the_list(tmp_path: Path) -> None:
    async def scenario(clients: Clients) -> None:
        client = clients.first
        one, two = await part(client, b"hello"), await part(client, b" world")
        reply = await final(client, two, one, **{"Upload-Metadata": metadata(filename="a.pdf")})
        assert reply.status == 201
        path = reply.headers["Location"]
        assert await joined(client, path) == 11
        head = await client.ask("HEAD", path)
        assert head.headers["Upload-Concat"] == f"final;{two} {one}"
        assert head.headers["Upload-Metadata"] == metadata(filename="a.pdf")
        assert "Upload-Expires" not in head.headers
        # A sender that did not hear the answer asks again for everything.
        for each, length in ((one, 5), (two, 6)):
            assert await client.offset(each) == length
        again = await final(client, two, one, **{"Upload-Metadata": metadata(filename="a.pdf")})
        assert (again.status, again.headers["Location"]) == (201, path)
        other = await final(client, two, one)
        assert (other.status, code_of(other)) == (403, "part_taken")

    policy = on(tmp_path, scenario)
    [arrival] = policy.arrivals
    assert (arrival.sha256, arrival.metadata) == (digest(b" worldhello"), {"filename": "a.pdf"})
    asked = policy.asked
    assert [each.partial for each in asked] == [True, True, False]
    assert asked[2].parts == (asked[1].upload_id, asked[0].upload_id)
    assert asked[2].length == 11
    assert policy.endings == []


def test_the_bytes_of_joined_parts_are_given_back(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096

    async def scenario(clients: Clients) -> None:
        paths = [await part(clients.first, content) for _ in range(2)]
        await joined(clients.first, (await final(clients.first, *paths)).headers["Location"])
        files = [tmp_path / "data" / id_of(path) for path in paths]
        await until(lambda: all(file.stat().st_blocks == 0 for file in files))
        assert [file.stat().st_size for file in files] == [len(content)] * 2

    [arrival] = on(tmp_path, scenario).arrivals
    assert arrival.sha256 == digest(content * 2)


@pytest.mark.parametrize("count", [1, 2])
def test_a_final_upload_may_come_before_its_parts_are_complete(tmp_path: Path, count: int) -> None:
    async def scenario(clients: Clients) -> None:
        one, two = await part(clients.first, b"hello", 2), await part(clients.second, b" world", 0)
        path = (await final(clients.second, one, two)).headers["Location"]
        head = await clients.second.ask("HEAD", path)
        assert "Upload-Offset" not in head.headers
        assert head.headers["Upload-Length"] == "11"
        assert (await clients.first.patch(one, 2, b"llo")).status == 204
        assert (await clients.second.patch(two, 0, b" world")).status == 204
        assert await joined(clients.second, path) == 11
        await until(lambda: policy.arrivals)

    policy = RememberingPolicy()
    on(tmp_path, scenario, count, policy=policy)
    assert [each.sha256 for each in policy.arrivals] == [digest(b"hello world")]


def test_a_final_upload_takes_no_bytes(tmp_path: Path) -> None:
    async def scenario(clients: Clients) -> None:
        client = clients.first
        one = await part(client, b"hello", 2)
        fields = {"Upload-Concat": f"final;{one}", "Content-Type": OCTETS}
        assert (await client.ask("POST", "/files/", fields, b"x")).status == 403
        path = (await final(client, one)).headers["Location"]
        for offset in (0, 2, 5):
            reply = await client.patch(path, offset, b"x")
            assert (reply.status, code_of(reply)) == (403, "final_upload")
        assert (await client.patch(one, 2, b"llo")).status == 204
        await joined(client, path)
        reply = await client.patch(path, 5, b"")
        assert (reply.status, code_of(reply)) == (403, "final_upload")

    assert [each.sha256 for each in on(tmp_path, scenario).arrivals] == [digest(b"hello")]


def test_a_part_alone_is_no_file_and_goes_when_its_time_is_over(tmp_path: Path) -> None:
    ids = []

    async def scenario(clients: Clients) -> None:
        client = clients.first
        path = await part(client, b"hello")
        ids.append(id_of(path))
        head = await client.ask("HEAD", path)
        assert head.headers["Upload-Concat"] == "partial"
        assert "Upload-Expires" in head.headers
        client.clock.moment += timedelta(days=7)
        assert (await client.ask("HEAD", path)).status == 410
        assert (await final(client, path)).status == 410
        assert await client.server.expiry.sweep() == 1
        assert code_of(await final(client, path)) == "unknown_part"

    policy = on(tmp_path, scenario)
    assert policy.arrivals == []
    assert policy.endings == [(ids[0], "expired")]
    assert [path.name for path in (tmp_path / "data").iterdir()] == []


@pytest.mark.parametrize(
    "form", ["{}", "https://upload.example{}", "http://h:8080/awalan{}", "relative"]
)
def test_parts_are_named_by_any_url_with_their_key(tmp_path: Path, form: str) -> None:
    async def scenario(clients: Clients) -> None:
        client = clients.first
        path = await part(client, b"hello")
        named = path.removeprefix("/files/") if form == "relative" else form.format(path)
        reply = await final(client, named)
        assert reply.status == 201, reply.body
        head = await client.ask("HEAD", reply.headers["Location"])
        assert head.headers["Upload-Concat"] == f"final;{named}"
        infos = [each.read_text() for each in (tmp_path / "data").glob("*.info")]
        assert not any("~" in info for info in infos)

    assert len(on(tmp_path, scenario).arrivals) == 1


def test_what_is_no_part_or_anothers_is_refused(tmp_path: Path) -> None:
    async def scenario(clients: Clients) -> None:
        client = clients.first
        whole, one = await client.create(3), await part(client, b"abc")
        for paths in ([whole], [path_for(SECRET, "d" * 32)], [one[:-1] + "0"], ["/files/x"]):
            reply = await final(client, one, *paths)
            assert (reply.status, code_of(reply)) == (400, "unknown_part")
        policy.owner = "account:" + "c" * 32
        assert code_of(await final(client, one)) == "part_taken"

    policy = RememberingPolicy()
    on(tmp_path, scenario, policy=policy)
    assert [why for _, why in policy.endings] == ["not created"]


def test_deletion_of_parts_and_final_uploads(tmp_path: Path) -> None:
    async def scenario(clients: Clients) -> None:
        client = clients.first
        lonely, one, two = [await part(client, b"abc", sent) for sent in (3, 3, 1)]
        assert (await client.ask("DELETE", lonely)).status == 204
        path = (await final(client, one, two)).headers["Location"]
        assert (await client.ask("DELETE", one)).status == 403
        assert (await client.ask("DELETE", path)).status == 204
        assert (await client.ask("HEAD", path)).status == 404
        # They are free again.
        path = (await final(client, one)).headers["Location"]
        await joined(client, path)
        assert (await client.ask("DELETE", path)).status == 403
        assert (await client.ask("DELETE", one)).status == 204
        assert (await client.ask("DELETE", two)).status == 204
        assert await client.offset(path) == 3

    assert [each.sha256 for each in on(tmp_path, scenario).arrivals] == [digest(b"abc")]


def test_a_restart_takes_up_what_waits(tmp_path: Path) -> None:
    store, paths = ForgetfulStore(tmp_path), []

    async def before(clients: Clients) -> None:
        client = clients.first
        paths.extend([await part(client, b"hello"), await part(client, b" world", 1)])
        paths.append((await final(client, *paths)).headers["Location"])

    async def after(clients: Clients) -> None:
        client = clients.first
        assert (await client.patch(paths[1], 1, b"world")).status == 204
        assert await joined(client, paths[2]) == 11
        reply = await final(client, *paths[:2])
        assert reply.headers["Location"] == paths[2]

    on(tmp_path, before, store=store)
    store.crash()
    assert [each.sha256 for each in on(tmp_path, after, store=store).arrivals] == [
        digest(b"hello world")
    ]


def test_a_length_that_comes_later(tmp_path: Path) -> None:
    deferred = {"Upload-Defer-Length": "1"}

    async def scenario(clients: Clients) -> None:
        client = clients.first
        path = (await client.ask("POST", "/files/", deferred)).headers["Location"]
        head = await client.ask("HEAD", path)
        assert head.headers["Upload-Defer-Length"] == "1"
        assert "Upload-Length" not in head.headers
        assert (await client.patch(path, 0, b"hello")).status == 204
        for length, code in (("4", "length_changed"), (str(DEFERRED_BYTES + 1), "too_large")):
            assert code_of(await client.patch(path, 5, b"", Upload_Length=length)) == code
        assert (await client.patch(path, 5, b"!" * 7, Upload_Length="11")).status == 413
        assert (await client.ask("HEAD", path)).headers["Upload-Defer-Length"] == "1"
        wrong = {"Upload_Length": "11", "Upload_Checksum": "sha1 " + "A" * 27 + "="}
        assert (await client.patch(path, 5, b" wo", **wrong)).status == 460
        assert (await client.ask("HEAD", path)).headers["Upload-Defer-Length"] == "1"
        assert (await client.patch(path, 5, b" wo", Upload_Length="11")).status == 204
        head = await client.ask("HEAD", path)
        assert "Upload-Defer-Length" not in head.headers
        assert head.headers["Upload-Length"] == "11"
        assert code_of(await client.patch(path, 8, b"", Upload_Length="12")) == "length_changed"
        assert (await client.patch(path, 8, b"rld", Upload_Length="11")).status == 204

    policy = on(tmp_path, scenario)
    assert policy.asked[0].length is None
    assert [length for _, length in policy.declarations] == [11]
    assert [each.sha256 for each in policy.arrivals] == [digest(b"hello world")]


def test_declaring_what_is_already_there_finishes_an_upload(tmp_path: Path) -> None:
    async def scenario(clients: Clients) -> None:
        client = clients.first
        fields = {"Upload-Defer-Length": "1", "Content-Type": OCTETS}
        reply = await client.ask("POST", "/files/", fields, b"hello")
        assert (reply.status, reply.headers["Upload-Offset"]) == (201, "5")
        assert (
            await client.patch(reply.headers["Location"], 5, b"", Upload_Length="5")
        ).status == 204

    assert [each.size for each in on(tmp_path, scenario).arrivals] == [5]


def test_a_final_upload_of_parts_without_lengths(tmp_path: Path) -> None:
    async def scenario(clients: Clients) -> None:
        client = clients.first
        fields = {"Upload-Defer-Length": "1", "Upload-Concat": "partial"}
        one = (await client.ask("POST", "/files/", fields)).headers["Location"]
        path = (await final(client, one)).headers["Location"]
        head = await client.ask("HEAD", path)
        assert not {"Upload-Length", "Upload-Offset", "Upload-Defer-Length"} & set(head.headers)
        assert (await client.patch(one, 0, b"he", Upload_Length="5")).status == 204
        assert (await client.ask("HEAD", path)).headers["Upload-Length"] == "5"
        assert (await client.patch(one, 2, b"llo")).status == 204
        assert await joined(client, path) == 5

    policy = on(tmp_path, scenario)
    assert [length for _, length in policy.declarations] == [5, 5]
    assert [each.sha256 for each in policy.arrivals] == [digest(b"hello")]


def test_parts_of_no_bytes(tmp_path: Path) -> None:
    async def scenario(clients: Clients) -> None:
        one = await clients.first.create(0, **{"Upload-Concat": "partial"})
        path = (await final(clients.first, one)).headers["Location"]
        assert await joined(clients.first, path) == 0

    assert [each.size for each in on(tmp_path, scenario).arrivals] == [0]


def test_a_real_store_keeps_joins_across_processes(tmp_path: Path) -> None:
    """Parts of one process, the final upload of another, and the first one gone."""

    async def scenario(clients: Clients) -> None:
        one, two = await part(clients.first, b"hello"), await part(clients.second, b" world")
        path = (await final(clients.first, one, two)).headers["Location"]
        await joined(clients.first, path)

    on(tmp_path, scenario, 2, store=FileStore(tmp_path))
