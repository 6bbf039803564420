"""What is measured: sizes, connections, words for the client.

Next station: `portal/bench/measuring.py`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace

from portal.bench.measuring import Task

KIB, MIB, GIB = 1024, 1024**2, 1024**3
DOCUMENT = 200_000
# As much memory is touched before as will be written twice over: pages that the machine has lent to
# others cost whoever takes them back, and that must be nobody who is measured.
TOUCHED = 2
MOST_TOUCHED = 6 * GIB

DOCUMENT_FACTS = {
    "filename": "bench.pdf",
    "filetype": "application/pdf",
    "purpose": "document",
    "requirement": "ad-art",
    "region": "ID",
}
SCANS_FACTS = {
    "filename": "bench.zip",
    "filetype": "application/zip",
    "purpose": "scans",
    "requirement": "kartu-anggota",
    "region": "32.73",
}


def metadata(facts: Mapping[str, str]) -> str:
    """The client's word for Upload-Metadata."""
    pairs = (f"{name} {b64encode(text.encode()).decode()}" for name, text in facts.items())
    return f"creation=Upload-Metadata: {','.join(pairs)}"


def untouched(task: Task) -> Task:
    """The same without touching memory before: what it costs on a machine that takes it back."""
    return replace(task, words=tuple(w for w in task.words if not w.startswith("touch=")))


def _touching(size: int) -> str:
    return f"touch={min(TOUCHED * size, MOST_TOUCHED)}"


def bulk(size: int, chunk: int) -> Task:
    """One file of `size` bytes in PATCHes of `chunk`."""
    name = "1 PATCH" if chunk >= size else f"{chunk // MIB} MiB chunks"
    return Task(
        name=f"bulk, {name}",
        mode="bulk",
        words=(f"size={size}", f"chunk={chunk}", _touching(size), metadata(SCANS_FACTS)),
        connections=1,
        files=1,
        size=size,
        bytes_on_disk=size,
    )


def documents(count: int, connections: int, *, with_body: bool, size: int = DOCUMENT) -> Task:
    """`count` documents on so many connections, each in one POST, or in POST and PATCH."""
    return Task(
        name="documents, one POST" if with_body else "documents, POST + PATCH",
        mode="documents",
        words=(
            f"count={count}", f"connections={connections}", f"size={size}",
            f"with_body={int(with_body)}", _touching(count * size),
            metadata(DOCUMENT_FACTS),
        ),
        connections=connections,
        files=count,
        size=size,
        bytes_on_disk=2 * count * size,
    )  # fmt: skip


def trickle(connections: int, seconds: int, idle: int, rate: int = 4 * KIB) -> Task:
    """Slow clients of `rate` bytes a second each, and a HEAD every 20 ms in between."""
    size = rate * (seconds + 3)
    return Task(
        name=f"trickle, {connections} connections of {rate // KIB} KiB/s",
        mode="trickle",
        words=(
            f"connections={connections}", f"seconds={seconds}", f"idle={idle}", f"rate={rate}",
            _touching(connections * size), metadata(SCANS_FACTS),
        ),
        connections=connections,
        files=connections,
        size=size,
        bytes_on_disk=2 * connections * size,
        through_nginx_only=True,
    )  # fmt: skip


def cut(count: int, rate: int, *, reset: bool) -> Task:
    """Lines that break at a random byte; `rate` bytes a second, 0 as fast as loopback is."""
    size = 8 * rate if rate else 64 * MIB
    how = "RST" if reset else "FIN"
    speed = f"{rate / 1e6:g} MB/s" if rate else "loopback speed"
    return Task(
        name=f"cut by {how}, {speed}",
        mode="cut",
        words=(
            f"count={count}", f"connections={min(count, 8 if rate else 1)}", f"size={size}",
            f"rate={rate}", f"reset={int(reset)}", metadata(SCANS_FACTS),
        ),
        connections=min(count, 8 if rate else 1),
        bytes_on_disk=count * size,
    )  # fmt: skip
