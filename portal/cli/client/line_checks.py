"""The questions of `sipol doctor`, in order; the same as the page's (`static/js/diagnosis/checks.js`).

Each yields check, outcome and value of `portal/diagnosis/findings.py`.

Next station: `portal/cli/doctor.py` says what came out.
"""

import base64
import secrets
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from portal.cli.client.wire import Answer, Wire

KIB = 1024
MIB = 1024 * KIB
FILES = "/files/"
NOWHERE = f"{FILES}{'0' * 32}~{'0' * 32}"
AWAY = f"{FILES}periksa/tidak-ada"
LENGTH = 16 * MIB
CLOCK_SECONDS = 60
SIZES = (1024 * MIB, 64 * MIB, 10 * MIB, MIB)
LISTEN_SECONDS = 3.0
TRIES = 8
OCTETS = {"Content-Type": "application/offset+octet-stream"}
Result = tuple[str, str, str]


def size(count: float) -> str:
    """Bytes for people."""
    kilo = count / KIB
    value, unit = (kilo, "KB") if kilo < 1000 else (kilo / KIB, "MB")
    return f"{value:.{1 if value < 10 else 0}f} {unit}".replace(".", ",")


def diagnose(wire: Wire, token: str | None) -> Iterator[Result]:
    """Every check; those that need an upload only with a token that may create one."""
    yield from _reach(wire)
    yield _http(wire)
    trial = Trial(wire, token)
    try:
        created = trial.create()
        yield created
        if trial.path:
            patched = trial.patch()
            yield patched
            yield trial.override()
            if patched[1] == "ok":
                yield trial.kept()
                yield trial.stream()
    finally:
        trial.remove()
    yield _away(wire)
    yield _large(wire)


def _reach(wire: Wire) -> Iterator[Result]:
    answers = [wire.ask("OPTIONS", FILES) for _ in range(3)]
    there = [answer for answer in answers if answer.status]
    if not there:
        yield ("reach", "away", "")
        return
    at = datetime.now(UTC)
    best = min(there, key=lambda answer: answer.seconds)
    known = best.get("Tus-Version") is not None and best.get("Tus-Resumable") is not None
    yield ("reach", "ok" if known else "stripped", str(round(best.seconds * 1000)))
    try:
        theirs = parsedate_to_datetime(there[-1].get("Date") or "")
    except ValueError:
        yield ("clock", "unknown", "")
        return
    # A Date has whole seconds: half of one is its mean.
    apart = abs(round((at - theirs).total_seconds() - 0.5 - there[-1].seconds / 2))
    yield ("clock", "off" if apart > CLOCK_SECONDS else "ok", str(apart))


def _http(wire: Wire) -> Result:
    version = wire.protocol()
    named = {"h2": "HTTP/2", "http/1.1": "HTTP/1.1"}.get(version)
    if named is None:
        return ("http", "unknown", "")
    old = wire.server.scheme == "https" and version != "h2"
    return ("http", "old" if old else "ok", named)


def _away(wire: Wire) -> Result:
    status = wire.ask("HEAD", AWAY).status
    outcome = {423: "ok", 404: "unknown"}.get(status, "changed")
    return ("away", outcome, str(status))


def _large(wire: Wire) -> Result:
    """A proxy with a limit says 413 to the length alone; our server says 404 to the address."""
    limited = 0
    for length in SIZES:
        headers = OCTETS | {"Upload-Offset": "0"}
        answer = wire.ask(
            "PATCH", NOWHERE, headers, bytes(KIB), announced=length, listen=LISTEN_SECONDS
        )
        if answer.status == 413:
            limited = length
        elif limited:
            break
        elif answer.status == 404:
            return ("large", "ok", size(length))
        else:
            quiet = answer.status == 0 and answer.seconds >= LISTEN_SECONDS
            return ("large", "quiet" if quiet else "unknown", size(length))
    return ("large", "limited", size(limited))


