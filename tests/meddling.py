"""Proxies that stand between a party and nginx and mean well: they buffer, refuse, limit, rewrite."""

from __future__ import annotations

import contextlib
import http.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType

from tests.patience import PATIENCE

BLOCK = 16 * 1024
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Meddling:
    """`with Meddling(port) as proxy:` listens on `proxy.port` and passes on to 127.0.0.1:`port`.

    `refused`: methods answered 405. `buffers`: bodies are read whole before anything is passed on.
    `limit`: bodies above so many bytes are answered 413. `own_pages`: 4xx and 5xx answers without a
    body people could read become 502.
    """

    def __init__(
        self,
        target: int,
        *,
        refused: frozenset[str] = frozenset(),
        buffers: bool = False,
        limit: int | None = None,
        own_pages: bool = False,
    ) -> None:
        self.target = target
        self.refused = refused
        self.buffers = buffers
        self.limit = limit
        self.own_pages = own_pages
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Meddling:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(proxy: Meddling) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        meddling = proxy

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    meddling: Meddling

    def parse_request(self) -> bool:
        if super().parse_request():
            self.close_connection = True
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._pass_on(int(self.headers.get("Content-Length") or 0))
        return False

    def _pass_on(self, length: int) -> None:
        proxy = self.meddling
        if self.command in proxy.refused:
            self._say(405, [], b"")
            return
        if proxy.limit is not None and length > proxy.limit:
            self._say(413, [], b"")
            return
        ahead = self.rfile.read(length) if proxy.buffers and length else b""
        if proxy.buffers and len(ahead) < length:
            return
        with contextlib.closing(self._begin()) as far:
            if ahead:
                far.send(ahead)
            elif not self._stream(far, length):
                return
            answer = far.getresponse()
            body = answer.read()
        changed = proxy.own_pages and answer.status >= 400 and self.command == "HEAD"
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP]
        self._say(502 if changed else answer.status, kept, body)

    def _begin(self) -> http.client.HTTPConnection:
        far = http.client.HTTPConnection("127.0.0.1", self.meddling.target, timeout=PATIENCE)
        far.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP - {"content-length"}:
                far.putheader(name, value)
        far.endheaders()
        return far

    def _stream(self, far: http.client.HTTPConnection, length: int) -> bool:
        """Whether the whole body could be passed on; an answer that comes early ends it."""
        while length:
            block = self.rfile.read1(min(BLOCK, length))  # type: ignore[attr-defined]
            if not block:
                return False
            try:
                far.send(block)
            except OSError:
                return True
            length -= len(block)
        return True

    def _say(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
