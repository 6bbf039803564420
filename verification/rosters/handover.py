"""What comes out of the sandbox, read by the trusted side: bounded, strictly typed, never believed.

A parser taken over by its file writes whatever it likes into these files. So every line has a
bound, every field a type and a length, and counts must add up; anything else is Malformed, and the
list is refused like a file nobody could read.

Next station: `verification.rosters.accepted`, the other file; then `importer`, which stores both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from verification.rosters.columns import FIELDS
from verification.sandbox.job import JSON
from verification.sandbox.outcome import Malformed

# As wide as the table's columns; text is counted in characters.
LENGTHS = {
    "province_code": 2, "regency_code": 5, "district_code": 8, "village": 120, "kta_number": 60,
    "name": 200, "birth_place": 120, "marital_status": 40, "occupation": 120, "address": 400,
}  # fmt: skip
ROW_REF_LENGTH = 16
LONGEST_ACCEPTED = 16_384
LONGEST_REJECTED = 1_048_576
LONGEST_CELL = 2_000
MOST_COLUMNS = 64
MOST_CELLS = 128
MOST_ROWS = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The child's short word. `mapping` is set when the party must confirm the columns first.

    `headings`: the file's own; `fields`: field to index in them. `counts`: rows by fault code.
    `corrects`: the file is an export of ours coming back.
    """

    sent: int
    accepted: int = 0
    rejected: int = 0
    warned: int = 0
    repeated: int = 0
    corrects: bool = False
    headings: tuple[str, ...] = ()
    fields: Mapping[str, int] | None = None
    counts: Mapping[str, int] | None = None
    mapping: Mapping[str, Any] | None = None

    @classmethod
    def from_json(cls, result: JSON) -> Report:
        """Raises Malformed."""
        match result:
            case {"outcome": "mapping", "sent": int(sent), "mapping": dict(mapping)}:
                return cls(sent=_count(sent), mapping=_mapping(mapping))
            case {
                "outcome": "read",
                "report": bool(corrects),
                "sent": int(sent),
                "accepted": int(accepted),
                "rejected": int(rejected),
                "warned": int(warned),
                "repeated": int(repeated),
                "headings": list(headings),
                "fields": dict(fields),
                "counts": dict(counts),
            }:
                if _count(sent) != _count(accepted) + _count(rejected):
                    raise Malformed("sent is not accepted and rejected")
                return cls(
                    sent=sent,
                    accepted=accepted,
                    rejected=rejected,
                    warned=_count(warned),
                    repeated=_count(repeated),
                    corrects=corrects,
                    headings=tuple(_text(heading, 200) for heading in headings[:MOST_COLUMNS]),
                    fields={
                        name: index
                        for name, index in fields.items()
                        if name in FIELDS and isinstance(index, int) and 0 <= index < MOST_COLUMNS
                    },
                    counts={code: _count(count) for code, count in counts.items()},
                )
            case _:
                raise Malformed("no report")


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """One row that is not stored: its cells in the order of the report's headings, and why not."""

    line: int
    row_ref: str
    errors: int
    first_line: int
    cells: tuple[str, ...]


def rejected_rows(path: Path) -> Iterator[RejectedRow]:
    """The refused rows, in the file's order. Raises Malformed at the first that is not as promised."""
    with path.open("rb") as stream:
        for line in _lines(stream, LONGEST_REJECTED):
            try:
                yield _rejected(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise Malformed("rejected rows") from error


def _lines(stream: BinaryIO, longest: int) -> Iterator[str]:
    while line := stream.readline(longest):
        if not line.endswith(b"\n"):
            raise Malformed("a line is too long or cut")
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise Malformed("not UTF-8") from error


def _rejected(row: object) -> RejectedRow:
    match row:
        case {
            "line": int(line),
            "row_ref": str(row_ref),
            "errors": int(errors),
            "first_line": int(first_line),
            "cells": list(cells),
        } if errors > 0:
            return RejectedRow(
                line=_count(line),
                row_ref=_row_ref(row_ref),
                errors=errors,
                first_line=_count(first_line),
                cells=_cells(cells[:MOST_CELLS]),
            )
        case _:
            raise Malformed("rejected row")


def _cells(cells: list[object]) -> tuple[str, ...]:
    """As `_text` for each of them; a garbage file has twelve million, so all are looked at in one."""
    texts = cast("list[str]", cells)
    try:
        whole = "".join(texts)
    except TypeError:
        raise Malformed("text") from None
    if "\x00" in whole or (len(whole) > LONGEST_CELL and max(map(len, texts)) > LONGEST_CELL):
        raise Malformed("text")
    return tuple(texts)


def _row_ref(text: str) -> str:
    """A reference that is not one of ours names nothing, so it is dropped."""
    return text if len(text) <= ROW_REF_LENGTH and text.isascii() and text.isalnum() else ""


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise Malformed("text")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_ROWS:
        raise Malformed("count")
    return value


def _mapping(mapping: Mapping[str, Any]) -> dict[str, Any]:
    matches = mapping.get("matches")
    missing = mapping.get("missing")
    if not isinstance(matches, list) or not isinstance(missing, list):
        raise Malformed("mapping")
    return {
        "matches": [
            {
                "index": _count(match["index"]),
                "heading": _text(match["heading"], 500)[:100],
                "field": match["field"] if match["field"] in FIELDS else None,
                "sure": match["sure"] is True,
                "samples": [_text(sample, 100) for sample in match["samples"][:3]],
            }
            for match in matches[:MOST_COLUMNS]
        ],
        "missing": [name for name in missing if name in FIELDS],
    }
