"""Behind the walls: pixels in, a light WebP out. Nothing but pixels passes.

Photographs and coloured pages go as lossy WebP. A page full of small print would need three times
its bytes that way, or lose the print; in a few shades of grey without loss it stays sharp and small,
and is encoded sooner. So the encoder looks which of the two it has, and walks down a ladder until
the image is light enough.

Next station: ``verification/checks/derived.py``, outside, where every image is measured again.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, WebPImagePlugin

from verification.checks.sizes import SIZES, ImageKind, Size, fitted

assert WebPImagePlugin.SUPPORTED  # registers the encoder

_COLOURED = 40  # of 255: how far the channels of one spot must lie apart
_INK = 24  # of 255: how much darker than the paper a mark must be
_SHRINKINGS = (0.8, 0.6, 0.45)
_LARGE = 4_000_000  # pixels from which the encoder's quickest method is used
_PAPER, _BLACK, _PRINT = 215, 60, 0.85  # this share of a printed page is either of them


def write_page(image: Image.Image, folder: Path, number: int) -> None:
    """Page, zoom (only where it shows more) and thumbnail of page ``number`` into ``folder``."""
    sides = fitted(*image.size, SIZES[ImageKind.PAGE])
    page = _resized(image, sides)
    _write(page, ImageKind.PAGE, folder, number)
    if image.size != sides:
        _write(
            _resized(image, fitted(*image.size, SIZES[ImageKind.ZOOM])),
            ImageKind.ZOOM,
            folder,
            number,
        )
    thumb = _resized(page, fitted(*page.size, SIZES[ImageKind.THUMB]))
    _write(thumb, ImageKind.THUMB, folder, number)


def write_card(image: Image.Image, folder: Path, number: int) -> None:
    """The one image of a card scan into ``folder``."""
    card = _resized(image, fitted(*image.size, SIZES[ImageKind.CARD]))
    _write(card, ImageKind.CARD, folder, number)


def is_blank(image: Image.Image) -> bool:
    """Whether nothing stands out from the paper. Small specks of a scanner do not count."""
    lightness = _resized(image.convert("L"), fitted(*image.size, SIZES[ImageKind.THUMB]))
    darkest, lightest = lightness.getextrema()
    assert isinstance(darkest, int | float)
    assert isinstance(lightest, int | float)
    return lightest - darkest < _INK


def _write(image: Image.Image, kind: ImageKind, folder: Path, number: int) -> None:
    (folder / f"{number}.{kind.value}").write_bytes(encoded(image, SIZES[kind]))


def encoded(image: Image.Image, size: Size) -> bytes:
    """``image`` as WebP of ``size.aim`` bytes at most, or as light as the ladder goes."""
    smallest = b""
    for attempt in _ladder(image):
        smallest = attempt()
        if len(smallest) <= size.aim:
            break
    return smallest


def _ladder(image: Image.Image) -> Iterator[Callable[[], bytes]]:
    grey = image.convert("L")
    if not _is_coloured(image) and _is_print(grey):
        for shades in (8, 4, 3):
            yield partial(_without_loss, grey, shades)
    else:
        for quality in (55, 38, 22):
            yield partial(_lossy, image, quality)
    yield partial(_lossy, image, 10)
    for share in _SHRINKINGS:
        width, height = (max(1, round(side * share)) for side in image.size)
        yield partial(_lossy, _resized(image, (width, height)), 10)


def _lossy(image: Image.Image, quality: int) -> bytes:
    return _saved(image, quality=quality, method=0 if _is_large(image) else 1)


def _without_loss(grey: Image.Image, shades: int) -> bytes:
    """Quality means effort here."""
    step = 255 / (shades - 1)
    few = grey.point([round(round(value / step) * step) for value in range(256)])
    return _saved(few, lossless=True, quality=10 if _is_large(grey) else 50, method=1)


def _saved(image: Image.Image, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, "WEBP", **options)
    return target.getvalue()


def _is_large(image: Image.Image) -> bool:
    return image.width * image.height > _LARGE


def _is_print(grey: Image.Image) -> bool:
    """Marks on paper, with little between black and white but the edges of letters."""
    counts = grey.histogram()
    return sum(counts[:_BLACK]) + sum(counts[_PAPER:]) >= _PRINT * grey.width * grey.height


def _is_coloured(image: Image.Image) -> bool:
    if image.mode != "RGB":
        return False
    red, green, blue = image.reduce(4).split() if min(image.size) > 8 else image.split()
    for one, other in ((red, green), (green, blue)):
        furthest = ImageChops.difference(one, other).getextrema()[1]
        assert isinstance(furthest, int | float)
        if furthest > _COLOURED:
            return True
    return False


def _resized(image: Image.Image, sides: tuple[int, int]) -> Image.Image:
    factor = int(min(image.width / sides[0], image.height / sides[1]) + 0.01)
    if factor > 1:
        image = image.reduce(factor)  # ten times faster, and near enough for what is left
    return image if image.size == sides else image.resize(sides, Image.Resampling.BICUBIC)
