"""tus 1.0.0, requirement by requirement, against the core: one row per MUST, named by its section."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.uploads.builders import (
    OCTETS,
    SECRET,
    Exchange,
    RememberingPolicy,
    an_exchange,
    code_of,
    id_of,
    metadata,
)
from tests.unit.uploads.forgetful import ForgetfulStore
from uploads import key_for, path_for

OTHER = path_for(SECRET, "d" * 32)
SHA1 = "sha1 " + base64.b64encode(hashlib.sha1(b"abc").digest()).decode()
SHA256 = "sha256 " + base64.b64encode(hashlib.sha256(b"abc").digest()).decode()
WRONG = "sha1 " + base64.b64encode(hashlib.sha1(b"abd").digest()).decode()


def on(
    tmp_path: Path, scenario: Callable[[Exchange], Awaitable[None]], **changes: Any
) -> RememberingPolicy:
    """Run a scenario against a fresh server; the policy comes back to be asked."""
    policy = changes.setdefault("policy", RememberingPolicy())

    async def run() -> None:
        exchange = an_exchange(tmp_path, **changes)
        await (await exchange.server.start())
        try:
            await scenario(exchange)
            await exchange.server.finisher.settle()
        finally:
            await exchange.server.stop()

    asyncio.run(run())
    assert isinstance(policy, RememberingPolicy)
    return policy


@dataclass(frozen=True, kw_only=True)
class Row:
    """A request against an upload of 10 bytes at offset 4, and its answer."""

    section: str
    method: str = "PATCH"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunked: bool = False
    version: str | None = "1.0.0"
    path: str | None = None
    status: int = 204
    answers: dict[str, str] = field(default_factory=dict)
    offset: int = 4
    code: str = ""


AT_4 = {"Content-Type": OCTETS, "Upload-Offset": "4"}
NEW = {"Upload-Length": "3"}

ROWS = [
    Row(section="core, OPTIONS: version, extensions, maximum", method="OPTIONS", version=None,
        answers={"Tus-Version": "1.0.0", "Tus-Max-Size": "1000", "Tus-Extension":
                 "creation,creation-with-upload,creation-defer-length,expiration,checksum,checksum-trailer,"
                 "termination,concatenation,concatenation-unfinished",
                 "Tus-Checksum-Algorithm": "sha1,sha256"}),
    Row(section="core, Tus-Resumable: none is 412", version=None, headers=AT_4, body=b"x",
        status=412, code="unsupported_version", answers={"Tus-Version": "1.0.0"}),
    Row(section="core, Tus-Resumable: another is 412 and not processed", version="0.2.2",
        headers=AT_4, body=b"x", status=412, code="unsupported_version"),
    Row(section="core, Tus-Resumable: creation too", method="POST", path="/files/",
        headers=NEW, version="2.0.0", status=412, code="unsupported_version"),
    Row(section="core, Tus-Resumable: HEAD too", method="HEAD", version=None, status=412,
        answers={"Tus-Version": "1.0.0"}),
    Row(section="core, X-HTTP-Method-Override: replaces the method", method="POST",
        headers=AT_4 | {"X-HTTP-Method-Override": "PATCH"}, body=b"xy", offset=6),
    Row(section="core, HEAD: offset, length, not cached", method="HEAD", status=200,
        answers={"Upload-Offset": "4", "Upload-Length": "10", "Cache-Control": "no-store"}),
    Row(section="core, HEAD: unknown is 404 without an offset", method="HEAD", path=OTHER, status=404),
    Row(section="core, PATCH: offset after the bytes", headers=AT_4, body=b"xyz",
        answers={"Upload-Offset": "7"}, offset=7),
    Row(section="core, PATCH: no bytes, no change", headers=AT_4, answers={"Upload-Offset": "4"}),
    Row(section="core, PATCH: another content type is 415",
        headers=AT_4 | {"Content-Type": "application/octet-stream"}, body=b"x", status=415,
        code="unsupported_content_type"),
    Row(section="core, PATCH: parameters of the type are nothing to us",
        headers=AT_4 | {"Content-Type": OCTETS + "; charset=utf-8"}, body=b"x", offset=5),
    Row(section="core, PATCH: a lower offset is 409 with the present one",
        headers=AT_4 | {"Upload-Offset": "3"}, body=b"x", status=409, code="offset_conflict",
        answers={"Upload-Offset": "4"}),
    Row(section="core, PATCH: a higher offset is 409",
        headers=AT_4 | {"Upload-Offset": "5"}, body=b"x", status=409, code="offset_conflict",
        answers={"Upload-Offset": "4"}),
    Row(section="core, PATCH: no offset is 400", headers={"Content-Type": OCTETS}, body=b"x",
        status=400, code="bad_header"),
    *(Row(section=f"core, Upload-Offset: {text!r} is no non-negative integer",
          headers=AT_4 | {"Upload-Offset": text}, body=b"x", status=400, code="bad_header")
      for text in ("-1", "4.0", "abc", "", "4, 4", "٤", "+4", "9" * 40)),
    Row(section="core, PATCH: unknown is 404", path=OTHER, headers=AT_4, body=b"x", status=404,
        code="unknown_upload"),
    Row(section="core, PATCH: more than the length is 413", headers=AT_4, body=b"x" * 7,
        status=413, code="longer_than_declared"),
    Row(section="core, PATCH: chunked", headers=AT_4, body=b"xyz", chunked=True, offset=7),
    Row(section="core, PATCH: chunked to the exact end", headers=AT_4, body=b"x" * 6, chunked=True,
        answers={"Upload-Offset": "10"}, offset=10),
    Row(section="core, PATCH: chunked and too long is 413", headers=AT_4, body=b"x" * 7,
        chunked=True, status=413, code="longer_than_declared"),
    Row(section="HTTP: other methods are 405", method="GET", status=405, code="method_not_allowed",
        answers={"Allow": "OPTIONS, POST, HEAD, PATCH, DELETE"}),
    Row(section="HTTP: nothing is created at an upload", method="POST", headers=NEW, status=405,
        code="method_not_allowed"),
    Row(section="creation, POST: 201 and a Location", method="POST", path="/files/", headers=NEW,
        status=201),
    Row(section="creation, POST: without the slash", method="POST", path="/files", headers=NEW,
        status=201),
    Row(section="creation, POST: no length is 400", method="POST", path="/files/", status=400,
        code="bad_header"),
    Row(section="creation, POST: a negative length is 400", method="POST", path="/files/",
        headers={"Upload-Length": "-1"}, status=400, code="bad_header"),
    Row(section="creation, POST: above Tus-Max-Size is 413", method="POST", path="/files/",
        headers={"Upload-Length": "1001"}, status=413, code="too_large"),
    Row(section="creation, Upload-Metadata: empty is none", method="POST", path="/files/",
        headers=NEW | {"Upload-Metadata": ""}, status=201),
    *(Row(section=f"creation, Upload-Metadata: {text!r} is 400", method="POST", path="/files/",
          headers=NEW | {"Upload-Metadata": text}, status=400, code="bad_metadata")
      for text in ("a !", "a YQ==,a YQ==", ",", "a YQ", "ä YQ==", "a gICA", "sipol-owner YQ==",
                   "a " + "A" * 4096, "a YQ== YQ==", "a AA==")),
    Row(section="with upload, POST: another content type is 415", method="POST", path="/files/",
        headers=NEW | {"Content-Type": "text/plain"}, body=b"abc", status=415,
        code="unsupported_content_type"),
    Row(section="with upload, POST: more than the length is 413", method="POST", path="/files/",
        headers=NEW | {"Content-Type": OCTETS}, body=b"abcd", status=413,
        code="longer_than_declared"),
    Row(section="with upload, POST: chunked and too long is 413", method="POST", path="/files/",
        headers=NEW | {"Content-Type": OCTETS}, body=b"abcd", chunked=True, status=413,
        code="longer_than_declared"),
    Row(section="with upload, POST: the offset is told", method="POST", path="/files/",
        headers=NEW | {"Content-Type": OCTETS}, body=b"ab", status=201,
        answers={"Upload-Offset": "2"}),
    Row(section="with upload and checksum: a mismatch stores nothing of it", method="POST",
        path="/files/", headers=NEW | {"Content-Type": OCTETS, "Upload-Checksum": WRONG},
        body=b"abc", status=201, answers={"Upload-Offset": "0"}),
    Row(section="checksum: sha1", headers=AT_4 | {"Upload-Checksum": SHA1}, body=b"abc", offset=7),
    Row(section="checksum: sha256", headers=AT_4 | {"Upload-Checksum": SHA256}, body=b"abc", offset=7),
    Row(section="checksum: a mismatch is 460 and discarded",
        headers=AT_4 | {"Upload-Checksum": WRONG}, body=b"abc", status=460, code="checksum_mismatch"),
    Row(section="checksum: an unknown algorithm is 400",
        headers=AT_4 | {"Upload-Checksum": "md5 YQ=="}, body=b"abc", status=400,
        code="unknown_checksum_algorithm"),
    Row(section="checksum: a digest of another length is 400",
        headers=AT_4 | {"Upload-Checksum": "sha1 YQ=="}, body=b"abc", status=400, code="bad_header"),
    Row(section="checksum: no digest at all is 400",
        headers=AT_4 | {"Upload-Checksum": "sha1"}, body=b"abc", status=400, code="bad_header"),
    Row(section="termination, DELETE: unknown is 404", method="DELETE", path=OTHER, status=404,
        code="unknown_upload"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.section)
def test_requirement(tmp_path: Path, row: Row) -> None:
    async def scenario(client: Exchange) -> None:
        location = await client.create(10)
        assert (await client.patch(location, 0, b"abcd")).status == 204
        reply = await client.ask(
            row.method, row.path or location, row.headers, row.body,
            chunked=row.chunked, version=row.version,
        )  # fmt: skip
        assert reply.status == row.status, reply.body
        assert reply.headers["Tus-Resumable"] == "1.0.0"
        assert row.answers.items() <= dict(reply.headers).items()
        if row.code:
            assert code_of(reply) == row.code
        if row.status >= 400:
            assert "Location" not in reply.headers
        if row.method == "HEAD":
            assert reply.body == b""
        assert await client.offset(location) == row.offset

    on(tmp_path, scenario, max_size=1000)


def test_a_wrong_key_and_an_unknown_id_answer_the_same_bytes(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        known = id_of(await client.create(10))
        unknown = "c" * 32
        paths = [
            f"/files/{known}~{key_for(SECRET, unknown)}",
            path_for(SECRET, unknown),
            f"/files/{unknown}~{'0' * 32}",
            f"/files/{known}",
            f"/files/{known}~",
            f"/files/{known}~{key_for(SECRET, known)}/x",
            f"/files/{known}~{key_for(SECRET, known).upper()}",
            "/files/",
            "/elsewhere",
        ]
        fields = {"Content-Type": OCTETS, "Upload-Offset": "0"}
        for method in ("HEAD", "PATCH", "DELETE"):
            replies = [await client.ask(method, path, fields, b"x") for path in paths]
            assert {reply.status for reply in replies} == {404}
            assert len({(repr(dict(r.headers)), r.body) for r in replies}) == 1

    on(tmp_path, scenario)


def test_creation_metadata_comes_back_as_it_was_sent(tmp_path: Path) -> None:
    sent = metadata(filename="Surat Keputusan ☂.pdf", region="32.73") + ",is_confidential"

    async def scenario(client: Exchange) -> None:
        location = await client.create(10, **{"Upload-Metadata": sent})
        reply = await client.ask("HEAD", location)
        assert reply.headers["Upload-Metadata"] == sent
        assert location.startswith("/files/")

    policy = on(tmp_path, scenario)
    assert policy.asked[0].metadata == {
        "filename": "Surat Keputusan ☂.pdf", "region": "32.73", "is_confidential": "",
    }  # fmt: skip


def test_a_finished_upload_takes_an_empty_patch_and_nothing_more(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        location = await client.create(3)
        assert (await client.patch(location, 0, b"abc")).status == 204
        await client.server.finisher.settle()
        again = await client.patch(location, 3, b"")
        assert (again.status, again.headers["Upload-Offset"]) == (204, "3")
        assert (await client.patch(location, 3, b"d")).status == 413
        assert (await client.patch(location, 0, b"abc")).status == 409

    assert len(on(tmp_path, scenario).arrivals) == 1


@pytest.mark.parametrize("headers", [{}, {"Content-Type": OCTETS}])
def test_a_file_of_no_bytes_is_finished_by_its_creation(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async def scenario(client: Exchange) -> None:
        location = await client.create(0, **headers)
        assert await client.offset(location) == 0

    policy = on(tmp_path, scenario)
    assert [(each.size, each.sha256) for each in policy.arrivals] == [
        (0, hashlib.sha256().hexdigest())
    ]


def test_creation_with_the_whole_file_finishes_it(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        reply = await client.ask(
            "POST", "/files/", {"Upload-Length": "3", "Content-Type": OCTETS}, b"abc"
        )
        assert reply.headers["Upload-Offset"] == "3"
        assert "Upload-Expires" not in reply.headers

    [arrival] = on(tmp_path, scenario).arrivals
    assert arrival.sha256 == hashlib.sha256(b"abc").hexdigest()


def test_termination_removes_what_is_unfinished_and_says_so_to_the_policy(tmp_path: Path) -> None:
    ids = []

    async def scenario(client: Exchange) -> None:
        location = await client.create(10)
        ids.append(id_of(location))
        assert (await client.ask("DELETE", location)).status == 204
        for method in ("HEAD", "DELETE"):
            assert (await client.ask(method, location)).status == 404

    policy = on(tmp_path, scenario)
    assert policy.endings == [(ids[0], "terminated")]
    assert [path.name for path in (tmp_path / "data").iterdir()] == []


def test_termination_of_a_finished_upload_is_the_portals(tmp_path: Path) -> None:
    async def scenario(client: Exchange) -> None:
        location = await client.create(3)
        await client.patch(location, 0, b"abc")
        reply = await client.ask("DELETE", location)
        assert (reply.status, code_of(reply)) == (403, "already_finished")
        assert await client.offset(location) == 3

    assert on(tmp_path, scenario).endings == []


def test_expiration_is_told_enforced_and_spares_what_is_finished(tmp_path: Path) -> None:
    ids = []

    async def scenario(client: Exchange) -> None:
        open_one, done = await client.create(10), await client.create(3)
        ids.append(id_of(open_one))
        reply = await client.patch(open_one, 0, b"abc")
        assert reply.headers["Upload-Expires"] == "Sat, 08 Aug 2026 12:00:00 GMT"
        assert "Upload-Expires" not in (await client.patch(done, 0, b"abc")).headers
        client.clock.moment += timedelta(days=7)
        for method in ("HEAD", "PATCH", "DELETE"):
            fields = {"Content-Type": OCTETS, "Upload-Offset": "3"}
            assert (await client.ask(method, open_one, fields)).status == 410
        assert await client.offset(done) == 3
        assert await client.server.expiry.sweep() == 1
        assert (await client.ask("HEAD", open_one)).status == 404
        assert await client.offset(done) == 3

    policy = on(tmp_path, scenario)
    assert policy.endings == [(ids[0], "expired")]
    assert len(policy.arrivals) == 1


def test_a_store_that_cannot_is_not_advertised(tmp_path: Path) -> None:
    class Meagre(ForgetfulStore):
        remove = stage = declare = join = None  # type: ignore[assignment]

    async def scenario(client: Exchange) -> None:
        reply = await client.ask("OPTIONS", "/files/", version=None)
        assert reply.headers["Tus-Extension"] == "creation,creation-with-upload"
        assert "Tus-Checksum-Algorithm" not in reply.headers
        location = await client.create(10)
        assert code_of(await client.ask("DELETE", location)) == "not_offered"
        refused = await client.patch(location, 0, b"abc", Upload_Checksum=SHA1)
        assert code_of(refused) == "not_offered"
        for asked in ({"Upload-Defer-Length": "1"}, NEW | {"Upload-Concat": "partial"}):
            assert code_of(await client.ask("POST", "/files/", asked)) == "not_offered"

    on(tmp_path, scenario, store=Meagre(tmp_path))
