"""The HTTP client before tusd: early answers, broken lines, kept connections, answers of any shape."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from uploads.body import BodyBroken, BodyTaken
from uploads.errors import (
    BadHeader,
    ConnectionBroken,
    LongerThanDeclared,
    Refusal,
    Stopping,
    StoreFull,
    StoreTrouble,
    UnknownUpload,
    UploadLocked,
)
from uploads.fedbody import FedBody
from uploads.tusd.answers import refusal_in
from uploads.tusd.client import ANSWER_LIMIT, Answer, Client, EngineAway
from uploads.tusd.hooks import HookAddress
from uploads.tusd.pouring import pour

OK = b"HTTP/1.1 204 No Content\r\nUpload-Offset: 5\r\n\r\n"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def against(path: Path, serve: Serve, ask: Callable[[Client], Awaitable[None]]) -> int:
    """Run `ask` with a client of a server; how many connections there were."""
    count = 0

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_unix_server(counted, path)
        client = Client(path)
        try:
            async with asyncio.timeout(PATIENCE):
                await ask(client)
        finally:
            client.close()
            server.close()

    asyncio.run(run())
    return count


def answering(*answers: bytes) -> Serve:
    """Each head that comes on a connection gets the next answer; then the connection is closed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

    return serve


def test_a_connection_is_used_again_and_one_that_was_closed_is_not(tmp_path: Path) -> None:
    async def ask(client: Client) -> None:
        for _ in range(4):
            answer = await client.ask("HEAD", "/files/x", {})
            assert (answer.status, answer.headers["upload-offset"]) == (204, "5")
            await asyncio.sleep(0.01)

    assert against(tmp_path / "s", answering(OK, OK), ask) == 2


def test_the_answer_to_a_head_has_a_length_and_no_body(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"

    async def ask(client: Client) -> None:
        for _ in range(2):
            assert (await client.ask("HEAD", "/files/x", {})).status == 200

    assert against(tmp_path / "s", answering(head, head), ask) == 1


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200", b"no http\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * ANSWER_LIMIT,
     b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"],
    ids=["none", "half", "noise", "endless", "cut"],
)  # fmt: skip
def test_what_is_no_answer_is_an_engine_that_is_away(tmp_path: Path, answer: bytes) -> None:
    async def ask(client: Client) -> None:
        with pytest.raises(EngineAway):
            await client.ask("POST", "/files/", {})

    against(tmp_path / "s", answering(answer), ask)


def test_nobody_listens(tmp_path: Path) -> None:
    async def ask() -> None:
        with pytest.raises(EngineAway):
            await Client(tmp_path / "nobody").ask("HEAD", "/files/x", {})

    asyncio.run(ask())


async def nothing() -> None:
    """No sync."""


async def poured(client: Client, body: FedBody, limit: int) -> tuple[Refusal | None, Answer]:
    async with client.request("PATCH", "/files/x", {}, length=body.length) as exchange:
        ending = await pour(body, exchange, 0, limit, nothing)
        return ending, await exchange.answer()


@pytest.mark.parametrize(
    ("why", "refusal"), [(BodyBroken, ConnectionBroken), (BodyTaken, UploadLocked)]
)
def test_what_came_before_the_line_broke_is_handed_on(
    tmp_path: Path, why: type[BodyBroken], refusal: type[Refusal]
) -> None:
    taken = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        taken.extend(await reader.read(-1))  # until the front sends no more
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async def ask(client: Client) -> None:
        body = FedBody(10)
        body.feed(b"abcd")
        body.interrupt(why)
        ending, answer = await poured(client, body, 10)
        assert isinstance(ending, refusal)
        assert answer.status == 400

    against(tmp_path / "s", serve, ask)
    assert taken == b"abcd"


def test_an_answer_before_the_end_of_the_body_ends_it(tmp_path: Path) -> None:
    early = b"HTTP/1.1 409 Conflict\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    async def ask(client: Client) -> None:
        body = FedBody(1_000_000)
        body.feed(b"x")
        ending, answer = await poured(client, body, 1_000_000)
        assert (ending, answer.status) == (None, 409)
        assert not body.open

    against(tmp_path / "s", answering(early), ask)


@pytest.mark.parametrize(("sent", "ended"), [(b"abcdef", True), (b"abcde", False)])
def test_a_chunked_body_never_fills_an_upload_before_it_has_ended(
    tmp_path: Path, sent: bytes, ended: bool
) -> None:
    taken = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        taken.extend(await reader.read(-1))
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async def ask(client: Client) -> None:
        body = FedBody(None)
        body.feed(sent)
        if ended:
            body.end()
        else:
            body.interrupt(BodyBroken)
        ending, _ = await poured(client, body, 5)
        assert isinstance(ending, LongerThanDeclared if ended else ConnectionBroken)

    against(tmp_path / "s", serve, ask)
    # Too long: nothing of it. Broken off at the full length: all of it, as nothing contradicts it.
    assert taken == (b"" if ended else b"5\r\nabcde\r\n")


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (404, "ERR_UPLOAD_NOT_FOUND: upload not found\n", UnknownUpload),
        (404, "", UnknownUpload),
        (423, "ERR_UPLOAD_LOCKED: file currently locked\n", UploadLocked),
        (500, "ERR_LOCK_TIMEOUT: failed to acquire lock before timeout\n", UploadLocked),
        (400, "ERR_UPLOAD_INTERRUPTED: upload has been interrupted\n", UploadLocked),
        (413, "ERR_UPLOAD_SIZE_EXCEEDED: upload's size exceeded\n", LongerThanDeclared),
        (503, "ERR_SERVER_SHUTDOWN: request has been interrupted\n", Stopping),
        (400, "ERR_INVALID_OFFSET: missing or invalid Upload-Offset header\n", BadHeader),
        (400, "ERR_UNEXPECTED_EOF: server expected to receive more bytes\n", StoreTrouble),
        (500, "ERR_INTERNAL_SERVER_ERROR: write /x/data/y: no space left on device\n", StoreFull),
        (500, 'ERR_INTERNAL_SERVER_ERROR: Post "http://127.0.0.1:1/s": refused\n', StoreTrouble),
        (409, "ERR_MISMATCHED_OFFSET: mismatched offset\n", StoreTrouble),
    ],
)
def test_an_answer_of_tusd_becomes_a_refusal_of_ours(
    status: int, text: str, kind: type[Refusal], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        refusal = refusal_in(Answer(status, {}, text.encode()))
    assert type(refusal) is kind
    assert not refusal.detail
    assert "127.0.0.1" not in caplog.text
    assert "/x/data" not in caplog.text


def test_where_hooks_are_asked_is_written_in_one_word() -> None:
    address = HookAddress.at(15001)
    assert HookAddress.parse(str(address)) == address
    assert address.url == f"http://127.0.0.1:15001/{address.secret}"
    for text in ("", "15001", "15001/short", f"x/{address.secret}"):
        with pytest.raises(ValueError, match=r"secret|literal"):
            HookAddress.parse(text)
