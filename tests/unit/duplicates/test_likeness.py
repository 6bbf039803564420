"""Which names agree, and how well likeness finds what is planted."""

from __future__ import annotations

import polars as pl
import pytest

from verification.duplicates.calibration import evaluate
from verification.duplicates.keys import CROWD, Keys
from verification.duplicates.matching import SAME_NAME, alike, same_nik
from verification.duplicates.names import agree, compared


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("BALI MOTARE", "BALI MOTARE"),
        ("Drs. H. Bali Motare, S.H., M.Si", "BALI MOTARE"),
        ("DR.H.BALI MOTARE S.Pd.", "BALI MOTARE"),
        ("BALI MOTARE SH", "BALI MOTARE"),
        ("BALI S H", "BALI S H"),
        ("SITI 'AISYAH-NUR", "SITI AISYAH NUR"),
        ("HANA SEPTA", "HANA SEPTA"),
        ("H.", "H."),
    ],
)
def test_titles_are_left_out(name: str, bare: str) -> None:
    assert compared(pl.Series([name])).item() == bare
    # In whichever company it is compared.
    assert compared(pl.Series(["BALI", name]))[1] == bare


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("BALI MOTARE", "BALI MOTARE", True),
        ("BALI MOTARE", "BALI MOTRAE", True),
        ("BALI MOTARE", "VALI MOTARI", True),
        ("BALI MOTARE", "B MOTARE", True),
        ("MUHAMMAD BALI", "MUH BALI", True),
        ("BALI", "BULA", False),
        ("BALI MOTARE", "BALI", False),
        ("ANGGOTA CONTOH SATU DUA", "ANGGOTA CONTOH SATU SEMBILAN", False),
        ("BALI MOTARE", "MOTARE BALI", False),
        ("BALI MOTARE", "GUNE TARIPO", False),
    ],
)
def test_names_agree(left: str, right: str, *, same: bool) -> None:
    assert agree(left, right) is same
    assert agree(right, left) is same


def test_what_is_planted_is_found_and_little_else() -> None:
    found = evaluate(fresh=12_000, stored=40_000, parties=2, planted=300)
    assert min(found.recall.values()) >= 0.90, found.lines()
    assert found.recall.keys() >= {"1 typo", "2 typos", "abbreviation", "title", "day and month"}
    assert found.unplanted_share <= 0.05, found.lines()


def test_a_list_of_one_day_and_one_name_costs_no_more() -> None:
    rows = pl.select(id=pl.int_range(20_000, dtype=pl.Int64)).with_columns(
        nik=pl.col("id").hash(1),
        born=pl.date(1970, 1, 1),
        regency=pl.lit("32.73"),
        name=pl.lit("SAMA SEMUA"),
    )
    keys = Keys.of(rows)
    assert keys.people["crowded"].all()
    assert alike(keys, keys).height <= SAME_NAME**2
    one = Keys.of(rows.with_columns(nik=pl.lit(7, pl.UInt64)))
    assert same_nik(one, one).height <= CROWD**2


def test_a_crowd_still_meets_by_equal_names() -> None:
    def people(first: int, count: int) -> Keys:
        return Keys.of(
            pl.select(id=pl.int_range(first, first + count, dtype=pl.Int64)).with_columns(
                nik=pl.col("id").hash(1),
                born=pl.date(1970, 1, 1),
                regency=pl.lit("32.73"),
                name="NAMA " + pl.col("id").cast(pl.String).str.slice(-3),
            )
        )

    met = alike(people(1_000_000, CROWD + 100), people(2_000_050, 3))
    assert sorted(met.select("left", "right").iter_rows()) == [
        (1_000_050, 2_000_050), (1_000_051, 2_000_051), (1_000_052, 2_000_052),
    ]  # fmt: skip
