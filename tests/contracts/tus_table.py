"""Rows of requirements, and a real process to ask each of them: one request, its answer, what it left.

A row names uploads by words in braces, `{open}`; each is made anew for the row. What a requirement says
must not change is looked at afterwards (`then`).
"""

import http.client
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tests.contracts.tus_process import TusProcess
from tests.unit.uploads.builders import OCTETS, SECRET, metadata
from uploads import path_for

AT_4 = {"Content-Type": OCTETS, "Upload-Offset": "4"}
PARTIAL = {"Upload-Concat": "partial"}
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Row:
    """`must` is the requirement; `has` and `lacks` are header names of the answer, `answers` values.

    `then`: path → offset afterwards, None when nothing may be there any more. `chunked` sends the body
    in chunks, `trailers` behind it.
    """

    section: str
    must: str
    method: str = "PATCH"
    path: str = "{open}"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunked: bool = False
    trailers: Mapping[str, str] = field(default_factory=dict)
    version: str | None = "1.0.0"
    expect: bool = False
    status: int = 204
    answers: Mapping[str, str] = field(default_factory=dict)
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    then: Mapping[str, int | None] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.section}: {self.must}"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    continued: bool


def without_deferring(row: Row) -> Row:
    """What an engine says that does not offer creation-defer-length: 400, and nothing is made."""
    words = f"{row.path} {row.headers} {row.then}"
    if re.search(r"\{(deferred|declared|endless|incalculable)\}|Upload-Defer-Length", words):
        fields = {"Upload-Defer-Length": "1"}
        return Row(section=row.section, must="be refused", method="POST", path="/files/",
                   headers=fields, status=400, lacks=("Location",))  # fmt: skip
    if "Tus-Extension" in row.answers:
        offered = row.answers["Tus-Extension"].replace("creation-defer-length,", "")
        return replace(row, answers={"Tus-Extension": offered})
    return row


class Table:
    """The uploads of one row on one server."""

    def __init__(self, server: TusProcess) -> None:
        self._server = server
        self._made: dict[str, str] = {}

    def check(self, row: Row) -> None:
        """The row holds; one about lengths that come later is a refusal where they are not offered."""
        if not self._server.defers_length:
            row = without_deferring(row)
        headers = {name: self._filled(value) for name, value in row.headers.items()}
        answer = ask(
            self._server.connect(), row.method, self._filled(row.path), headers, row.body,
            chunked=row.chunked, trailers=row.trailers, version=row.version, expect=row.expect,
        )  # fmt: skip
        assert answer.status == row.status, (answer.status, answer.headers, answer.body)
        assert answer.headers["tus-resumable"] == "1.0.0"
        for name, value in row.answers.items():
            assert answer.headers[name.lower()] == self._filled(value), name
        assert not {name for name in row.has if name.lower() not in answer.headers}
        assert not {name for name in row.lacks if name.lower() in answer.headers}
        if row.method == "HEAD":
            assert answer.body == b""
        for path, offset in row.then.items():
            head = ask(self._server.connect(), "HEAD", self._filled(path), {})
            there = int(head.headers["upload-offset"]) if head.status == 200 else None
            assert there == offset, (path, head)

    def _filled(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: self._upload(found[1]), text)

    def _upload(self, name: str) -> str:
        if name not in self._made:
            self._made[name] = getattr(self, f"_{name}")()
        return self._made[name]

    def _new(self, length: int, content: bytes, **headers: str) -> str:
        path = self._server.create(length, **headers)
        if content:
            assert self._server.patch(path, 0, content) == 204
        return path

    def _open(self) -> str:
        """10 bytes, 4 of them sent."""
        return self._new(10, b"abcd", **{"Upload-Metadata": metadata(filename="a ☂.pdf")})

    def _fresh(self) -> str:
        return self._new(10, b"")

    def _finished(self) -> str:
        return self._new(3, b"abc")

    def _unknown(self) -> str:
        return path_for(SECRET, "d" * 32)

    def _removed(self) -> str:
        path = self._new(10, b"abcd")
        assert self._server.ask("DELETE", path)[0] == 204
        return path

    def _expired(self) -> str:
        return self._new(10, b"", **{"Upload-Metadata": metadata(expires="0")})

    def _deferred(self) -> str:
        """No length yet, 4 bytes sent."""
        answer = ask(self._server.connect(), "POST", "/files/", {"Upload-Defer-Length": "1"})
        assert self._server.patch(answer.headers["location"], 0, b"abcd") == 204
        return answer.headers["location"]

    def _declared(self) -> str:
        """A deferred length, declared as 10."""
        path = self._deferred()
        fields = AT_4 | {"Upload-Length": "10"}
        assert self._server.ask("PATCH", path, fields, b"")[0] == 204
        return path

    def _hello(self) -> str:
        return self._new(5, b"hello", **PARTIAL)

    def _world(self) -> str:
        return self._new(6, b" world", **PARTIAL)

    def _half(self) -> str:
        """A part of 10 bytes, 4 of them sent."""
        return self._new(10, b"abcd", **PARTIAL)

    def _endless(self) -> str:
        """A part without a length."""
        fields = {"Upload-Defer-Length": "1"} | PARTIAL
        return ask(self._server.connect(), "POST", "/files/", fields).headers["location"]

    def _joined(self) -> str:
        """hello world."""
        path = self._final("{hello} {world}")
        for _ in range(6000):
            if "upload-offset" in self._server.ask("HEAD", path)[1]:
                return path
            time.sleep(0.01)
        raise AssertionError("not joined")

    def _pending(self) -> str:
        return self._final("{hello} {half}")

    def _incalculable(self) -> str:
        return self._final("{hello} {endless}")

    def _final(self, parts: str) -> str:
        fields = {
            "Upload-Concat": "final;" + self._filled(parts),
            "Upload-Metadata": metadata(filename="b.pdf"),
        }
        status, found, body = self._server.ask("POST", "/files/", fields)
        assert status == 201, body
        return found["location"]


def ask(
    line: socket.socket,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    chunked: bool = False,
    trailers: Mapping[str, str] = NOTHING,
    version: str | None = "1.0.0",
    expect: bool = False,
) -> Answer:
    """One request on a connection of its own, with everything http.client cannot send."""
    fields = {"Host": "x", **headers}
    if version is not None:
        fields = {"Tus-Resumable": version} | fields
    if chunked:
        fields |= {"Transfer-Encoding": "chunked"}
    elif body or method in {"POST", "PATCH"}:
        fields |= {"Content-Length": str(len(body))}
    if expect:
        fields |= {"Expect": "100-continue"}
    with line:
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        line.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())
        continued = expect and line.recv(4096).startswith(b"HTTP/1.1 100 ")
        line.sendall(in_chunks(body, trailers) if chunked else body)
        answer = http.client.HTTPResponse(line, method=method)
        answer.begin()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read(), continued)


def in_chunks(body: bytes, trailers: Mapping[str, str]) -> bytes:
    """A body in chunks of at most three bytes."""
    pieces = [body[start : start + 3] for start in range(0, len(body), 3)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    fields = "".join(f"{name}: {value}\r\n" for name, value in trailers.items())
    return chunks + b"0\r\n" + fields.encode() + b"\r\n"


Rows = list[Row]
Check = Callable[[Row], None]
