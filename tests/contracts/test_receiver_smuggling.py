"""One request must not be two for somebody else: whatever could be read in two ways is refused and closed."""

import asyncio
from pathlib import Path

import pytest

from tests.unit.uploads.receiving import receiving, run

GET = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
START = b"POST /a HTTP/1.1\r\nHost: x\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"

HEADS = {
    "length and coding": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "coding and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "one length twice": b"Content-Length: 5\r\nContent-Length: 5\r\n",
    "a list of lengths": b"Content-Length: 5, 5\r\n",
    "a signed length": b"Content-Length: +5\r\n",
    "a negative length": b"Content-Length: -5\r\n",
    "a hexadecimal length": b"Content-Length: 0x5\r\n",
    "an underscore in the length": b"Content-Length: 1_0\r\n",
    "a length of other digits": "Content-Length: \u0665\r\n".encode(),
    "an empty length": b"Content-Length:\r\n",
    "a length beyond every file": b"Content-Length: 9999999999999999999\r\n",
    "a length with white space within": b"Content-Length: 5 5\r\n",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "another coding": b"Transfer-Encoding: gzip\r\n",
    "a list of codings": b"Transfer-Encoding: gzip, chunked\r\n",
    "chunked and identity": b"Transfer-Encoding: chunked, identity\r\n",
    "a coding with a parameter": b"Transfer-Encoding: chunked;a=b\r\n",
    "a coding in quotes": b'Transfer-Encoding: "chunked"\r\n',
    "a vertical tab before the coding": b"Transfer-Encoding: \x0bchunked\r\n",
    "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n",
    "a folded field": b"A: b\r\n c\r\n",
    "a folded first field": b" A: b\r\n",
    "white space before the colon": b"Content-Length : 5\r\n",
    "a tab before the colon": b"Transfer-Encoding\t: chunked\r\n",
    "a bare line feed": b"A: b\nContent-Length: 5\r\n",
    "a bare carriage return": b"A: b\rContent-Length: 5\r\n",
    "two carriage returns": b"A: b\r\r\n",
    "a NUL in a value": b"A: b\x00c\r\n",
    "a NUL in a name": b"A\x00: b\r\n",
    "a control character": b"A: b\x01\r\n",
    "a name that is none": b"A(b): c\r\n",
    "a name of other letters": "Conteňt-Length: 5\r\n".encode(),
    "no name": b": b\r\n",
    "no colon": b"Content-Length 5\r\n",
    "two hosts": b"Host: y\r\n",
}
LINES = {
    "line feeds only": b"GET / HTTP/1.1\nHost: x\n\n",
    "line feeds at the end": b"GET / HTTP/1.1\r\nHost: x\r\n\n",
    "two blanks": b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tab in the line": b"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "a blank before the line": b" GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a blank after the line": b"GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
    "a blank in the target": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "a NUL in the target": b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /\r\nHost: x\r\n\r\n",
    "version 0.9": b"GET / HTTP/0.9\r\nHost: x\r\n\r\n",
    "version 1.2": b"GET / HTTP/1.2\r\nHost: x\r\n\r\n",
    "version 2.0": b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
    "small letters in the version": b"GET / http/1.1\r\nHost: x\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a tunnel": b"CONNECT y:80 HTTP/1.1\r\nHost: y\r\n\r\n",
    "a method nobody knows": b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a chunked body in 1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}
CHUNKS = {
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "a size that is none": b"G\r\nhello\r\n0\r\n\r\n",
    "a signed size": b"+5\r\nhello\r\n0\r\n\r\n",
    "a negative size": b"-5\r\nhello\r\n0\r\n\r\n",
    "a prefixed size": b"0x5\r\nhello\r\n0\r\n\r\n",
    "an underscore in the size": b"0_5\r\nhello\r\n0\r\n\r\n",
    "a size that overflows 64 bits": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "a size beyond every file": b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "a blank before the size": b" 5\r\nhello\r\n0\r\n\r\n",
    "a blank after the size": b"5 \r\nhello\r\n0\r\n\r\n",
    "a bare line feed after the size": b"5\nhello\r\n0\r\n\r\n",
    "a bare line feed after the data": b"5\r\nhello\n0\r\n\r\n",
    "no line end after the data": b"5\r\nhello0\r\n\r\n",
    "more data than the size": b"5\r\nhello!\r\n0\r\n\r\n",
    "a bare carriage return in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "a NUL in an extension": b"5;a\x00b\r\nhello\r\n0\r\n\r\n",
    "a long extension": b"5;" + b"a" * 300 + b"\r\nhello\r\n0\r\n\r\n",
    "extensions without end": b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n" * 400,
    "a length among the trailers": b"0\r\nContent-Length: 5\r\n\r\n",
    "a bare line feed among the trailers": b"0\r\nA: b\n\r\n",
    "a folded trailer": b"0\r\nA: b\r\n c\r\n\r\n",
}


@pytest.mark.parametrize(
    "request_bytes",
    [
        *(START + fields + b"\r\n0\r\n\r\n" for fields in HEADS.values()),
        *LINES.values(),
        *(CHUNKED + chunks for chunks in CHUNKS.values()),
    ],
    ids=[*HEADS, *LINES, *CHUNKS],
)
def test_it_is_refused_and_nothing_after_it_is_a_request(
    tmp_path: Path, request_bytes: bytes
) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as stand:
            line = await stand.line()
            await line.send(request_bytes + GET)
            status, fields, _ = await line.answer()
            assert status in (400, 431)
            assert fields["connection"] == "close"
            # Still no request, however late it comes.
            await line.send(GET)
            assert await line.rest() == b""
            await line.close()
            assert all(one.request.path != "/smuggled" for one in stand.handler.heard)
            assert all(one.ending is not None for one in stand.handler.heard), "a body came whole"

    run(scenario)


@pytest.mark.parametrize(
    ("body", "length"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", 5),
        (b"05\r\nhello\r\n0\r\n\r\n", 5),
        (b'5;a=b;c="d"\r\nhello\r\n000\r\nA: b\r\n\r\n', 5),
        (b"5 ;a\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n", 15),
    ],
)
def test_what_is_plainly_right_is_read(tmp_path: Path, body: bytes, length: int) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as stand:
            line = await stand.line()
            await line.send(CHUNKED + body + GET)
            assert (await line.answer())[2] == str(length).encode()
            assert (await line.answer())[1]["x-path"] == "/smuggled", "a second request of its own"
            await line.close()

    run(scenario)


def test_an_unread_body_is_never_the_next_request(tmp_path: Path) -> None:
    """A refused request whose body looks like a request, in time and too late."""

    async def scenario() -> None:
        async with receiving(tmp_path) as stand:
            stand.handler.refusing = True
            for slow in (False, True):
                line = await stand.line()
                await line.send(START + b"Content-Length: 1000000\r\n\r\n" + GET)
                if slow:
                    await asyncio.sleep(0.1)
                await line.send(GET * 100)
                assert (await line.answer())[0] == 409
                await line.send(GET)
                line.writer.write_eof()
                assert await line.rest() == b""
                await line.close()
            assert stand.handler.started == 2

    run(scenario)


def test_no_field_of_an_answer_breaks_out_of_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as stand:
            line = await stand.line()
            await line.send(b"GET /a%0D%0ASet-Cookie:%20b=c HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"Set-Cookie" not in await line.rest()
            await line.close()

    run(scenario)
