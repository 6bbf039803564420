"""What lies on a server's disk after a measurement: as many files, as long, and of the bytes sent.

Next station: `portal/bench/measuring.py` throws a measurement away when this finds something.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO

from portal.bench.client import pattern
from portal.bench.stand import Stand
from uploads.shelf import Shelf

BLOCK = 1024**2
COMPARED = 16 * BLOCK
Opener = Callable[[], BinaryIO]


class WrongFiles(Exception):
    """The disk does not hold what the server has acknowledged."""


def check_files(stand: Stand, expected: Sequence[tuple[int, int]], *, largest: int) -> None:
    """Raise WrongFiles unless there are `expected` files, as (bytes, how many), one compared whole.

    `largest`: of which size one is compared with what was sent, its beginning and its end.
    """
    wanted: Counter[int] = Counter()
    for size, count in expected:
        wanted[size] += count
    found: Counter[int] = Counter()
    one: Opener | None = None
    for opener, size in _files(stand):
        if size in wanted:
            found[size] += 1
            if size == largest:
                one = opener
    if any(found[size] < count for size, count in wanted.items()):
        raise WrongFiles(f"expected {dict(wanted)} (bytes: files), found {dict(found)}")
    if one is not None:
        _compare(one, largest)


def _files(stand: Stand) -> Iterator[tuple[Opener, int]]:
    if stand.contender.own:
        shelf = Shelf(stand.config.upload_root)
        for arrival in shelf.scan():
            if shelf.size(arrival.upload_id) == arrival.size:
                yield partial(shelf.open, arrival.upload_id), arrival.size
        return
    for folder, _, names in os.walk(stand.config.upload_root):
        for name in names:
            path = Path(folder) / name
            yield partial(_open, path), path.stat().st_size


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


@cache
def _pattern() -> bytes:
    return pattern()


def _compare(opener: Opener, size: int) -> None:
    whole = _pattern()
    with opener() as file:
        for start in (0, max(0, size - COMPARED)):
            file.seek(start)
            at = start
            while (block := file.read(BLOCK)) and at < start + COMPARED:
                begin = at % len(whole)
                doubled = whole[begin:] + whole[:begin] if begin else whole
                if block != doubled[: len(block)]:
                    raise WrongFiles(f"{size} bytes: others than sent near {at}")
                at += len(block)
