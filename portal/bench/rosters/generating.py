"""Seeded lists of nobody, a million rows in seconds: the same number and seed give the same bytes.

Names are numbers, spelled in Indonesian. Region codes come from the shipped table. Into
every list go mistakes of each kind the rules know (`verification.rosters.synthetic`), and doubles of
each kind: the same row twice, a NIK under another name, a person under another NIK; and, from the
lists of other parties, the same person there.

Next station: `portal/bench/rosters/ours.py`, or a peer.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from portal.seed.regions import district_codes
from verification.rosters.synthetic import (
    DIGITS,
    ERRORS,
    HEADINGS,
    KTA,
    NAME,
    NIK,
    STATES,
    STRUCTURE,
    WARNINGS,
    WORKS,
    Row,
)

PIECE = 50_000
BORN_FROM, BORN_DAYS = "1950-01-01", 19_000
# Constants of splitmix64 (Steele, Lea, Flood 2014).
_STEP, _MIX = 0x9E3779B97F4A7C15, (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a list is made of. Shares of `count`; `party` and `seed` make it another list.

    `elsewhere`: parties from whose lists `shared` rows come, NIK and name and all. `structure`:
    whether rows may have cells too few or too many, as only a CSV can.
    """

    count: int
    seed: int = 1
    party: int = 1
    bad: float = 0.03
    warned: float = 0.02
    doubles: float = 0.005
    shared: float = 0.005
    elsewhere: Sequence[int] = ()
    structure: bool = True


