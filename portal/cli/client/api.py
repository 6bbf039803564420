"""The few calls of the portal's API that an upload needs.

Next station: `portal.cli.client.transfer`.
"""

import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin

import requests

from portal.cli.client.web import Answered, Lost, Web

__all__ = ["Api", "AuthRefused", "FileStatus", "Tickets"]


class AuthRefused(Exception):
    """The server does not know the token, or no longer; `sentence` is its own."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStatus:
    """`GET uploads/{id}`: `state` received, checking, passed or rejected once all bytes are there.

    `reason` is the sentence of a rejection, `receipt` the serial of its receipt, both may be empty.
    """

    state: str
    offset: int | None
    length: int | None
    reason: str = ""
    receipt: str = ""
    finished_at: str = ""

    @property
    def whole(self) -> bool:
        """Every byte has arrived."""
        return self.state in {"received", "checking", "passed", "rejected"} or (
            self.length is not None and self.offset == self.length
        )

    @property
    def settled(self) -> bool:
        """The system's check is over."""
        return self.state in {"passed", "rejected"}


class Api:
    """Calls with the account's token. Raises Lost, NotTrusted, Answered, and AuthRefused for 401."""

    def __init__(self, web: Web, server: str, token: str, election: str | None) -> None:
        self.web = web
        self.server = server
        self.token = token
        self.election = election

    def ticket(self) -> str:
        """A ticket that only creates uploads, and outlives the night."""
        return str(self._json("POST", "tickets", json={})["ticket"])

    def status(self, upload: str) -> FileStatus:
        """How far an upload is."""
        value = self._json("GET", f"uploads/{quote(upload, safe='')}")
        return FileStatus(
            state=str(value.get("state") or ""),
            offset=_number(value.get("offset")),
            length=_number(value.get("length")),
            reason=_sentence(value.get("reason")),
            receipt=_serial(value.get("receipt")),
            finished_at=str(value.get("finished_at") or ""),
        )

    def address(self, upload: str) -> str:
        """The capability address of an unfinished upload, asked for again."""
        value = self._json("POST", f"uploads/{quote(upload, safe='')}/url", json={})
        return urljoin(self.server, str(value["url"]))

    def receipt(self, serial: str) -> bytes:
        """The receipt's file, byte for byte as it was signed."""
        answer = self._send(
            "GET", f"receipts/{quote(serial, safe='')}", headers={"Accept": "application/json"}
        )
        return answer.content

    def _json(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        answer = self._send(method, path, **kwargs)
        try:
            value = answer.json()
        except ValueError:
            value = None
        if not isinstance(value, dict):
            # A captive portal or a proxy answers 200 with a page of its own.
            raise Lost
        return value

    def _send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        try:
            return self.web.send(
                method,
                urljoin(self.server, f"/api/v1/{path}"),
                token=self.token,
                params={"election": self.election} if self.election else None,
                **kwargs,
            )
        except Answered as answer:
            if answer.status == 401:
                raise AuthRefused(answer.sentence) from None
            raise


class Tickets:
    """The run's one ticket, shared by its threads and fetched anew when it has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ticket: str | None = None

    def get(self, api: Api) -> str:
        """The ticket, or the token itself where the server gives no tickets."""
        with self._lock:
            if self._ticket is None:
                try:
                    self._ticket = api.ticket()
                except Answered as answer:
                    if answer.passes:
                        raise
                    self._ticket = api.token
            return self._ticket

    def ended(self, ticket: str) -> None:
        """It was refused: the next `get` asks for another."""
        with self._lock:
            if self._ticket == ticket:
                self._ticket = None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _sentence(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("sentence") or value.get("message") or value.get("code")
    return str(value or "")


def _serial(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("serial") or value.get("id")
    return str(value or "")
