"""A client that may be killed at any instant: several uploads at once, each with a journal of its own.

A journal is appended to after every acknowledgement, so that what was acknowledged is known even when
nobody is left who heard it. `python -m tests.drills.sender FOLDER PORT FIRST COUNT` keeps COUNT uploads
going until the file `FOLDER/enough` is there, then ends them and leaves.
"""

import base64
import contextlib
import http.client
import itertools
import random
import sys
import threading
import time
from pathlib import Path

from tests.patience import PATIENCE
from tests.unit.uploads.builders import OCTETS

KIB = 1024
PAUSE_SECONDS = 0.05
VERSION = {"Tus-Resumable": "1.0.0"}
PATIENT = frozenset({409, 423, 500, 502, 503, 504})
"""What may pass. 500 and 502 never leave nginx; that is asserted on its log."""


def content_of(name: str) -> bytes:
    """The bytes of an upload, from its name alone: half of them small enough for a pack."""
    chance = random.Random(name)
    return chance.randbytes(
        chance.choice((chance.randrange(1, 40_000), chance.randrange(3_000_000)))
    )


class Sender:
    """One upload: journal lines are `at LOCATION`, `ack OFFSET`, `done`, `wrong WHAT`."""

    def __init__(self, folder: Path, port: int, name: str) -> None:
        self._port = port
        self._name = name
        self._content = content_of(name)
        self._journal = folder / f"{name}.journal"
        self._location: str | None = None
        self.acknowledged = 0
        self.done = False
        self._remember()

    def step(self) -> None:
        """Create, or ask where to go on and send until something breaks."""
        if self._location is None:
            self._create()
        status, offset = self._ask("HEAD", self._location or "", {})
        if status != 200:
            if status not in (423, *PATIENT):
                self._note(f"wrong HEAD {status}")
            time.sleep(PAUSE_SECONDS)
            return
        if offset < self.acknowledged:
            self._note(f"wrong offset {offset}")
        self._acknowledge(offset)
        while not self.done:
            size = random.randrange(1, 256 * KIB)
            piece = self._content[offset : offset + size]
            fields = {"Content-Type": OCTETS, "Upload-Offset": str(offset)}
            status, offset = self._ask("PATCH", self._location or "", fields, piece)
            if status != 204:
                if status not in PATIENT:
                    self._note(f"wrong PATCH {status}")
                return
            self._acknowledge(offset)

    def _create(self) -> None:
        name = base64.b64encode(self._name.encode()).decode()
        fields = {"Upload-Length": str(len(self._content)), "Upload-Metadata": f"name {name}"}
        body = b""
        if len(self._content) < 40_000:
            body = self._content
            fields["Content-Type"] = OCTETS
        connection = self._connect()
        try:
            connection.request("POST", "/files/", body, fields | VERSION)
            answer = connection.getresponse()
            location, stored = answer.getheader("Location"), answer.getheader("Upload-Offset", "0")
            answer.read()
        finally:
            connection.close()
        if answer.status == 201 and location is not None:
            self._note(f"at {location}")
            self._location = location
            self._acknowledge(int(stored))
        else:
            if answer.status not in PATIENT:
                self._note(f"wrong POST {answer.status}")
            raise ConnectionError

    def _ask(
        self, method: str, path: str, fields: dict[str, str], body: bytes = b""
    ) -> tuple[int, int]:
        connection = self._connect()
        try:
            connection.request(method, path, body or None, fields | VERSION)
            answer = connection.getresponse()
            answer.read()
            return answer.status, int(answer.getheader("Upload-Offset", "-1"))
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)

    def _acknowledge(self, offset: int) -> None:
        if offset > self.acknowledged:
            self._note(f"ack {offset}")
            self.acknowledged = offset
        if offset == len(self._content):
            self._note("done")
            self.done = True

    def _note(self, line: str) -> None:
        with self._journal.open("a") as file:
            file.write(line + "\n")

    def _remember(self) -> None:
        """What an earlier life of this client has noted; its last line may be cut short."""
        with contextlib.suppress(FileNotFoundError):
            for line in self._journal.read_text().rpartition("\n")[0].splitlines():
                kind, _, value = line.partition(" ")
                if kind == "at":
                    self._location = value
                elif kind == "ack":
                    self.acknowledged = int(value)
                elif kind == "done":
                    self.done = True


def keep_going(folder: Path, port: int, lane: int) -> None:
    """One upload after the other, until it is enough and the last one is done."""
    for number in itertools.count():
        name = f"{lane}-{number}"
        # A life before this one may have begun it.
        if (folder / "enough").exists() and not (folder / f"{name}.journal").exists():
            return
        sender = Sender(folder, port, name)
        while not sender.done:
            try:
                sender.step()
            except (OSError, http.client.HTTPException):
                time.sleep(PAUSE_SECONDS)


def main() -> None:
    """Run the lanes of one client process."""
    folder, port, first, count = Path(sys.argv[1]), *(int(text) for text in sys.argv[2:5])
    lanes = [
        threading.Thread(target=keep_going, args=(folder, port, lane))
        for lane in range(first, first + count)
    ]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()


if __name__ == "__main__":
    main()
