"""Logs of a running installation keep their newest part, so that no disk is ever full of them.

On the last evenings each of them grows by gigabytes, next to the uploads. Every part appends to a file
that stays open, and whoever forwards its logs reads it as it grows; so a log is not moved aside but
loses its oldest half in its place, where the file system can do that, and begins anew where not.
"""

from __future__ import annotations

import os
from pathlib import Path

from uploads import disk

MOST_BYTES = 256 * 1024**2


def shorten(folder: Path, most: int = MOST_BYTES) -> None:
    """Shorten each log in `folder` that is larger than `most` bytes. Raises nothing for one that is gone."""
    for path in folder.glob("*.log"):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        try:
            size = os.fstat(descriptor).st_size
            if size > most and not disk.behead(descriptor, size - most // 2):
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)
