"""The whole product as it is really run, on free ports, for journeys and drills."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from portal.config import Config
from tests.line import Line
from tests.postgres import free_port
from tests.tethered import ROOT, tethered

SIPOL = (sys.executable, "-c", "from portal.cli import main; main()")
START_SECONDS = 150
STOP_SECONDS = 90
ACCESS_LOG = "nginx-access.log"
# Where nobody ever listens behind nginx, for those who test their line.
NOBODY = "/files/periksa/tidak-ada"
# The last line of what `sipol up` says when everything runs.
INTRODUCED = "Catatan (log):"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A demo account, as `sipol demo` prints it."""

    role: str
    login: str
    password: str
    token: str
    party: str | None
    office: str | None


def environment(home: Path, **settings: Any) -> dict[str, str]:
    """What a part of the product is started with; settings by their names in `Config`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SIPOL_")}
    given = {f"SIPOL_{name.upper()}": str(value) for name, value in settings.items()}
    sandbox = os.environ.get("SIPOL_TEST_SANDBOX", "required")
    return own | {
        "SIPOL_HOME": str(home),
        "SIPOL_SANDBOX": sandbox,
        "PYTHONPATH": str(ROOT),
        **given,
    }


def sipol(*arguments: str, environ: dict[str, str], typed: str = "") -> str:
    """One command of the product; its output. Raises AssertionError with what it said."""
    done = subprocess.run(
        [*SIPOL, *arguments], env=environ, input=typed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def seed(home: Path, **settings: Any) -> None:
    """Keys, migrated database, regions, demo accounts below `home`."""
    environ = environment(home, **settings)
    sipol("init", environ=environ)
    sipol("demo", environ=environ)


def running_on(home: Path) -> list[str]:
    """Command lines of every other process that has this home in its words or surroundings."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes()
            marks = words + (entry / "environ").read_bytes()
        except OSError:
            continue
        if words and str(home).encode() in marks:
            found.append(words.replace(b"\0", b" ").decode(errors="replace"))
    return found


