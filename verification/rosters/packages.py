"""The parts of a workbook that name the others: which sheets it has, where their XML lies.

ECMA-376 part 1, sections 18.2 (workbook) and 12.3 (parts and their relationships).

Next station: `verification.rosters.sheet_rows`, or `spreadsheet` for what is written unusually.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import defusedxml.ElementTree

from verification.rosters.archive import small
from verification.sandbox.job import Refuse

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """An open archive; `sheets`: name to part. `texts`, `styles`: parts that may be missing.

    `since_1904`: days are counted from another day than usual.
    """

    path: Path
    archive: zipfile.ZipFile
    sheets: Mapping[str, str]
    texts: str | None
    styles: str | None
    since_1904: bool


def open_package(path: Path, archive: zipfile.ZipFile) -> Package:
    """Raises Refuse `list.not_xlsx`."""
    book = _xml(path, archive, "xl/workbook.xml")
    relations = _xml(path, archive, "xl/_rels/workbook.xml.rels")
    there = set(archive.namelist())
    targets: dict[str | None, str] = {}
    kinds: dict[str, str] = {}
    for relation in relations:
        part = _part(relation.get("Target", ""))
        if part in there:
            targets[relation.get("Id")] = part
            kinds[relation.get("Type", "").rpartition("/")[2]] = part
    sheets = {
        sheet.get("name", ""): targets[where]
        for sheet in book.iter(f"{MAIN}sheet")
        if (where := sheet.get(f"{{{_OFFICE}}}id")) in targets
    }
    settings = book.find(f"{MAIN}workbookPr")
    return Package(
        path=path,
        archive=archive,
        sheets=sheets,
        texts=kinds.get("sharedStrings"),
        styles=kinds.get("styles"),
        since_1904=settings is not None and settings.get("date1904", "0") not in ("0", "false"),
    )


def _part(target: str) -> str:
    target = target.removeprefix("/")
    return target if target.startswith("xl/") else f"xl/{target}"


def _xml(path: Path, archive: zipfile.ZipFile, name: str) -> Any:
    try:
        return defusedxml.ElementTree.fromstring(small(path, archive, name))
    except (ValueError, SyntaxError) as error:
        raise Refuse("list.not_xlsx") from error
