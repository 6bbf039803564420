"""Where a derived image lies; one that is not there yet is asked for.

Next station: `verification.drawing`, which draws it.
"""

from __future__ import annotations

from pathlib import Path

from portal.context import now, services
from portal.refusals import ImageNotDrawn
from verification.checks.derived import image_name
from verification.checks.sizes import ImageKind
from verification.drawing import ask_for_images
from verification.errors import NotFound
from verification.files import derived_path


def drawn(upload_id: str, number: int, kind: ImageKind) -> Path:
    """The image of a file that has one of this number. Raises ImageNotDrawn; NotFound: there is no zoom."""
    folder = derived_path(services().config.derived_dir, upload_id)
    path = folder / image_name(number, kind)
    if path.is_file():
        return path
    if kind is ImageKind.ZOOM and (folder / image_name(number, ImageKind.PAGE)).is_file():
        raise NotFound("zoom")
    with services().sessions.begin() as session:
        ask_for_images(session, upload_id, now())
    raise ImageNotDrawn("image")
