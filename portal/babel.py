"""Indonesian is the language of the sources; English stands in catalogues, one a part of the portal.

    python -m portal.babel compile    .po → .mo (set-up; also done at start for what is missing)
    python -m portal.babel missing    texts of templates and views that have no English yet

A catalogue is `portal/translations/<part>/en/LC_MESSAGES/messages.po`; all are merged.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, g, request
from flask_babel import Babel

from portal.context import actor_or_none, services

LOCALES = ("id", "en")
COOKIE = "sipol_bahasa"
HERE = Path(__file__).parent
CATALOGUES = HERE / "translations"
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "lazy_ngettext": (1, 2), "_l": None}


def install(app: Flask) -> None:
    """Choose a language for each request; compile catalogues that set-up has not."""
    compile_all()
    directories = ";".join(str(part) for part in _parts())
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = directories
    Babel(app, default_locale=services_locale(app), locale_selector=locale)
    app.jinja_env.globals["current_locale"] = locale


def services_locale(app: Flask) -> str:
    """The installation's own language, for work outside a request."""
    configured: str = app.config["DEFAULT_LOCALE"]
    return configured if configured in LOCALES else LOCALES[0]


def locale() -> str:
    """The request's language: address, then account, then cookie, then browser, then configuration.

    Public pages listen to their address alone, because the edge keeps one copy of each address.
    """
    if "locale" not in g:
        g.locale = _choose()
    chosen: str = g.locale
    return chosen


def _choose() -> str:
    asked = request.args.get("bahasa", "")
    if asked in LOCALES:
        return asked
    default = services().config.default_locale
    if request.blueprint == "public":
        return default
    cookie = request.cookies.get(COOKIE, "")
    if cookie in LOCALES:
        return cookie
    who = actor_or_none()
    if who is not None:
        return who.locale if who.locale in LOCALES else default
    return request.accept_languages.best_match(LOCALES, default) or default


def compile_all() -> list[Path]:
    """Compile every catalogue that is newer than its compiled form; which were."""
    written = []
    for source in sorted(CATALOGUES.glob("*/*/LC_MESSAGES/messages.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with draft.open("wb") as file:
                write_mo(file, _read(source))
            # Renamed, because several processes may start at once and read what another writes.
            os.replace(draft, target)  # noqa: PTH105
        except PermissionError:
            continue  # installed read-only: the wheel brought its own compiled catalogues
        written.append(target)
    return written


def missing() -> Iterator[tuple[str, str]]:
    """Texts without English: (where, text)."""
    known: set[str] = set()
    for source in CATALOGUES.glob("*/en/LC_MESSAGES/messages.po"):
        for message in _read(source):
            texts = message.string or ""
            filled = bool(texts) and (isinstance(texts, str) or all(texts))
            if message.id and filled and not message.fuzzy:
                known |= set(message.id) if isinstance(message.id, (tuple, list)) else {message.id}
    for name, line, text, _, _ in extract_from_dir(HERE, _METHODS, keywords=_KEYWORDS):
        for part in text if isinstance(text, tuple) else (text,):
            if part and part not in known:
                yield f"{name}:{line}", part


def _parts() -> list[Path]:
    return sorted(path for path in CATALOGUES.iterdir() if path.is_dir())


def _read(source: Path) -> Catalog:
    with source.open("rb") as file:
        return read_po(file, locale=source.parent.parent.name)


def main(arguments: list[str]) -> int:
    """The two commands above."""
    if arguments == ["compile"]:
        for path in compile_all():
            sys.stdout.write(f"{path.relative_to(HERE)}\n")
        return 0
    if arguments == ["missing"]:
        lines = sorted({f"{where}: {text}" for where, text in missing()})
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return 1 if lines else 0
    sys.stderr.write("python -m portal.babel compile | missing\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
