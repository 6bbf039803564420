"""HTTP/1.1 by hand for `sipol doctor`: bodies cut in the middle, answers that come before a body's end.

The proxy of the environment (`https_proxy`, `http_proxy`, `no_proxy`) is used as other programs use it.

Next station: `portal/cli/client/line_checks.py` asks through it.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

TUS = {"Tus-Resumable": "1.0.0"}
BLOCK = 64 * 1024
SEND_BUFFER = 128 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`status` 0: none came. `headers` by lower-case name; `seconds` from the first byte sent."""

    status: int
    headers: Mapping[str, str]
    seconds: float

    def get(self, name: str) -> str | None:
        return self.headers.get(name.lower())


class Wire:
    """Requests to one server, each on a connection of its own. `patience` in seconds."""

    def __init__(self, url: str, *, patience: float = 20.0) -> None:
        self.server: SplitResult = urlsplit(url if "//" in url else f"https://{url}")
        if self.server.scheme not in ("http", "https") or not self.server.hostname:
            raise ValueError("http:// or https://")
        self._patience = patience
        self._proxy = None
        if not proxy_bypass(self.server.hostname):
            proxy = getproxies().get(self.server.scheme)
            self._proxy = urlsplit(proxy if "//" in proxy else f"http://{proxy}") if proxy else None

    @property
    def root(self) -> str:
        return f"{self.server.scheme}://{self.server.netloc}"

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        announced: int | None = None,
        listen: float | None = None,
    ) -> Answer:
        """Send a request with `body`; of `announced` bytes, when more are said to come.

        `listen`: seconds to wait for an answer in spite of what is missing, then the line is cut;
        without it a body that is not whole is cut at once.
        """
        started = time.monotonic()
        connection = self._connect()
        try:
            self._send(connection, method, path, headers or {}, body, announced)
            if announced is not None and announced > len(body):
                if listen is None:
                    return Answer(status=0, headers={}, seconds=time.monotonic() - started)
                assert connection.sock is not None
                connection.sock.settimeout(listen)
            answer = connection.getresponse()
            answer.read(BLOCK)
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=fields, seconds=time.monotonic() - started)
        except (OSError, HTTPException):
            return Answer(status=0, headers={}, seconds=time.monotonic() - started)
        finally:
            connection.close()

    def protocol(self) -> str:
        """What TLS agrees on when HTTP/2 is offered: `h2` or `http/1.1`; `` without TLS or answer."""
        if self.server.scheme != "https":
            return "http/1.1"
        context = ssl.create_default_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        connection = self._connect(context)
        try:
            connection.connect()
            secured = connection.sock
            assert isinstance(secured, ssl.SSLSocket)
            return secured.selected_alpn_protocol() or "http/1.1"
        except (OSError, HTTPException):
            return ""
        finally:
            connection.close()

    def _connect(self, context: ssl.SSLContext | None = None) -> HTTPConnection:
        secure = self.server.scheme == "https"
        at = self._proxy or self.server
        host = at.hostname or ""
        port = at.port or (443 if at.scheme == "https" else 80)
        if not secure:
            return HTTPConnection(host, port, timeout=self._patience)
        made = HTTPSConnection(
            host, port, timeout=self._patience, context=context or ssl.create_default_context()
        )
        if self._proxy is not None:
            made.set_tunnel(self.server.hostname or "", self.server.port or 443)
        return made

    def _send(
        self,
        connection: HTTPConnection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        announced: int | None,
    ) -> None:
        connection.connect()
        assert connection.sock is not None
        # Small, so that what counts as sent has really gone out.
        with contextlib.suppress(OSError):
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        through = self._proxy is not None and self.server.scheme == "http"
        connection.putrequest(method, f"{self.root}{path}" if through else path, skip_host=True)
        connection.putheader("Host", self.server.netloc)
        for name, value in (TUS | dict(headers)).items():
            connection.putheader(name, value)
        if body or announced is not None or method in ("POST", "PATCH"):
            connection.putheader("Content-Length", str(announced or len(body)))
        connection.endheaders()
        for start in range(0, len(body), BLOCK):
            connection.send(body[start : start + BLOCK])
