"""The few calls of the portal's API that an upload needs.

Next station: `portal.cli.client.transfer`.
"""

import threading
from collections.abc import Callable, Mapping
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

    `reason` is a rejection's sentence and its repair, `receipt` the serial of its receipt, both may be empty.
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


class Tickets:
    """The run's one ticket, shared by its threads and fetched anew when it has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ticket: str | None = None

    def get(self, fetch: Callable[[], str], token: str) -> str:
        """The ticket, or the token itself where the server gives no tickets."""
        with self._lock:
            if self._ticket is None:
                try:
                    self._ticket = fetch()
                except Answered as answer:
                    if answer.passes:
                        raise
                    self._ticket = token
            return self._ticket

    def current(self) -> str | None:
        """The ticket, if one was fetched: it may outlive the token."""
        return self._ticket

    def ended(self, ticket: str) -> None:
        """It was refused: the next `get` asks for another."""
        with self._lock:
            if self._ticket == ticket:
                self._ticket = None


class Api:
    """Calls with the account's token. Raises Lost, NotTrusted, Answered, and AuthRefused for 401."""

    def __init__(
        self, web: Web, server: str, token: str, election: str | None, tickets: Tickets
    ) -> None:
        self.web = web
        self.server = server
        self.token = token
        self.election = election
        self.tickets = tickets

    def ticket(self) -> str:
        """What creates uploads: the run's ticket, which outlives the night."""
        return self.tickets.get(
            lambda: str(self._json("POST", "tickets", json={})["ticket"]), self.token
        )

    def status(self, upload: str) -> FileStatus:
        """How far an upload is."""
        value = self._json("GET", f"uploads/{quote(upload, safe='')}")
        return FileStatus(
            state=_text(value, "state"),
            offset=_number(value.get("offset")),
            length=_number(value.get("length")),
            reason=" ".join(filter(None, (_text(value, "reason"), _text(value, "repair")))),
            receipt=_text(value, "receipt"),
            finished_at=_text(value, "finished_at"),
        )

    def begun(self, fingerprint: str) -> str | None:
        """The public id of one's own open upload of that fingerprint."""
        items = self._items({"fingerprint": fingerprint})
        return _text(items[-1], "id") if items else None

    def arrived(self, sha256: str, claim: Mapping[str, str], batch: str) -> str | None:
        """The public id of one's own file of that content and claim, if this batch brought it."""
        wanted = {name: claim[name] for name in ("requirement", "region")}
        items = self._items({"sha256": sha256, **wanted})
        found = (_text(item, "id") for item in reversed(items) if item.get("batch") == batch)
        return next(found, None)

    def _items(self, query: dict[str, str]) -> list[dict[str, Any]]:
        items = self._json("GET", "uploads", params=query).get("items")
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

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
            return self._send_as(self.token, method, path, **kwargs)
        except Answered as answer:
            if answer.status != 401:
                raise
            refused = AuthRefused(answer.sentence)
        spare = self.tickets.current() if path.partition("/")[0] == "uploads" else None
        if spare is None or spare == self.token:
            raise refused
        try:
            # The token has ended during the night; the ticket may still ask for its uploads.
            return self._send_as(spare, method, path, **kwargs)
        except Answered as answer:
            if answer.status != 401:
                raise
            raise refused from None

    def _send_as(
        self,
        token: str,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> requests.Response:
        chosen = {"election": self.election} if self.election else {}
        return self.web.send(
            method,
            urljoin(self.server, f"/api/v1/{path}"),
            token=token,
            params={**chosen, **(params or {})},
            **kwargs,
        )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: dict[str, Any], name: str) -> str:
    return str(value.get(name) or "")
