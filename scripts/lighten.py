"""Make the light copy of portal/static that nginx serves: no comments, compressed once and well.

Our modules are read by people here and by browsers on slow lines there; what is between them is
spaces and comments, which a browser on such a line need not fetch. The packages are set-up's alone.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import rcssmin
import rjsmin
import zopfli.gzip

from portal.light import COPIES, STATIC, files_in, light_of

SHORTER: dict[str, Callable[[str], str]] = {".js": rjsmin.jsmin, ".css": rcssmin.cssmin}
COMPRESSED = (*SHORTER, ".svg")
# Below this a packet is a packet anyway; nginx knows the same number.
WORTH_IT = 600


def lighten(static: Path, target: Path) -> None:
    """Write the copy of `static`; it is there whole or not at all."""
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        draft = Path(place) / "light"
        for source in files_in(static):
            copy = draft / source.relative_to(static)
            copy.parent.mkdir(parents=True, exist_ok=True)
            content = _light(source, whole="vendor" in source.parts)
            copy.write_bytes(content)
            if source.suffix in COMPRESSED and len(content) >= WORTH_IT:
                copy.with_name(f"{copy.name}.gz").write_bytes(zopfli.gzip.compress(content))
        draft.rename(target)


def _light(source: Path, *, whole: bool) -> bytes:
    content = source.read_bytes()
    shorter = SHORTER.get(source.suffix)
    # What comes from npm is short already, and says in a comment whose it is.
    return content if shorter is None or whole else shorter(content.decode()).encode()


def main() -> int:
    """Keep only the copy of the files as they are now."""
    target = light_of(STATIC)
    if not target.is_dir():
        lighten(STATIC, target)
    for old in COPIES.iterdir():
        if old != target:
            shutil.rmtree(old, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
