"""The task behind the walls: one file in, accepted and rejected rows out, and a short report.

Writes `accepted.csv` (normalised fields, one row a line, no line breaks inside) and
`rejected.jsonl` (the cells as they were, the mask of errors). Both are foreign bytes to whoever
reads them outside.

Next station: `verification.rosters.handover`, the trusted side's way of reading them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import polars as pl

from verification.rosters import joined
from verification.rosters.cells import PREFIXED
from verification.rosters.columns import BY_NAME, ColumnMap, match_columns, report_width
from verification.rosters.damage import refuse_damaged, refuse_names
from verification.rosters.normalise import clean, normalise_cell, normalise_frame
from verification.rosters.reader import read_table
from verification.rosters.rules.catalogue import BY_CODE, ERROR_MASK, FAULTS, judge_frame
from verification.rosters.rules.catalogue import WARNING_MASK as WARNINGS
from verification.rosters.rules.listwide import NIK_REPEATED, judge_list
from verification.rosters.rules.ruleset import RuleSet
from verification.rosters.rules.structure import NIK_NUMERIC
from verification.rosters.table import (
    ACCEPTED,
    ACCEPTED_COLUMNS,
    CELL_LIMIT,
    REJECTED,
    BrokenRow,
    Table,
)
from verification.sandbox.job import JSON, Job, Refuse

BATCH = 50_000
SAMPLES = 3
HEADING_LIMIT = 100


def read(job: Job) -> JSON:
    """Read, map, judge and write out a member list.

    Arguments: `rules` (RuleSet.to_json), `mapping` (field to column index as the party confirmed
    it, or null). Raises Refuse for the file as a whole. Returns the JSON of `handover.Report`.
    """
    if job.output is None:
        raise ValueError("reading a list needs a folder for its rows")
    rules = RuleSet.from_json(cast("dict[str, Any]", job.arguments["rules"]))
    confirmed = cast("dict[str, int] | None", job.arguments.get("mapping"))
    table, numeric_lines = read_table(job.source)
    columns = match_columns(table.headings, table.samples(SAMPLES), rules.required, confirmed)
    if not columns.sure:
        return _ask(columns, table, confirmed)
    nik = columns.indices["nik"]
    numeric = numeric_lines(nik)
    refuse_damaged(table.rows[f"c{nik}"], len(numeric))
    refuse_names(table.rows[f"c{columns.indices['district_code']}"])
    judged, batches = _judge(table, columns, rules, numeric)
    accepted = judged.filter(pl.col("errors") == 0).select("line", "warnings")
    _write_accepted(batches, accepted, job.output / ACCEPTED)
    kept = _kept_columns(table.headings, columns)
    refused = judged.filter(pl.col("errors") != 0)
    _write_rejected(table, refused, kept, columns, job.output / REJECTED)
    return {
        "outcome": "read",
        "report": report_width(table.headings) > 0,
        "sent": table.sent,
        "accepted": accepted.height,
        "rejected": refused.height + len(table.broken),
        "warned": accepted.filter(pl.col("warnings") != 0).height,
        "repeated": _repeated(batches, accepted),
        "headings": list(_titles(table.headings[index] for index in kept)),
        "fields": {
            field: kept.index(index)
            for field, index in columns.indices.items()
            if field != "row_ref"
        },
        "counts": _counts(judged, table.broken),
    }


def _titles(headings: Iterable[str]) -> Iterator[str]:
    """Headings to name a cell by: none empty, none twice, none that a spreadsheet would run."""
    seen: set[str] = set()
    for number, heading in enumerate(headings, 1):
        title = base = clean(heading)[:HEADING_LIMIT] or f"Kolom {number}"
        while title in seen:
            title = f"{base} ({number})"
            number += 1
        seen.add(title)
        yield title


def _ask(columns: ColumnMap, table: Table, confirmed: dict[str, int] | None) -> JSON:
    refuse_hopeless(columns, confirmed)
    return {"outcome": "mapping", "sent": table.sent, "mapping": columns.to_json()}


def refuse_hopeless(columns: ColumnMap, confirmed: dict[str, int] | None = None) -> None:
    """Raises Refuse where no column is left that a missing field could be in."""
    free = [match for match in columns.matches if match.field is None and match.heading.strip()]
    # Place and date of birth may stand in one column.
    wanted = len(columns.missing) - ({joined.PLACE, joined.DATE} <= set(columns.missing))
    if confirmed is not None or len(free) < wanted:
        titles = ", ".join(BY_NAME[name].title_id for name in columns.missing)
        raise Refuse("list.columns_missing", columns=titles[:80])


def _judge(
    table: Table, columns: ColumnMap, rules: RuleSet, numeric: frozenset[int]
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """`line, row_ref, errors, warnings, first_line` for every row, and the rows without an error.

    Only accepted candidates are kept in memory normalised; the others are read again from the
    table when their cells are written out.
    """
    named = table.rows.select("line", *joined.cells(columns.indices, columns.joint))
    masks, batches = [], []
    for start in range(0, named.height, BATCH):
        normal = normalise_frame(named.slice(start, BATCH))
        mask = pl.col("mask")
        if numeric:
            is_numeric = pl.col("line").is_in(sorted(numeric))
            mask = mask | pl.when(is_numeric).then(NIK_NUMERIC.flag).otherwise(0)
        judged = (
            judge_frame(normal.lazy(), rules)
            .with_columns(errors=mask & ERROR_MASK, warnings=mask & WARNINGS)
            .drop("mask")
            .collect()
        )
        masks.append(judged.select("line", "row_ref", "errors", "warnings"))
        batches.append(judged.filter(pl.col("errors") == 0).drop("errors", "warnings"))
    each = pl.concat(masks) if masks else pl.DataFrame(schema=_MASKS)
    together = judge_list(
        pl.concat([batch.select("line", "row_ref", "kta_number", "nik") for batch in batches])
        if batches
        else pl.DataFrame(schema=dict.fromkeys(("row_ref", "kta_number", "nik"), pl.String))
    )
    return (
        each.join(together, on="line", how="left", suffix="_list", maintain_order="left").select(
            "line",
            "row_ref",
            errors=pl.col("errors") | pl.col("errors_list").fill_null(0),
            warnings=pl.col("warnings") | pl.col("warnings_list").fill_null(0),
            first_line=pl.col("first_line").fill_null(0),
        ),
        batches,
    )


_MASKS = {"line": pl.Int64, "row_ref": pl.String, "errors": pl.Int64, "warnings": pl.Int64}


def _write_accepted(batches: list[pl.DataFrame], accepted: pl.DataFrame, path: Path) -> None:
    with path.open("wb") as out:
        out.write((",".join(ACCEPTED_COLUMNS) + "\n").encode())
        start = 0
        for batch in batches:
            # Both in the order of lines: a batch's rows stand together.
            end = start
            if batch.height:
                end = accepted["line"].search_sorted(batch["line"][-1], side="right")
            part, start = accepted.slice(start, end - start), end
            kept = batch.filter(pl.col("line").is_in(part["line"].implode()))
            kept.with_columns(part["warnings"]).select(
                pl.col("district_code").str.head(2).alias("province_code")
                if name == "province_code"
                else pl.col("district_code").str.head(5).alias("regency_code")
                if name == "regency_code"
                else pl.col(name)
                for name in ACCEPTED_COLUMNS
            ).write_csv(out, include_header=False)


def _kept_columns(headings: Sequence[str], columns: ColumnMap) -> list[int]:
    """The columns a rejected row is shown with: the file's own, without our report's."""
    ours = set(range(report_width(headings)))
    ours.add(columns.indices.get("row_ref", -1))
    return [index for index in range(len(headings)) if index not in ours]


def _write_rejected(
    table: Table, refused: pl.DataFrame, kept: Sequence[int], columns: ColumnMap, path: Path
) -> None:
    cells = [pl.col(f"c{index}").str.replace(PREFIXED, "$1").str.head(CELL_LIMIT) for index in kept]
    # Both in the order of lines, and every refused row is one of the table's.
    named = table.rows.filter(pl.col("line").is_in(refused["line"].implode()))
    rows = refused.select("line", "row_ref", "errors", "first_line").with_columns(
        named.select(cells=pl.concat_list(cells))["cells"]
    )
    ref = columns.indices.get("row_ref", -1)
    with path.open("wb") as out:
        rows.write_ndjson(out)
        for broken in table.broken:
            held = dict(enumerate(broken.cells))
            shown = [held.get(index, "") for index in kept if index < len(broken.cells)]
            shown += broken.cells[len(table.headings) :]
            row = {
                "line": broken.line,
                "row_ref": normalise_cell("row_ref", held.get(ref, "")),
                "errors": BY_CODE[broken.code].flag,
                "first_line": 0,
                "cells": [cell.replace("\x00", " ") for cell in shown],
            }
            out.write(json.dumps(row).encode() + b"\n")


def _repeated(batches: list[pl.DataFrame], accepted: pl.DataFrame) -> int:
    """How many rows are more than one for their NIK: what the list shrinks by when counted."""
    again = accepted.filter(pl.col("warnings") & NIK_REPEATED.flag != 0)
    if again.is_empty():
        return 0
    niks = pl.concat([batch.select("line", "nik") for batch in batches]).join(again, on="line")
    return again.height - niks["nik"].n_unique()


def _counts(judged: pl.DataFrame, broken: Sequence[BrokenRow]) -> dict[str, JSON]:
    # Rows are many, different masks few.
    masks = judged.group_by(mask=pl.col("errors") | pl.col("warnings")).len().rows()
    sums = {fault.code: sum(rows for mask, rows in masks if mask & fault.flag) for fault in FAULTS}
    for row in broken:
        sums[row.code] += 1
    return {code: count for code, count in sums.items() if count}
