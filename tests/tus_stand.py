"""A portal small enough to break on purpose: the real upload server behind a front that cuts lines.

The front forwards `/files/` byte by byte, counts, and injects the faults it was given; `/api/v1/` it
answers itself, from what lies on the upload server's disk.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

from tests.patience import PATIENCE
from tests.postgres import free_port
from tests.tethered import tethered
from tests.tus_app import SECRET
from uploads import Arrival, ArrivalLog, path_for
from verification.chain import ChainPoint
from verification.receipt_keys import PublicKey, SigningKey, TrustedKeys
from verification.receipts import ArrivalFacts, Receipt, sign

TOKEN = "sipol_a_test"
PIECE = 64 * 1024


@dataclass
class Cut:
    """Close the line of the next request of this method after so many body bytes."""

    after: int
    method: str = "PATCH"
    reply_lost: bool = False
    at: str = "/files/"


@dataclass
class Say:
    """Answer the next request of this method so, without asking the upload server."""

    status: int
    method: str = "PATCH"
    retry_after: str | None = None
    at: str = "/files/"


@dataclass
class Seen:
    """What the front saw; `created`: the uploads' ids; `received`: bytes of bodies that reached it."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    tokens: list[tuple[str, str | None]] = field(default_factory=list)
    received: int = 0
    tickets: int = 0
    polls: int = 0

    def count(self, method: str, start: str) -> int:
        return sum(1 for m, path in self.requests if m == method and path.startswith(start))


