"""The REST API as a program of one account uses it.

party = Account(stack, "koordinator.a")
roster = party.imported(party.send(rows, MEMBERS))
submission = party.submit()
with Account(stack, "verifikator.bandung.1") as verifier:  # one connection for all calls
    item = verifier.claim()
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.stack import Stack
from tests.traffic import SECONDS, Answer, Caller, wait_for

IMPORT_SECONDS = 240.0


class Account(Caller):
    """`tests.traffic.Caller` for a demo account, with the calls that journeys are made of."""

    def __init__(self, stack: Stack, login: str) -> None:
        super().__init__(stack.base_url, stack.logins[login].token)
        self.login = login
        self._line: http.client.HTTPConnection | None = None

    def __enter__(self) -> Account:
        place = urlsplit(self.address)
        assert place.hostname is not None
        self._line = http.client.HTTPConnection(place.hostname, place.port, timeout=SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._line is not None
        self._line.close()
        self._line = None

    def api(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A call below `/api/v1/`; on a kept line once more when the server had closed it idle."""
        if self._line is None:
            return super().api(method, path, body, headers)
        fields = {**self.bearer, "Accept": "application/json", **(headers or {})}
        sent = None
        if body is not None:
            sent = json.dumps(body).encode()
            fields["Content-Type"] = "application/json"
        for attempt in (1, 2):
            try:
                self._line.request(method, f"/api/v1/{path}", sent, fields)
                reply = self._line.getresponse()
                names = {name.lower(): value for name, value in reply.getheaders()}
                return Answer(reply.status, names, reply.read())
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self._line.close()
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def get(self, path: str) -> Any:
        return self.api("GET", path).expect(200).json()

    def everything(self, path: str) -> Iterator[dict[str, Any]]:
        """All rows of a paged list."""
        joint = "&" if "?" in path else "?"
        after = ""
        while True:
            page = self.get(f"{path}{joint}limit=200{after}")
            yield from page["items"]
            if page["next"] is None:
                return
            after = f"&cursor={page['next']}"

    @staticmethod
    def refused(answer: Answer, status: int, code: str) -> None:
        """The answer is this problem (RFC 9457) and no other."""
        assert answer.status == status, answer
        assert answer.json()["code"] == code, answer

    # A party's

    def imported(self, file: str, *, seconds: float = IMPORT_SECONDS) -> dict[str, Any]:
        """The list of a sent file, once its import is over."""
        told: dict[str, Any] = {}

        def over() -> bool:
            answer = self.api("GET", f"rosters/{file}")
            if answer.status == 404:  # stored, and its arrival not yet entered
                return False
            told.update(answer.expect(200).json())
            return told["file"] == file and told["stage"] in ("done", "waiting", "failed")

        wait_for(over, f"the import of {file}", seconds, told)
        return told

    def submit(self) -> dict[str, Any]:
        """Look at the draft and send it as shown."""
        draft = self.get("submissions/draft")
        answer = self.api("POST", "submissions", {"digest": draft["digest"]}).expect(201)
        made: dict[str, Any] = answer.json()
        assert made["digest"] == draft["digest"]
        return made

    def queued(self, submission: str, *, seconds: float = IMPORT_SECONDS) -> dict[str, Any]:
        """A submission once all its items stand in the queue."""
        told: dict[str, Any] = {}

        def ready() -> bool:
            told.update(self.get(f"submissions/{submission}"))
            return told["state"] == "queued"

        wait_for(ready, f"items of {submission}", seconds, told)
        return told

    def compared(self, submission: str, *, seconds: float = IMPORT_SECONDS) -> None:
        """Wait until a submission has been compared with every other party's."""

        def told() -> bool:
            return any(
                entry["kind"] == "duplicates.found" and entry["facts"]["submission"] == submission
                for entry in self.everything("journal")
            )

        wait_for(told, f"the search for duplicates of {submission}", seconds)

    # A verifier's

    def claim(self) -> dict[str, Any] | None:
        """The next item; None when the queue is empty."""
        answer = self.api("POST", "queue/claim", {})
        if answer.status == 404 and answer.json()["code"] == "nothing_to_claim":
            return None
        item: dict[str, Any] = answer.expect(200).json()
        return item

    def decide(self, item: Mapping[str, Any], outcome: str, reason: str | None = None) -> Answer:
        """Decide the item in the version that was read."""
        body = {"outcome": outcome, "reason": reason}
        headers = {"If-Match": f'"{item["version"]}"'}
        return self.api("POST", f"items/{item['id']}/decision", body, headers)
