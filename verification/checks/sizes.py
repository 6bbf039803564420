"""How large derived images are: what the child makes and what is accepted from it.

A verifier's page is 1,240 px wide for A4 (150 dpi, 8-point print legible) and light enough for a
review item under 150 KB with its scans; a zoom has twice the resolution and is loaded on demand.

Next station: ``verification/checks/raster.py`` makes them, ``derived.py`` accepts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class ImageKind(Enum):
    """``CARD`` is the one image of a card scan; the other three belong to a document's page."""

    PAGE = "page"
    ZOOM = "zoom"
    THUMB = "thumb"
    CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """``short`` and ``long`` bound an image's sides in pixels; ``aim`` and ``most`` its bytes.

    The encoder works towards ``aim``; what exceeds ``most`` is not accepted.
    """

    short: int
    long: int
    aim: int
    most: int


SIZES: Mapping[ImageKind, Size] = {
    ImageKind.PAGE: Size(short=1240, long=2480, aim=100_000, most=160_000),
    ImageKind.ZOOM: Size(short=2480, long=4960, aim=400_000, most=1_200_000),
    ImageKind.THUMB: Size(short=120, long=170, aim=6_000, most=20_000),
    ImageKind.CARD: Size(short=1240, long=1240, aim=56_000, most=80_000),
}


def fitted(width: float, height: float, size: Size, *, enlarge: bool = False) -> tuple[int, int]:
    """Sides of an image of ``width`` × ``height`` inside ``size``; enlarged only for vectors."""
    scale = min(size.short / min(width, height), size.long / max(width, height))
    if not enlarge:
        scale = min(scale, 1.0)
    return max(1, round(width * scale)), max(1, round(height * scale))
