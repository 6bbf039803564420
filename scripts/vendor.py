"""Copy what the pages take from npm into portal/static/vendor/, without fonts and what no page uses.

GOV.UK Frontend's type face may be used on that government's sites only, and its pictures are not ours
either: every @font-face rule and every rule's url() is taken out, and a test looks that none is left.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from trim import Used, trimmed

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
TARGET = ROOT / "portal" / "static" / "vendor"
PAGES = ("templates/**/*.html", "static/js/**/*.js", "**/*.py")

FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
# A declaration whose value loads a file; data: needs nothing loaded and stays.
LOADING = re.compile(r"(?<=[{;])[a-z-]+:[^;{}]*url\(\s*[\"']?(?!data:)[^;{}]*?;?(?=[;}]|(?<=;))")
SOURCE_MAP = re.compile(r"^\s*(//|/\*)# sourceMappingURL=.*$", re.MULTILINE)


def stylesheet(text: str) -> str:
    """The rules our pages can match, without anything that would be loaded from elsewhere."""
    pages = (path for pattern in PAGES for path in (ROOT / "portal").glob(pattern))
    plain = LOADING.sub("", SOURCE_MAP.sub("", FONT_FACE.sub("", text)))
    return trimmed(plain, Used.in_files(pages))


def script(text: str) -> str:
    """The script without the address of a map that is not shipped."""
    return SOURCE_MAP.sub("", text)


FILES = {
    "govuk-frontend/dist/govuk/govuk-frontend.min.css": ("govuk-frontend.min.css", stylesheet),
    "tus-js-client/dist/tus.min.js": ("tus.min.js", script),
}


def main() -> int:
    """Write the files; 1 when a package is not there."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for source, (name, prepared) in FILES.items():
        path = MODULES / source
        if not path.exists():
            sys.stderr.write(f"{path} is missing: npm ci has not run\n")
            return 1
        (TARGET / name).write_text(prepared(path.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
