"""Derived images taken over from the child: measured, bounded, named by us, moved into the cache.

The child that made them read a foreign file, so they are foreign as well. Only the two plain forms
of WebP are taken, which cannot hold metadata, animation or anything after the picture; the sides in
the header must fit the kind of image. Names are made here, from numbers.

Next station: the review item shows them; ``derived_dir`` is a cache that can be built again.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from verification.checks.sizes import SIZES, ImageKind
from verification.sandbox.outcome import Malformed

MEDIA_TYPE = "image/webp"
_HEADER = 30
_READABLE = 0o640


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedImage:
    """``page`` counts from 1 (of a scan archive: the entry's number); ``size`` in bytes.

    ``name`` is the file inside the derived directory, such as ``0001.page.webp``.
    """

    page: int
    kind: ImageKind
    name: str
    width: int
    height: int
    size: int
    media_type: str = MEDIA_TYPE


@contextmanager
def workplace(derived_dir: Path) -> Iterator[Path]:
    """An empty folder for the child, on the cache's own file system, gone afterwards."""
    derived_dir.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=".making-", dir=derived_dir))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def image_name(page: int, kind: ImageKind) -> str:
    """``0001.page.webp``."""
    return f"{page:04d}.{kind.value}.webp"


def adopt(
    place: Path, derived_dir: Path, wanted: Iterable[tuple[int, ImageKind]]
) -> tuple[DerivedImage, ...]:
    """Measure and move what the child made of ``wanted``; a zoom may be missing, nothing else.

    All are measured before the first is moved. An image that is there already is replaced.
    Malformed: one is missing, or not a small WebP of plausible sides.
    """
    measured: list[tuple[Path, DerivedImage]] = []
    for page, kind in wanted:
        made = place / f"{page}.{kind.value}"
        if kind is ImageKind.ZOOM and not made.exists():
            continue
        measured.append((made, _measured(made, page, kind)))
    for made, image in measured:
        made.chmod(_READABLE)
        made.replace(derived_dir / image.name)
    return tuple(image for _, image in measured)


def publish(place: Path, derived_dir: Path, images: Iterable[DerivedImage]) -> None:
    """Move images adopted into ``place`` on into the cache."""
    for image in images:
        (place / image.name).replace(derived_dir / image.name)


def _measured(made: Path, page: int, kind: ImageKind) -> DerivedImage:
    if made.is_symlink() or not made.is_file():
        raise Malformed("derived image missing")
    size, bounds = made.stat().st_size, SIZES[kind]
    if size > bounds.most:
        raise Malformed("derived image too heavy")
    with made.open("rb") as file:
        width, height = webp_sides(file.read(_HEADER), size)
    if min(width, height) > bounds.short or max(width, height) > bounds.long:
        raise Malformed("derived image too large")
    return DerivedImage(
        page=page,
        kind=kind,
        name=image_name(page, kind),
        width=width,
        height=height,
        size=size,
    )


def webp_sides(head: bytes, size: int) -> tuple[int, int]:
    """Width and height from the first 30 bytes of a plain WebP file of ``size`` bytes.

    RFC 9649, sections 2.4 to 2.6 (RIFF header, VP8 and VP8L chunk). Malformed: anything else.
    """
    if len(head) < _HEADER or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        raise Malformed("no WebP")
    whole, chunk, length = struct.unpack("<I", head[4:8])[0], head[12:16], head[16:20]
    inside = struct.unpack("<I", length)[0]
    if whole + 8 != size or inside + inside % 2 + 12 != whole:
        raise Malformed("something stands after the picture")
    if chunk == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", head[26:30])
        return _sides(width & 0x3FFF, height & 0x3FFF)
    if chunk == b"VP8L" and head[20] == 0x2F:
        bits = struct.unpack("<I", head[21:25])[0]
        return _sides((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    raise Malformed("not a plain WebP")


def _sides(width: int, height: int) -> tuple[int, int]:
    if min(width, height) < 1:
        raise Malformed("no area")
    return width, height
