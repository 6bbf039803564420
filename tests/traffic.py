"""People and programs that use a running stack: an account with its token, raw tus, waiting, proof.

A `Caller` has a token, a `Visitor` has signed in. Both speak to the address they are given, which
may lead over a bad line.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.stack import Login, Stack, sipol

OCTETS = "application/offset+octet-stream"
TUS = {"Tus-Resumable": "1.0.0"}
SECONDS = 120.0
SETTLED = ("passed", "rejected")


@dataclass(frozen=True, slots=True)
class Target:
    """What an upload is for, and the name it is sent under."""

    requirement: str
    region: str
    purpose: str
    filename: str

    def metadata(self, **more: str) -> dict[str, str]:
        return {
            "filename": self.filename,
            "requirement": self.requirement,
            "region": self.region,
            "purpose": self.purpose,
            **more,
        }


AD_ART = Target("ad-art", "ID", "document", "naskah rahasia partai.pdf")
OFFICE = Target("kantor-kabupaten", "32.73", "document", "3273 kantor rahasia.pdf")
MEMBERS = Target("anggota", "32.73", "roster", "3273 daftar rahasia.csv")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def expect(self, status: int) -> Answer:
        assert self.status == status, f"{self.status} {self.body[:500]!r}"
        return self


def ask(
    address: str,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    *,
    timeout: float = SECONDS,
) -> Answer:
    """One request on a connection of its own."""
    place = urlsplit(address)
    assert place.hostname is not None
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=timeout)
    try:
        connection.request(method, path, body, dict(headers or {}))
        reply = connection.getresponse()
        fields: dict[str, str] = {}
        for name, value in reply.getheaders():
            known = fields.get(name.lower())
            fields[name.lower()] = value if known is None else f"{known}\n{value}"
        return Answer(reply.status, fields, reply.read())
    finally:
        connection.close()


def upload_id(path: str) -> str:
    """The public id in a capability path."""
    return path.rsplit("/", 1)[-1].partition("~")[0]


def spelled(metadata: Mapping[str, str]) -> str:
    """Upload-Metadata (tus 1.0.0, creation)."""
    return ",".join(
        f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in metadata.items()
    )


def not_judged(answer: Answer) -> bool:
    """Whether a creation was not judged in time: this machine may stall for longer than that."""
    return answer.status == 503 and answer.json()["code"] == "permission_unavailable"


def judged(create: Callable[[], Answer]) -> Answer:
    """The answer to a creation by somebody who comes back when told to."""
    return until_otherwise(create, not_judged)


def until_otherwise(ask_again: Callable[[], Answer], unsure: Callable[[Answer], bool]) -> Answer:
    """The first answer that is not `unsure`."""
    answers: list[Answer] = []

    def sure() -> bool:
        answers.append(ask_again())
        return not unsure(answers[-1])

    wait_for(sure, "another answer", told=answers)
    return answers[-1]


def path_of(created: Answer) -> str:
    """The capability path a creation was answered with."""
    return urlsplit(created.headers["location"]).path


class Caller:
    """One account's program: the API and `/files/` with a bearer token, at one address."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.token = token

    @property
    def bearer(self) -> dict[str, str]:
        """What says who it is."""
        return {"Authorization": f"Bearer {self.token}"}

    def api(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A call below `/api/v1/`."""
        fields = {**self.bearer, "Accept": "application/json", "Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        return ask(self.address, method, f"/api/v1/{path}", {**fields, **(headers or {})}, sent)

    def post(self, length: int, target: Target, **more: str) -> Answer:
        """A creation, whatever is answered but that it was not judged in time."""
        return judged(lambda: self.post_once(length, target, **more))

    def post_once(self, length: int, target: Target, **more: str) -> Answer:
        """A creation, whatever is answered."""
        fields = {
            **TUS,
            **self.bearer,
            "Upload-Length": str(length),
            "Upload-Metadata": spelled(target.metadata(**more)),
        }
        return ask(self.address, "POST", "/files/", fields)

    def create(self, length: int, target: Target, **more: str) -> str:
        """The capability path of a new upload; who is told to come back does."""
        return path_of(self.post(length, target, **more).expect(201))

    def head(self, path: str) -> Answer:
        return ask(self.address, "HEAD", path, TUS)

    def offset(self, path: str) -> int:
        """What is durable; whoever holds the upload may let go later on a machine that stalls."""
        answer = until_otherwise(lambda: self.head(path), lambda told: told.status == 423)
        return int(answer.expect(200).headers["upload-offset"])

    def patch(self, path: str, offset: int, piece: bytes) -> Answer:
        fields = {**TUS, "Content-Type": OCTETS, "Upload-Offset": str(offset)}
        return ask(self.address, "PATCH", path, fields, piece)

    def send(self, content: bytes, target: Target, **more: str) -> str:
        """Upload in one go; the id."""
        path = self.create(len(content), target, **more)
        self.patch(path, 0, content).expect(204)
        return upload_id(path)

    def go_on(self, path: str, content: bytes) -> int:
        """HEAD and PATCH until everything is stored; how many PATCHes it took."""
        deadline = time.monotonic() + SECONDS
        for attempt in range(1, 1000):
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = self.head(path)
                if answer.status == 200:
                    offset = int(answer.headers["upload-offset"])
                    if offset == len(content):
                        return attempt - 1
                    if self.patch(path, offset, content[offset:]).status == 204:
                        return attempt
                else:
                    assert answer.status == 423, answer
            assert time.monotonic() < deadline, f"{attempt} attempts"
            time.sleep(0.1)
        raise AssertionError("unreachable")

    def status(self, upload: str) -> dict[str, Any]:
        """`GET uploads/{id}`."""
        found: dict[str, Any] = self.api("GET", f"uploads/{upload}").expect(200).json()
        return found

    def files(self) -> list[dict[str, Any]]:
        """`GET files`, newest first."""
        found: list[dict[str, Any]] = self.api("GET", "files?limit=100").expect(200).json()["items"]
        return found

    def wait_until(self, upload: str, *states: str, seconds: float = SECONDS) -> dict[str, Any]:
        """The upload's status once its check and its receipt are there; the state must be expected."""
        told: dict[str, Any] = {}

        def settled() -> bool:
            told.update(self.status(upload))
            return told["state"] in SETTLED and told["receipt"] is not None

        wait_for(settled, f"{states} of {upload}", seconds, told)
        assert told["state"] in states, told
        return told

    def receipt(self, serial: str) -> bytes:
        return self.api("GET", f"receipts/{serial}").expect(200).body


class Visitor(Caller):
    """Somebody who has signed in: the cookie of the session instead of a token."""

    def __init__(self, address: str, login: Login) -> None:
        super().__init__(address, "")
        answer = ask(
            address, "POST", "/masuk", {"Content-Type": "application/json", "Origin": address},
            json.dumps({"login": login.login, "password": login.password}).encode(),
        ).expect(200)  # fmt: skip
        self.csrf = answer.json()["csrf_token"]
        held = [SimpleCookie(line) for line in answer.headers["set-cookie"].splitlines()]
        tokens = [cookie["sipol_session"].value for cookie in held if "sipol_session" in cookie]
        self.cookie = f"sipol_session={tokens[0]}"

    @property
    def bearer(self) -> dict[str, str]:
        return {"Cookie": self.cookie, "X-CSRF-Token": self.csrf, "Origin": self.address}


def wait_for(
    true: Callable[[], bool],
    what: str,
    seconds: float = SECONDS,
    told: object = "",
    pause: float = 0.05,
) -> None:
    """Look every `pause` seconds until it is so; AssertionError with what was waited for."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}; last: {told}"
        time.sleep(pause)


def assert_proven(
    stack: Stack, party: Caller, upload: str, content: bytes | Path, folder: Path
) -> dict[str, Any]:
    """Every byte is there, the check has passed, and `sipol verify` takes receipt and file."""
    told = party.wait_until(upload, "passed", seconds=180)
    file = folder / f"{upload}.sent"
    if isinstance(content, Path):
        file = content
    else:
        file.write_bytes(content)
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    assert (told["sha256"], told["length"]) == (digest, file.stat().st_size)
    receipt = folder / f"{upload}.receipt.json"
    receipt.write_bytes(party.receipt(told["receipt"]))
    result = json.loads(sipol("verify", str(receipt), str(file), "--json", environ=stack.environ))
    assert result["genuine"] is True, result
    return told


class OpenPatch:
    """A PATCH whose body the test feeds by hand: `with OpenPatch(...) as line: line.feed(piece)`."""

    def __init__(self, address: str, path: str, offset: int, length: int) -> None:
        place = urlsplit(address)
        self.socket = socket.create_connection((place.hostname, place.port or 80), timeout=SECONDS)
        self.socket.sendall(
            f"PATCH {path} HTTP/1.1\r\nHost: {place.netloc}\r\nTus-Resumable: 1.0.0\r\n"
            f"Content-Type: {OCTETS}\r\nUpload-Offset: {offset}\r\n"
            f"Content-Length: {length}\r\n\r\n".encode()
        )

    def __enter__(self) -> OpenPatch:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def feed(self, piece: bytes) -> None:
        self.socket.sendall(piece)

    def reset(self) -> None:
        """Vanish as a dead line does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def status(self) -> int:
        """The answer's status; 0 when the line ended without one."""
        reply = http.client.HTTPResponse(self.socket)
        try:
            reply.begin()
        except (OSError, http.client.HTTPException):
            return 0
        return reply.status


@contextlib.contextmanager
def held_down(stack: Stack, *parts: str) -> Iterator[None]:
    """The parts are killed with -9 and, for the length of the block, nobody starts them again."""
    assert stack._tree is not None
    before = {part: stack.said().count(f"{part} berjalan lagi") for part in parts}
    with stack.fault():
        stack._tree.send_signal(signal.SIGSTOP)
        try:
            for part in parts:
                stack.kill(part)
            wait_for(lambda: all(_is_dead(stack.pid(part)) for part in parts), "the end of parts")
            yield
        finally:
            stack._tree.send_signal(signal.SIGCONT)
        wait_for(
            lambda: all(stack.said().count(f"{p} berjalan lagi") > n for p, n in before.items()),
            "the parts",
        )


def _is_dead(pid: int) -> bool:
    """Also a zombie's state is Z until its parent, who sleeps, looks at it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def raw(address: str, request: str) -> bytes:
    """Send exactly these characters and read what comes; b"" when nothing does."""
    place = urlsplit(address)
    answer = b""
    with socket.create_connection((place.hostname, place.port or 80), timeout=SECONDS) as line:
        with contextlib.suppress(OSError):
            line.sendall(request.encode("latin-1"))
            line.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while piece := line.recv(65536):
                answer += piece
    return answer
