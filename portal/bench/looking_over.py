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
Open = Callable[[], BinaryIO]
Opener = Callable[[], BinaryIO]


class WrongFiles(Exception):
    """The disk does not hold what the server has acknowledged."""


def check_files(stand: Stand, expected: Sequence[tuple[int, int]], *, largest: int) -> None:
    """Raise WrongFiles unless there are `expected` files, as (bytes, how many), one compared.

    `largest`: of which size one is compared with what was sent, its beginning and its end.
    """
    wanted: Counter[int] = Counter()
    for size, count in expected:
        wanted[size] += count
    found: Counter[int] = Counter()
    one: Open | None = None
    for opened, size in _files(stand):
        found[size] += 1
        if size == largest:
            one = opened
    if any(found[size] < count for size, count in wanted.items()):
        missing = {size: f"{found[size]} of {count}" for size, count in wanted.items()}
        raise WrongFiles(f"found (bytes: files) {missing}")
    if one is not None:
        _compare(one, largest)


def _files(stand: Stand) -> Iterator[tuple[Open, int]]:
    root = stand.config.upload_root
    if stand.contender.own:
        # Plain or packed, as the portal finds them; only what has an arrival counts.
        shelf = Shelf(root)
        for arrival in shelf.scan():
            if shelf.size(arrival.upload_id) == arrival.size:
                yield partial(shelf.open, arrival.upload_id), arrival.size
        return
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            yield partial(_open, path), path.stat().st_size


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


@cache
def _pattern() -> bytes:
    return pattern()


def _compare(opened: Open, size: int) -> None:
    whole = _pattern()
    with opened() as file:
        for start in (0, max(0, size - COMPARED)):
            file.seek(start)
            at, end = start, min(size, start + COMPARED)
            while at < end:
                block = file.read(min(BLOCK, end - at))
                begin = at % len(whole)
                sent = (whole[begin : begin + len(block)] + whole)[: len(block)]
                if not block or block != sent:
                    raise WrongFiles(f"other bytes than sent near {at} of {size}")
                at += len(block)