class Stack:
    """`with Stack(seeded) as stack:` runs `sipol up` on a copy of a seeded home.

    `database_url`: a seeded database when it is not the SQLite file in that home. With `line`, the
    address people use leads over `stack.line`, which can be slowed and cut. The end of the block
    asserts that no process is left and that nginx saw no 500, 502 or 504 outside `fault()`.
    """

    def __init__(
        self,
        seeded: Path,
        *,
        database_url: str = "",
        line: bool = False,
        **settings: Any,
    ) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="sipol-"))
        shutil.copytree(seeded, self.home, dirs_exist_ok=True)
        self.port = free_port()
        self.direct_url = f"http://127.0.0.1:{self.port}"
        self.line = Line(self.port) if line else None
        self.base_url = f"http://127.0.0.1:{self.line.port}" if self.line else self.direct_url
        if database_url:
            settings["database_url"] = database_url
        settings |= {"listen": f"127.0.0.1:{self.port}", "public_url": self.base_url}
        self.environ = environment(self.home, **settings)
        self.config = Config.load(self.environ)
        # Words before the command: a test may start the tree in surroundings of its own.
        self.wrapper: tuple[str, ...] = ()
        self._faults: list[tuple[int, int]] = []
        self._tree: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Stack:
        if self.line is not None:
            self.line.__enter__()
        try:
            self.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
            if error is None:
                self._assert_clean()
        finally:
            self._end()

    # The tree

    def start(self) -> None:
        """Start everything and wait until it can take work and has said so."""
        before = self.said().count(INTRODUCED)
        with (self.home / "up.out").open("ab") as out:
            self._tree = tethered(
                *self.wrapper, *SIPOL, "up", env=self.environ, cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        self._wait(lambda: self.said().count(INTRODUCED) > before, "the introduction")
        self.wait_until_ready()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop everything; with SIGKILL only the supervisor is hit and the parts must follow."""
        if self._tree is None:
            return
        self._tree.send_signal(number)
        self._tree.wait(STOP_SECONDS)
        self._tree = None
        deadline = time.monotonic() + STOP_SECONDS
        while (left := self.processes()) and number == signal.SIGKILL:
            assert time.monotonic() < deadline, left
            time.sleep(0.05)
        assert not left, left

    def restart(self, **settings: Any) -> None:
        """Stop the tree and start it with other settings, as an operator does."""
        self.stop()
        self.environ |= {f"SIPOL_{name.upper()}": str(value) for name, value in settings.items()}
        self.config = Config.load(self.environ)
        self.start()

    def wait_until_ready(self) -> None:
        """Until `/readyz` answers 200 through nginx and every upload process listens."""
        self._wait(lambda: self._readyz() == 200 and self._uploads_listen(), "/readyz and uploads")

    def _wait(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not true():
            assert self._tree is not None
            assert self._tree.poll() is None, self.said() + self._log_ends()
            assert time.monotonic() < deadline, f"waited for {what}\n{self.said()}"
            time.sleep(0.05)

    def pid(self, part: str) -> int:
        """The leader of a part: `nginx`, `portal`, `worker-0`, `uploads-0`, `uploads-1`."""
        return int((self.config.run_dir / f"{part}.pid").read_text())

    def kill(self, part: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Signal a part and all its processes at once."""
        os.killpg(self.pid(part), number)

    def kill_again(self, part: str) -> None:
        """kill -9 of a part, unless it is away already."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            self.kill(part)

    @contextlib.contextmanager
    def fault(self) -> Iterator[None]:
        """Trouble made on purpose; the block ends when the tree can take work again."""
        begin = len(self.access_log())
        try:
            yield
        finally:
            self.wait_until_ready()
            self._faults.append((begin, len(self.access_log())))

    # What a test may look at

    @property
    def logins(self) -> dict[str, Login]:
        """The demo accounts by login name, for example `koordinator.a`."""
        rows = json.loads((self.home / "demo.json").read_text())["accounts"]
        fields = Login.__dataclass_fields__
        return {row["login"]: Login(**{name: row[name] for name in fields}) for row in rows}

    def said(self) -> str:
        """What `sipol up` said to its terminal."""
        path = self.home / "up.out"
        return path.read_text(errors="replace") if path.exists() else ""

    def access_log(self) -> list[dict[str, Any]]:
        """Every request that nginx has answered."""
        path = self.config.log_dir / ACCESS_LOG
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def logs(self) -> str:
        """Everything any part has written down, in one text."""
        return "\n".join(
            path.read_text(errors="replace") for path in sorted(self.config.log_dir.iterdir())
        )

    def _log_ends(self) -> str:
        paths = [path for path in self.config.log_dir.iterdir() if path.name != ACCESS_LOG]
        return "".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in sorted(paths))

    def received(self, upload_id: str) -> int:
        """Bytes nginx received for one upload, headers included."""
        return sum(
            int(line["received"])
            for line in self.access_log()
            if line["path"] == f"/files/{upload_id}"
        )

    def processes(self) -> list[str]:
        """Command lines of everything that runs on this home."""
        return running_on(self.home)

    def _readyz(self) -> int:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            client.request("GET", "/readyz")
            return client.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            client.close()

    def _uploads_listen(self) -> bool:
        for index in range(self.config.upload_processes):
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(self.config.upload_socket(index))) != 0:
                    return False
        return True

    def _assert_clean(self) -> None:
        injected = {index for begin, end in self._faults for index in range(begin, end)}
        log = self.access_log()
        told = [line for line in log if line["status"] in (502, 504)]
        assert told == [], "a client was told 502 or 504"
        unexpected = [
            line
            for index, line in enumerate(log)
            if index not in injected
            and line["path"] != NOBODY
            and (
                line["status"] == 500
                or any(s in line["upstream_status"] for s in ("500", "502", "504"))
            )
        ]
        assert unexpected == [], "an upstream failed outside an injected fault"

    def _end(self) -> None:
        if self._tree is not None:
            self._tree.kill()
            self._tree.wait()
        if self.line is not None:
            self.line.__exit__(None, None, None)
        keep = os.environ.get("SIPOL_TEST_KEEP")
        if keep is None:
            shutil.rmtree(self.home, ignore_errors=True)