class Trial:
    """The small upload of a diagnosis: a part that nobody joins and whose last byte never comes."""

    def __init__(self, wire: Wire, token: str | None) -> None:
        self.path = ""
        self._wire = wire
        self._token = token
        self._offset = 0
        self._speed = 0.0

    def create(self) -> Result:
        """Create it; without a token nothing is asked."""
        if self._token is None:
            return ("create", "login", "")
        purpose = base64.b64encode(b"diagnosis").decode()
        answer = self._wire.ask(
            "POST",
            FILES,
            {
                "Upload-Length": str(LENGTH),
                "Upload-Concat": "partial",
                "Upload-Metadata": f"purpose {purpose}",
                "Authorization": f"Bearer {self._token}",
            },
        )
        if answer.status == 201:
            place = urljoin(f"{self._wire.root}{FILES}", answer.get("Location") or "")
            self.path = urlsplit(place).path
            return ("create", "ok", "")
        ours = answer.get("Tus-Resumable") is not None
        if ours and answer.status == 503:
            return ("create", "later", answer.get("Retry-After") or "60")
        if ours and answer.status in (401, 403):
            return ("create", "login", "")
        return ("create", "blocked", str(answer.status))

    def patch(self) -> Result:
        answer = self._append(64 * KIB)
        if answer.status != 204:
            return ("patch", "blocked", str(answer.status))
        self._append(self._during(1.0))
        return ("patch", "ok", f"{size(self._speed)}/s")

    def override(self) -> Result:
        headers = {"X-HTTP-Method-Override": "PATCH"}
        answer = self._append(KIB, method="POST", headers=headers)
        return ("override", "ok" if answer.status == 204 else "blocked", str(answer.status))

    def kept(self) -> Result:
        """Say twice as much as is sent, cut, look."""
        before, half = self._offset, self._during(2.0) // 2
        self._send_half(half, listen=None)
        time.sleep(0.3)
        there = self._look()
        if there is None:
            return ("kept", "unknown", "")
        self._offset = there
        return ("kept", "ok", size(there - before)) if there > before else ("kept", "lost", "")

    def stream(self) -> Result:
        """Send half of a body and leave the line open: has the server got it?"""
        before, half = self._offset, self._during(2.0) // 2
        waiting = threading.Thread(target=self._send_half, args=(half, LISTEN_SECONDS))
        waiting.start()
        time.sleep(min(LISTEN_SECONDS / 2, 0.5 + half / max(self._speed, 1.0)))
        there = self._look()
        waiting.join()
        if there is None:
            return ("stream", "unknown", "")
        self._offset = there
        return ("stream", "ok" if there > before else "held", "")

    def remove(self) -> None:
        if self.path:
            self._wire.ask("DELETE", self.path)

    def _append(
        self, count: int, *, method: str = "PATCH", headers: dict[str, str] | None = None
    ) -> Answer:
        fields = OCTETS | {"Upload-Offset": str(self._offset)} | (headers or {})
        # Random, so that no proxy can make it smaller.
        answer = self._wire.ask(method, self.path, fields, secrets.token_bytes(count))
        if answer.status == 204:
            self._offset = int(answer.get("Upload-Offset") or self._offset)
            self._speed = max(self._speed, count / max(answer.seconds, 1e-6))
        return answer

    def _send_half(self, half: int, listen: float | None) -> None:
        fields = OCTETS | {"Upload-Offset": str(self._offset)}
        body = secrets.token_bytes(half)
        self._wire.ask("PATCH", self.path, fields, body, announced=2 * half, listen=listen)

    def _look(self) -> int | None:
        """What the server has; waits for an upload that is still being let go."""
        for _ in range(TRIES):
            answer = self._wire.ask("HEAD", self.path)
            if answer.status == 200:
                return int(answer.get("Upload-Offset") or 0)
            if answer.status != 423:
                return None
            time.sleep(0.5)
        return None

    def _during(self, seconds: float) -> int:
        left = LENGTH - self._offset - KIB
        return max(0, min(left, 4 * MIB, max(128 * KIB, int(self._speed * seconds))))
