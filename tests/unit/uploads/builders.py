"""What upload tests are made of: a policy that remembers, an upload, and a transport without a network."""

import asyncio
import base64
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.patience import PATIENCE
from uploads import Arrival, Claim, CreateRequest, FileStore, Grant, UploadServer
from uploads.fedbody import FedBody
from uploads.model import Reply, Request, Upload

SECRET = bytes(range(32))
START = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
PATIENT = {"patience": PATIENCE, "policy_seconds": PATIENCE}
"""What a server waits for holders and for its Policy, where a test is not about that."""
CLAIM = Claim(
    election="pemilu-uji",
    party="a" * 32,
    requirement="board_decree",
    region="32.73",
    purpose="document",
    account="b" * 32,
)
OCTETS = "application/offset+octet-stream"


def an_upload(upload_id: str = "0" * 32, length: int | None = 10, **changes: Any) -> Upload:
    facts: dict[str, Any] = {
        "upload_id": upload_id,
        "length": length,
        "offset": 0,
        "metadata": {"filename": "surat keputusan.pdf", "kosong": ""},
        "owner": "account:" + "b" * 32,
        "claim": CLAIM,
        "max_size": 1000,
        "created_at": START,
        "expires_at": START + timedelta(days=7),
        "changed_at": START,
    }
    return Upload(**facts | changes)


class RememberingPolicy:
    """Grants everything; `refusing`, `finishing` and `hold` make it misbehave."""

    def __init__(self, expires_at: datetime = START + timedelta(days=7)) -> None:
        self.asked: list[CreateRequest] = []
        self.arrivals: list[Arrival] = []
        self.declarations: list[tuple[str, int]] = []
        self.endings: list[tuple[str, str]] = []
        self.expires_at = expires_at
        self.max_size = 2**40
        self.owner = "account:" + CLAIM.account
        self.refusing: Exception | None = None
        self.failures = 0
        self.hold: threading.Event | None = None

    def may_create(self, requests: Sequence[CreateRequest]) -> list[Grant | Exception]:
        self.asked.extend(requests)
        if self.hold is not None:
            self.hold.wait(PATIENCE)
        if self.refusing is not None:
            raise self.refusing
        grant = Grant(
            owner=self.owner,
            claim=CLAIM,
            max_size=self.max_size,
            expires_at=self.expires_at,
        )
        return [grant for _ in requests]

    def declared(self, upload_id: str, length: int) -> None:
        self.declarations.append((upload_id, length))

    def finished(self, arrivals: Sequence[Arrival]) -> list[Exception | None]:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the portal is down")
        self.arrivals.extend(arrivals)
        return [None for _ in arrivals]

    def ended(self, upload_id: str, why: str) -> None:
        self.endings.append((upload_id, why))


class Clock:
    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment


def metadata(**pairs: str) -> str:
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())


@dataclass
class Exchange:
    """A tus client that speaks to the core directly; one attribute for each thing a test turns."""

    server: UploadServer
    clock: Clock = field(default_factory=Clock)

    async def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | FedBody | None = None,
        *,
        chunked: bool = False,
        version: str | None = "1.0.0",
    ) -> Reply:
        fields = {name.lower(): value for name, value in (headers or {}).items()}
        if version is not None:
            fields["tus-resumable"] = version
        if isinstance(body, FedBody):
            fed = body
        else:
            fed = FedBody(None if chunked else len(body or b""))
            fed.feed(body or b"")
            fed.end()
        request = Request(method=method, path=path, headers=fields, body_length=fed.length)
        return await self.server.handle(request, fed)

    async def create(self, length: int, **headers: str) -> str:
        reply = await self.ask("POST", "/files/", {"Upload-Length": str(length)} | headers)
        assert reply.status == 201, reply.body
        return reply.headers["Location"]

    async def patch(self, path: str, offset: int, body: bytes | FedBody, **headers: str) -> Reply:
        fields = {"Content-Type": OCTETS, "Upload-Offset": str(offset)}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("PATCH", path, fields | more, body)

    async def offset(self, path: str) -> int:
        reply = await self.ask("HEAD", path)
        assert reply.status == 200, reply.status
        return int(reply.headers["Upload-Offset"])


def code_of(reply: Reply) -> str:
    problem = json.loads(reply.body)
    assert problem["status"] == reply.status
    assert problem["type"] == "about:blank"
    code = problem["code"]
    assert isinstance(code, str)
    return code


def id_of(path: str) -> str:
    return path.removeprefix("/files/").partition("~")[0]


def an_exchange(
    root: Any, policy: RememberingPolicy | None = None, store: Any = None, **changes: Any
) -> Exchange:
    """A server over `root`; call inside a running loop, then `await exchange.server.stop()`."""
    clock = Clock()
    server = UploadServer(
        store=store or FileStore(root),
        secret=SECRET,
        policy=policy or RememberingPolicy(),
        now=clock.now,
        **PATIENT | changes,
    )
    return Exchange(server, clock)


async def until(condition: Any, seconds: float = PATIENCE) -> None:
    """Wait for something that another task or thread is about to do."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is watched belongs to a thread
            await asyncio.sleep(0.005)


def title_of(reply: Reply) -> str:
    """The sentence for people in a refusal."""
    title = json.loads(reply.body)["title"]
    assert isinstance(title, str)
    return title
