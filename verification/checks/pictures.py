"""Behind the walls: a JPEG or PNG is measured, then decoded, turned upright and flattened.

Sizes are judged from the header, before a single pixel is decoded. Task ``document.image``.

Next station: ``verification/checks/raster.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from verification.checks.raster import write_page
from verification.checks.sizes import SIZES, ImageKind, Size
from verification.sandbox.job import JSON, Job, Refuse

# Ours is the judgement, before decoding; Pillow's own limit only warns.
Image.MAX_IMAGE_PIXELS = None
# Four blocks of 16 MiB stay from one picture to the next: giving them back to the system and getting
# them anew, page by page, costs as much as decoding does.
Image.core.set_blocks_max(4)  # type: ignore[attr-defined]

_OPENERS: dict[str, Callable[[IO[bytes]], ImageFile]] = {
    "jpeg": JpegImageFile,
    "png": PngImageFile,
}
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_UNDECODABLE = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError)


def read_image(job: Job) -> JSON:
    """``arguments``: ``type`` (``jpeg`` or ``png``), ``max_pixels``, ``max_side``.

    Answer: ``pages`` (1), ``blank`` ([1] when nothing is on it), ``sides`` in pixels as sent.
    """
    kind, pixels, side = (job.arguments[name] for name in ("type", "max_pixels", "max_side"))
    assert isinstance(kind, str)
    assert isinstance(pixels, int)
    assert isinstance(side, int)
    with job.source.open("rb") as file:
        image = opened(file, kind, max_pixels=pixels, max_side=side)
        sides: list[JSON] = list(image.size)
        upright = decoded(image, SIZES[ImageKind.ZOOM])
    assert job.output
    blank: list[JSON] = [1] if write_page(upright, job.output, 1) else []
    return {"pages": 1, "restricted": False, "blank": blank, "sides": sides}


def opened(file: IO[bytes], kind: str, *, max_pixels: int, max_side: int) -> ImageFile:
    """The image, its header read and judged, its pixels not yet decoded. Refuse."""
    try:
        image = _OPENERS[kind](file)
    except _UNDECODABLE as error:
        raise Refuse("document.damaged", type=kind) from error
    width, height = image.size
    if width * height > max_pixels or max(width, height) > max_side:
        raise Refuse("image.too_large", width=width, height=height, megapixels=max_pixels // 10**6)
    if min(width, height) < 1:
        raise Refuse("document.damaged", type=kind)
    return image


def decoded(image: ImageFile, size: Size) -> Image.Image:
    """All pixels, as RGB, upright, over white. A JPEG is decoded no finer than ``size`` needs."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except _UNDECODABLE:
        orientation = 1  # metadata is dropped anyway, broken or not
    try:
        image.draft(None, _coarsest(image.size, size))
        image.load()
        flat = _flattened(image)
    except _UNDECODABLE as error:
        raise Refuse("document.damaged", type=(image.format or "").lower()) from error
    turn = _UPRIGHT.get(orientation)
    return flat if turn is None else flat.transpose(turn)


def _coarsest(sides: tuple[int, int], size: Size) -> tuple[int, int]:
    """What a JPEG decoder may shrink to: never below the target in either direction."""
    scale = min(size.short / min(sides), size.long / max(sides), 1.0)
    return max(1, int(sides[0] * scale)), max(1, int(sides[1] * scale))


def _flattened(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a channel
        return image.point(lambda value: value / 256).convert("L").convert("RGB")
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        over = image.convert("RGBA")
        paper = Image.new("RGB", over.size, "white")
        paper.paste(over, mask=over.getchannel("A"))
        return paper
    return image.convert("RGB")
