"""Rejected rows as they are kept: cells sealed, errors as codes with column and parameters.

No prose is stored; words come from the rules when somebody looks. The headings are sealed with the
cells, because a correction may come with other columns than the first file.

Next station: `verification.rosters.rejected`, which shows and exports them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from verification.rosters.handover import RejectedRow, Report
from verification.rosters.rules import ERROR_MASK, Fault, faults_in
from verification.rosters.rules.listwide import KTA_REPEATED
from verification.rosters.texts import placeholders_of
from verification.sandbox.outcome import Malformed
from verification.secrets import FieldKeys

FIRST_LINE = "first_line"


def seal_context(roster: str, row_ref: str) -> bytes:
    """What a row's seal is bound to; the same in every version, so that rows can be carried over."""
    return f"rejected_row:{roster}:{row_ref}".encode()


def open_cells(
    keys: FieldKeys, roster: str, row_ref: str, sealed: bytes
) -> tuple[list[str], list[str]]:
    """Headings and cells of a rejected row. Raises SealBroken."""
    content = json.loads(keys.open(sealed, seal_context(roster, row_ref)))
    return content["headings"], content["cells"]


class Rejections:
    """Makes rows for the table out of what the sandbox refused. `roster`: its public id."""

    def __init__(
        self, keys: FieldKeys, roster: str, report: Report, placeholders: Mapping[str, str]
    ) -> None:
        self._keys, self._roster = keys, roster
        self._headings = list(report.headings)
        self._fields = dict(report.fields or {})
        self._placeholders = placeholders
        self._known: dict[tuple[int, int], str] = {}
        # Every row's content begins with the same headings.
        self._opening = json.dumps({"headings": self._headings}).removesuffix("}") + ', "cells": '

    def of_refused(self, row: RejectedRow, row_ref: str, line: int) -> dict[str, Any]:
        """A row the rules refused."""
        errors = self._errors(row.errors & ERROR_MASK, row.first_line)
        return self._row(row_ref, line, list(row.cells), errors)

    def _errors(self, mask: int, first_line: int) -> str:
        """JSON; a garbage file has a million errors, but few masks."""
        key = (mask, first_line)
        if key not in self._known:
            faults = list(faults_in(mask))
            if not faults:
                raise Malformed("a rejected row without an error")
            errors = json.dumps([self._error(fault, first_line) for fault in faults])
            if first_line:
                return errors
            self._known[key] = errors
        return self._known[key]

    def of_collided(self, row: Mapping[str, Any], line: int) -> dict[str, Any]:
        """A row that is sound by itself, but whose card number another member of the list has.

        `row`: as `placing.place` gave it.
        """
        held = {**row, "nik": row["digits"]}
        cells = [""] * len(self._headings)
        for field, index in self._fields.items():
            if index < len(cells):
                cells[index] = held.get(field, "")
        errors = json.dumps([self._error(KTA_REPEATED, row["held"])])
        return self._row(row["row_ref"], line, cells, errors)

    def _row(self, row_ref: str, line: int, cells: list[str], errors: str) -> dict[str, Any]:
        content = f"{self._opening}{json.dumps(cells)}}}".encode()
        return {
            "row_ref": row_ref,
            "line": line,
            "cells": self._keys.seal(content, seal_context(self._roster, row_ref)),
            "errors": errors,
        }

    def _error(self, fault: Fault, first_line: int) -> dict[str, Any]:
        params = dict(self._params(fault, first_line))
        return {"code": fault.code, "column": self._column(fault), "params": params}

    def _params(self, fault: Fault, first_line: int) -> Iterator[tuple[str, str | int]]:
        for name in sorted(placeholders_of(fault)):
            if name == FIRST_LINE:
                yield name, first_line
            elif name in self._placeholders:
                yield name, self._placeholders[name]

    def _column(self, fault: Fault) -> str:
        """The file's own heading of the first field that it has a column for."""
        for field in fault.fields:
            index = self._fields.get(field)
            if index is not None and index < len(self._headings):
                return self._headings[index]
        return ""
