"""The listener for tusd's HTTP hooks (v2): loopback only, behind a secret path, two kinds of question.

pre-create is answered with leave or a refusal; post-finish is a hint that hurries the finishing along and
nothing that anything relies on, because tusd forgets it when nobody listens. Whatever else comes is
turned away.

Next station: `uploads/tusd/asking.py`.
"""

import asyncio
import contextlib
import hmac
import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httptools

from uploads.capability import is_upload_id
from uploads.tusd.asking import Desk

log = logging.getLogger(__name__)

KIB = 1024
EVENT_LIMIT = 64 * KIB
READ_SECONDS = 5.0
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class HookAddress:
    """Where tusd asks: a loopback port and the secret in the path."""

    port: int
    secret: str

    @classmethod
    def parse(cls, text: str) -> "HookAddress":
        """The inverse of `str`. Raises ValueError."""
        port, _, secret = text.partition("/")
        if len(secret) < 32:
            raise ValueError("the secret of the hooks is too short")
        return cls(int(port), secret)

    def __str__(self) -> str:
        return f"{self.port}/{self.secret}"

    @property
    def path(self) -> str:
        """The only path that is answered."""
        return f"/{self.secret}"

    @property
    def url(self) -> str:
        """What tusd is started with."""
        return f"http://{HOST}:{self.port}{self.path}"

    @classmethod
    def at(cls, port: int) -> "HookAddress":
        """An address with a new secret."""
        return cls(port, secrets.token_hex(16))


class _Asked:
    """One request as httptools reads it."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self.method = ""
        self.path = b""
        self.body = bytearray()
        self.complete = False

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.path += url

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.method = self._parser.get_method().decode()
        self.complete = True


class HookListener:
    """Answers tusd for one process. `finished(id)` is called for a post-finish."""

    def __init__(self, address: HookAddress, desk: Desk, finished: Callable[[str], None]) -> None:
        self._address = address
        self._desk = desk
        self._finished = finished
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._serve, HOST, self._address.port)

    async def stop(self) -> None:
        """Listen no more; what is being answered is answered."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            status, answer = await self._answer(reader)
            text = json.dumps(answer, ensure_ascii=False).encode()
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode()
                + text
            )
            await writer.drain()
        except (OSError, TimeoutError, httptools.HttpParserError):
            pass  # tusd sees a closed connection and says no
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[str, dict[str, Any]]:
        asked = await _read(reader)
        if asked is None:
            return "413 Content Too Large", {}
        told = asked.path.decode("latin-1")
        if asked.method != "POST" or not hmac.compare_digest(told, self._address.path):
            return "404 Not Found", {}
        try:
            return await self._dispatch(json.loads(asked.body))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            # The type only: the text would quote the event.
            log.warning("a hook that cannot be read: %s", type(error).__name__)
            return "400 Bad Request", {}

    async def _dispatch(self, question: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        event = question["Event"]
        if question["Type"] == "pre-create":
            return "200 OK", await self._desk.answer(event)
        if question["Type"] == "post-finish":
            upload_id = event["Upload"]["ID"]
            if is_upload_id(upload_id) and not event["Upload"]["IsPartial"]:
                self._finished(upload_id)
            return "200 OK", {}
        return "403 Forbidden", {}


async def _read(reader: asyncio.StreamReader) -> _Asked | None:
    """One request, None when it is too large. Raises TimeoutError, OSError, HttpParserError."""
    asked, size = _Asked(), 0
    async with asyncio.timeout(READ_SECONDS):
        while not asked.complete:
            data = await reader.read(EVENT_LIMIT)
            size += len(data)
            if size > EVENT_LIMIT:
                return None
            if not data:
                raise ConnectionResetError
            asked.feed(data)
    return asked
