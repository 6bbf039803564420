"""What a state machine over two upload processes knows: uploads, final uploads, the processes themselves."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.contracts.tus_process import TusProcess
from tests.contracts.tus_table import Answer, ask


@dataclass(eq=False)
class Model:
    """An upload as its client knows it: it holds between `low` and `high` bytes of `content`."""

    path: str
    content: bytes
    ends: int
    low: int = 0
    high: int = 0
    partial: bool = False
    length: int | None = None
    gone: bool = False
    flying: socket.socket | None = None
    final: Final | None = None

    @property
    def complete(self) -> bool:
        return self.length is not None and self.low == self.length


@dataclass(eq=False)
class Final:
    """A final upload; `doomed` when a part it needs is gone, which it may not know yet."""

    path: str
    parts: list[Model]
    ends: int
    gone: bool = False
    doomed: bool = False

    @property
    def joined(self) -> bool:
        """Whether it has all it needs, and so will be joined unless it is removed first."""
        return not self.gone and all(part.complete for part in self.parts)

    @property
    def content(self) -> bytes:
        return b"".join(part.content for part in self.parts)


@dataclass
class Stand:
    """The two processes and what time it is there, in hours."""

    root: Path
    processes: list[TusProcess]
    hours: int = 0
    steps: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def ask(
        self, process: int, method: str, path: str, *arguments: object, **more: object
    ) -> Answer:
        line = self.processes[process].connect()
        return ask(line, method, path, *arguments, **more)  # type: ignore[arg-type]


@contextlib.contextmanager
def stand() -> Iterator[Stand]:
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as running:
        root = Path(directory, "uploads")
        root.mkdir()
        processes = [
            TusProcess(root, TUS_SHARDS=shards, TUS_SWEEP="0.2", TUS_MOST="1000")
            for shards in ("0-128", "128-256")
        ]
        for process in processes:
            running.callback(process.hang_up)
            running.callback(process.kill)
            process.start()
        yield Stand(root, processes)
