"""Who is in one list more than once: marked on every row of it, and counted by kabupaten/kota.

Looked for in the whole list as it will stand, after a correction was merged, so that a row that
stayed is marked together with the row that came. Three kinds: the same NIK and name (ganda identik,
counts once); the same NIK, another name; another NIK and a person like this one (potensi ganda).

Next station: `verification.rosters.storing` writes the rows, `verification.counting` the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from verification.duplicates.keys import Keys, nik_number
from verification.duplicates.matching import alike
from verification.duplicates.names import compared
from verification.rosters.blocks import twice
from verification.rosters.rules.listwide import (
    NIK_OTHER_NAME,
    NIK_REPEATED,
    PERSON_REPEATED,
    REPEATS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyLine:
    """A kabupaten/kota of a list: rows, people (each where his first row is), repeated rows."""

    regency: str
    rows: int
    people: int
    identical: int
    other_name: int
    similar: int


def keys_of_list(members: pl.DataFrame, niks: pl.Series) -> Keys:
    """The keys of a list's rows, `id` their lines; members and NIK as for `marked`."""
    return Keys.of(
        members.select(
            "regency_code",
            "name",
            id="line",
            born=pl.col("birth_date").str.to_date("%Y-%m-%d"),
            nik=nik_number(niks),
        ).rename({"regency_code": "regency"})
    )


def marked(members: pl.DataFrame, niks: pl.Series, keys: Keys) -> pl.DataFrame:
    """The members with the three kinds in `warnings`, whatever stood there of them before.

    `members`: line, name, birth_date (ISO text), regency_code, warnings, …; `niks`: their NIK as
    16 bytes under one key; `keys`: `keys_of_list` of both.
    """
    rows = members.select("line", "name").with_columns(niks.alias("nik"))
    again = rows.filter(twice(rows["nik"]))
    again = again.with_columns(compared(again["name"]))
    kinds = again.select(
        "line",
        identical=pl.struct("nik", "name").is_duplicated(),
        other=pl.col("name").n_unique().over("nik") > 1,
    )
    bits = kinds.select(
        "line",
        bits=pl.col("identical").cast(pl.Int64) * NIK_REPEATED.flag
        + pl.col("other").cast(pl.Int64) * NIK_OTHER_NAME.flag,
    )
    like = alike(keys, keys)["left"].unique().to_frame("line")
    bits = pl.concat([bits, like.with_columns(bits=pl.lit(PERSON_REPEATED.flag, pl.Int64))])
    summed = bits.group_by("line").agg(pl.col("bits").sum())
    return (
        members.join(summed, on="line", how="left", maintain_order="left")
        .with_columns(
            warnings=(pl.col("warnings") & ~REPEATS) | pl.col("bits").fill_null(0),
        )
        .drop("bits")
    )


def tally(members: pl.DataFrame) -> list[TallyLine]:
    """A list counted by kabupaten/kota, in the order of codes.

    `members`: line, subject_key, regency_code, warnings.
    """
    flags = {"identical": NIK_REPEATED, "other_name": NIK_OTHER_NAME, "similar": PERSON_REPEATED}
    # Only rows that were marked can share a subject: the others need no look at their key.
    same = members.filter(pl.col("warnings") & (NIK_REPEATED.flag | NIK_OTHER_NAME.flag) != 0)
    first = same.sort("line").unique("subject_key", keep="first", maintain_order=True)
    spare = same.group_by("regency_code").len("marked").join(
        first.group_by("regency_code").len("first"), on="regency_code", how="left"
    )  # fmt: skip
    counted = (
        members.group_by("regency_code")
        .agg(
            pl.len().alias("rows"),
            *(
                (pl.col("warnings") & flag.flag != 0).sum().alias(name)
                for name, flag in flags.items()
            ),
        )
        .join(spare, on="regency_code", how="left")
        .with_columns(
            people=pl.col("rows")
            - pl.col("marked").fill_null(0).cast(pl.Int64)
            + pl.col("first").fill_null(0).cast(pl.Int64)
        )
        .sort("regency_code")
    )
    return [
        TallyLine(
            regency=row["regency_code"],
            rows=row["rows"],
            people=row["people"],
            identical=row["identical"],
            other_name=row["other_name"],
            similar=row["similar"],
        )
        for row in counted.iter_rows(named=True)
    ]
