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
from enum import Enum
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


class Style(Enum):
    """How an image is best encoded."""

    PRINT = "print"
    PICTURE = "picture"


def write_page(image: Image.Image, folder: Path, number: int) -> bool:
    """Page, zoom (only where it shows more) and thumbnail of page ``number`` into ``folder``.

    True: nothing is on it. What can be told from the page is not looked for again in the zoom.
    """
    sides = fitted(*image.size, SIZES[ImageKind.PAGE])
    page = _resized(image, sides)
    style = style_of(page)
    thumb = _resized(page, fitted(*page.size, SIZES[ImageKind.THUMB]))
    _write(page, ImageKind.PAGE, folder, number, style)
    if image.size != sides:
        zoom = _resized(image, fitted(*image.size, SIZES[ImageKind.ZOOM]))
        _write(zoom, ImageKind.ZOOM, folder, number, style)
    _write(thumb, ImageKind.THUMB, folder, number, style)
    return _is_blank(thumb)


def write_card(image: Image.Image, folder: Path, number: int) -> None:
    """The one image of a card scan into ``folder``."""
    card = _resized(image, fitted(*image.size, SIZES[ImageKind.CARD]))
    _write(card, ImageKind.CARD, folder, number, style_of(card))


def style_of(image: Image.Image) -> Style:
    """Marks on paper, with little between black and white but the edges of letters; or not."""
    if _is_coloured(image):
        return Style.PICTURE
    counts = image.convert("L").histogram()
    extremes = sum(counts[:_BLACK]) + sum(counts[_PAPER:])
    return Style.PRINT if extremes >= _PRINT * image.width * image.height else Style.PICTURE


def encoded(image: Image.Image, size: Size, style: Style) -> bytes:
    """``image`` as WebP of ``size.aim`` bytes at most, or as light as the ladder goes."""
    smallest = b""
    for attempt in _ladder(image, style):
        smallest = attempt()
        if len(smallest) <= size.aim:
            break
    return smallest


def _write(image: Image.Image, kind: ImageKind, folder: Path, number: int, style: Style) -> None:
    content = encoded(image, SIZES[kind], style)
    # Pure noise may not get light enough at twice the size; the page alone serves then.
    if kind is not ImageKind.ZOOM or len(content) <= SIZES[kind].most:
        (folder / f"{number}.{kind.value}").write_bytes(content)


def _is_blank(thumb: Image.Image) -> bool:
    """Whether nothing stands out from the paper. Small specks of a scanner do not count."""
    darkest, lightest = thumb.convert("L").getextrema()
    assert isinstance(darkest, int | float)
    assert isinstance(lightest, int | float)
    return lightest - darkest < _INK


def _ladder(image: Image.Image, style: Style) -> Iterator[Callable[[], bytes]]:
    if style is Style.PRINT:
        grey = image.convert("L")
        for shades in (4, 3):
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
    return image if image.size == sides else image.resize(sides, Image.Resampling.HAMMING)