class TusProcess:
    """The upload server in a process of its own, on a loopback port."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        here = Path(__file__).resolve().parent.parent
        self._process = tethered(
            sys.executable, "-m", "tests.tus_app",
            cwd=here,
            env={"TUS_ROOT": str(self.root), "TUS_PORT": str(self.port),
                 "PYTHONPATH": str(here), "PATH": os.environ["PATH"]},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + PATIENCE
        while True:
            try:
                probe = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                probe.request("GET", "/healthz")
                probe.getresponse().read()
                probe.close()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)
            self._process = None


class Stand:
    """Front and API. `faults` are used up in order; `verdict` is what the check will say."""

    def __init__(self, tus: TusProcess) -> None:
        self.tus = tus
        self.seen = Seen()
        self.faults: deque[Cut | Say] = deque()
        self.verdict: tuple[str, str | None] = ("passed", None)
        self.expired_tickets = 0
        self.known_token = TOKEN
        self.forgotten: set[str] = set()
        self.seconds_per_piece = 0.0
        self.watch: tuple[int, Callable[[], None]] | None = None
        self.arrivals = ArrivalLog(tus.root)
        self.key = SigningKey.from_seed(b"a seed of thirty-two bytes......")
        since = datetime.now(UTC) - timedelta(days=1)
        self.trusted = TrustedKeys([PublicKey(public=self.key.public, not_before=since)])
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def arrival(self) -> Arrival:
        """The one arrival since the stand was made."""
        found = [a for each in self.seen.created if (a := self.arrivals.read(each)) is not None]
        assert len(found) == 1, found
        return found[0]

    def fault_for(self, method: str, path: str) -> Cut | Say | None:
        """The next fault, if it is meant for this request."""
        if self.faults and self.faults[0].method == method and path.startswith(self.faults[0].at):
            return self.faults.popleft()
        return None

    def answer(
        self, method: str, path: str, query: dict[str, list[str]], token: str | None
    ) -> tuple[int, Any]:
        """The API, as far as an upload needs it."""
        ticket = path.startswith("/uploads") and token == f"Bearer ticket-{self.seen.tickets}"
        if token != f"Bearer {self.known_token}" and not ticket:
            return 401, {"title": "Masuk dulu", "detail": "Token tidak dikenal."}
        if (method, path) == ("POST", "/tickets"):
            self.seen.tickets += 1
            expired = self.seen.tickets <= self.expired_tickets
            return 200, {"ticket": f"{'expired' if expired else 'ticket'}-{self.seen.tickets}"}
        if path == "/uploads":
            return 200, {"items": list(self._listed(query))}
        if found := re.fullmatch(r"/uploads/([0-9a-f]{32})(/url)?", path):
            upload, wants_url = found.groups()
            data = self.tus.root / "data" / upload
            if upload in self.forgotten or not data.exists():
                return 404, {"title": "Tidak ditemukan", "detail": "Tidak ada."}
            if wants_url:
                return 200, {"url": path_for(SECRET, upload)}
            self.seen.polls += 1
            return 200, self._status(upload, data.stat().st_size)
        if found := re.fullmatch(r"/receipts/([0-9a-f]{32})", path):
            return 200, sign(self._receipt(found.group(1)), self.key).as_json()
        return 404, {}

    def _listed(self, query: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
        """Open uploads by fingerprint, arrived ones by content."""
        for upload in self.seen.created:
            info = json.loads((self.tus.root / "data" / f"{upload}.info").read_bytes())
            told, arrival = info["MetaData"], self.arrivals.read(upload)
            if query.get("fingerprint") == [told["fingerprint"]] and arrival is None:
                yield {"id": upload, "batch": told["batch"]}
            if arrival is not None and query.get("sha256") == [arrival.sha256]:
                yield {"id": upload, "batch": told["batch"]}

    def _status(self, upload: str, offset: int) -> dict[str, Any]:
        arrival = self.arrivals.read(upload)
        if arrival is None:
            return {"state": "uploading", "offset": offset, "length": None}
        state, reason = self.verdict
        return {
            "state": state,
            "offset": arrival.size,
            "length": arrival.size,
            "sha256": arrival.sha256,
            "reason": reason,
            "repair": "Simpan ulang sebagai PDF." if reason else None,
            "receipt": upload,
            "finished_at": arrival.finished_at.isoformat(),
        }

    def _receipt(self, upload: str) -> Receipt:
        arrival = self.arrivals.read(upload)
        assert arrival is not None
        claim = arrival.claim
        return Receipt(
            issuer="Uji",
            serial=upload,
            issued_at=datetime.now(UTC),
            facts=ArrivalFacts(
                upload=upload,
                election=claim.election,
                party=claim.party,
                requirement=claim.requirement,
                region=claim.region,
                purpose=claim.purpose,
                created_at=arrival.created_at,
                finished_at=arrival.finished_at,
                size=arrival.size,
                sha256=arrival.sha256,
            ),
            journal=ChainPoint(chain="c", number=1, head="0" * 64),
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand = self

        class Handler(_Front):
            pass

        Handler.stand = stand
        return Handler


class _Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand: Stand

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        self._any()

    do_POST = do_HEAD = do_PATCH = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _any(self) -> None:
        stand, path = self.stand, self.path.partition("?")[0]
        stand.seen.requests.append((self.command, path))
        stand.seen.tokens.append((path, self.headers.get("Authorization")))
        fault = stand.fault_for(self.command, path)
        length = int(self.headers.get("Content-Length", "0"))
        if isinstance(fault, Say):
            self.rfile.read(length)
            fields = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            self._reply(fault.status, fields, b"")
        elif path.startswith("/api/v1/"):
            self.rfile.read(length)
            token = self.headers.get("Authorization")
            query = parse_qs(self.path.partition("?")[2])
            path = path.removeprefix("/api/v1")
            status, value = stand.answer(self.command, path, query, token)
            if isinstance(fault, Cut):
                self.close_connection = True
            else:
                fields = {"Content-Type": "application/json"}
                self._reply(status, fields, json.dumps(value).encode())
        else:
            self._forward(length, fault)

    def _forward(self, length: int, fault: Cut | None) -> None:
        stand = self.stand
        behind = http.client.HTTPConnection("127.0.0.1", stand.tus.port, timeout=PATIENCE)
        try:
            behind.putrequest(self.command, self.path, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("host", "connection", "accept-encoding"):
                    behind.putheader(name, value)
            behind.endheaders()
            passed = 0
            while passed < length:
                bound = PIECE if fault is None else min(PIECE, fault.after - passed)
                if bound <= 0:
                    break
                piece = self.rfile.read1(min(bound, length - passed))
                if not piece:
                    break
                behind.send(piece)
                passed += len(piece)
                stand.seen.received += len(piece)
                time.sleep(stand.seconds_per_piece)
                if stand.watch and stand.seen.received >= stand.watch[0]:
                    (_, act), stand.watch = stand.watch, None
                    act()
            if passed < length or (fault is not None and not fault.reply_lost):
                self.close_connection = True
                return
            answer = behind.getresponse()
            body = answer.read()
            if self.command == "POST" and answer.status == 201:
                place = str(answer.getheader("Location"))
                stand.seen.created.append(place.rpartition("/")[2].partition("~")[0])
            if fault is not None:
                self.close_connection = True
                return
            fields = {k: v for k, v in answer.getheaders() if k.lower() != "content-length"}
            self._reply(answer.status, fields, body)
        finally:
            behind.close()

    def _reply(self, status: int, fields: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