@dataclass(slots=True)
class Planted:
    """How many rows of each fault or kind of double were made."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str) -> None:
        """One more."""
        self.counts[kind] = self.counts.get(kind, 0) + 1


def write_list(path: Path, recipe: Recipe) -> Mapping[str, int]:
    """Write the CSV (UTF-8, commas, CRLF); returns what was planted, by kind."""
    rng = random.Random(f"{recipe.seed}/{recipe.party}")  # noqa: S311 - repeatable test data
    codes = district_codes()
    planted = Planted()
    with path.open("wb") as out:
        out.write((",".join(HEADINGS) + "\r\n").encode())
        for start in range(0, recipe.count, PIECE):
            size = min(PIECE, recipe.count - start)
            people = members(recipe.party, recipe.seed, start, size, codes)
            out.write(_with_mistakes(people, recipe, start, codes, rng, planted))
    return planted.counts


def members(party: int, seed: int, start: int, count: int, codes: Sequence[str]) -> pl.DataFrame:
    """Members number `start` to `start + count` of a party: HEADINGS as columns, all sound."""
    number = pl.int_range(start, start + count, dtype=pl.UInt64, eager=True)
    base = number + pl.Series([party * 100_000_000 + seed * 10_000_000_000], dtype=pl.UInt64)
    where, day, sex, state, work, name = (_random(base, stream) for stream in range(6))
    district = pl.Series(codes).gather((where % len(codes)).cast(pl.UInt32))
    days = (day % BORN_DAYS).cast(pl.Int64).alias("days").to_frame()
    born = days.select(pl.lit(BORN_FROM).str.to_date() + pl.duration(days="days")).to_series()
    woman = sex % 2 == 1
    frame = pl.DataFrame(
        {"district": district, "born": born, "woman": woman, "number": number,
         "name": name % 1_000_000,
         "state": pl.Series(STATES).gather((state % len(STATES)).cast(pl.UInt32)),
         "work": pl.Series(WORKS).gather((work % len(WORKS)).cast(pl.UInt32))}
    )  # fmt: skip
    text = pl.col("number").cast(pl.String)
    written = text.str.pad_start(8, "0")
    cells = (
        pl.col("district").str.head(2),
        pl.col("district").str.head(5),
        pl.col("district"),
        pl.concat_str(pl.lit(f"P{party:02d}-"), written),
        pl.concat_str(
            pl.col("district").str.replace_all(".", "", literal=True),
            (pl.col("born").dt.day() + pl.col("woman").cast(pl.Int8) * 40)
            .cast(pl.String)
            .str.pad_start(2, "0"),
            pl.col("born").dt.strftime("%m%y"),
            (pl.col("number") % 9_998 + 1).cast(pl.String).str.pad_start(4, "0"),
        ),
        _spelled(pl.col("name").cast(pl.String).str.pad_start(6, "0")),
        pl.when("woman").then(pl.lit("P")).otherwise(pl.lit("L")),
        pl.lit("KOTA CONTOH"),
        pl.col("born").dt.strftime("%d-%m-%Y"),
        pl.col("state"),
        pl.col("work"),
        pl.concat_str(pl.lit("JALAN CONTOH NOMOR "), text, pl.lit(", RT 001 RW 002")),
    )
    return frame.select(cell.alias(name) for name, cell in zip(HEADINGS, cells, strict=True))


def _spelled(written: pl.Expr) -> pl.Expr:
    for digit, word in enumerate(DIGITS):
        written = written.str.replace_all(str(digit), f"{word} ", literal=True)
    return written.str.strip_chars_end()


def _random(base: pl.Series, stream: int) -> pl.Series:
    """Splitmix64, wrapping as machine integers do."""
    mixed = (base * 8 + stream) * _constant(_STEP)
    for shift, factor in zip((30, 27), _MIX, strict=True):
        mixed = (mixed ^ (mixed // 2**shift)) * _constant(factor)
    return mixed ^ (mixed // 2**31)


def _constant(value: int) -> pl.Series:
    return pl.Series([value], dtype=pl.UInt64)


def _with_mistakes(
    people: pl.DataFrame, recipe: Recipe, start: int, codes: Sequence[str], rng: random.Random,
    planted: Planted,
) -> bytes:  # fmt: skip
    size = people.height
    lines = (
        people.write_csv(include_header=False, line_terminator="\r\n")
        .encode()
        .splitlines(keepends=True)
    )
    structure = STRUCTURE if recipe.structure else {}
    wrong = _kinds({**ERRORS, **structure}, round(size * recipe.bad))
    odd = _kinds(WARNINGS, round(size * recipe.warned))
    doubles = [(f"double.{kind}", change) for kind, change in
               _kinds(DOUBLES, round(size * recipe.doubles))]  # fmt: skip
    shared = round(size * recipe.shared) if recipe.elsewhere else 0
    every = [*wrong, *odd, *doubles, *([("shared", None)] * shared)]
    places = rng.sample(range(1, size, 2), min(len(every), max(0, (size - 1) // 2)))
    rows = people.rows()
    others: list[Row] = []
    if shared:
        at = rng.choice(list(recipe.elsewhere))
        others = [list(row) for row in members(at, recipe.seed, start, size, codes).rows()]
    for place, (kind, change) in zip(places, every, strict=False):
        row = list(rows[place])
        if change is None:
            row = others[place][:KTA] + row[KTA : KTA + 1] + others[place][KTA + 1 :]
        else:
            change(row, list(rows[place - 1]), rng)
        planted.add(kind)
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\r\n").writerow(row)
        lines[place] = out.getvalue().encode()
    return b"".join(lines)


def _kinds(
    mistakes: Mapping[str, Callable[..., None]], count: int
) -> list[tuple[str, Callable[..., None] | None]]:
    listed = list(mistakes.items())
    return [listed[index % len(listed)] for index in range(count)]


def _identical(row: Row, before: Row, _rng: random.Random) -> None:
    row[:KTA], row[KTA + 1 :] = before[:KTA], before[KTA + 1 :]


def _other_name(row: Row, before: Row, rng: random.Random) -> None:
    name = row[NAME]
    _identical(row, before, rng)
    row[NAME] = name


def _similar(row: Row, before: Row, rng: random.Random) -> None:
    nik = before[NIK]
    _identical(row, before, rng)
    row[NIK] = f"{nik[:12]}{int(nik[12:]) % 9_998 + 1:04d}"
    row[NAME] = f"{before[NAME][:-1]}"


DOUBLES: Mapping[str, Callable[..., None]] = {
    "identical": _identical,
    "other_name": _other_name,
    "similar": _similar,
}
