"""Cells as typed become cells as read, alike for one row and for a frame."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verification.rosters.cells import safe, undo
from verification.rosters.columns import FIELDS
from verification.rosters.normalise import MARITAL, SEXES, normalise, normalise_frame

WRITTEN = (
    ("province_code", " 32 ", "32"),
    ("regency_code", "3273", "32.73"),
    ("regency_code", "'32.73", "32.73"),
    ("regency_code", "32.1", "32.1"),
    ("district_code", "327301", "32.73.01"),
    ("district_code", "32 73 01", "32.73.01"),
    ("village", "3273011001", "32.73.01.1001"),
    ("village", "Desa  Contoh 2", "Desa Contoh 2"),
    ("nik", "'3273 0153 0587 0001", "3273015305870001"),
    ("nik", "3,27101E+15", "3,27101E+15"),
    ("kta_number", "’ P01-1 ", "P01-1"),
    ("name", "\u200bANGGOTA\u00a0\t CONTOH ", "ANGGOTA CONTOH"),
    ("name", "'=1+1", "=1+1"),
    ("sex", "Laki-laki", "L"),
    ("sex", "wanita", "P"),
    ("sex", "apa saja", "APA SAJA"),
    ("marital_status", "janda", "PERNAH KAWIN"),
    ("marital_status", "Belum Kawin", "BELUM KAWIN"),
    ("birth_date", "13-05-1987", "1987-05-13"),
    ("birth_date", "3/5/1987", "1987-05-03"),
    ("birth_date", "13|05|1987", "1987-05-13"),
    ("birth_date", "1987-05-13 00:00:00", "1987-05-13"),
    ("birth_date", "1987.5.3", "1987-05-03"),
    ("birth_date", "13 Mei 1987", "1987-05-13"),
    ("birth_date", "13 Nopember 1987", "1987-11-13"),
    ("birth_date", "31910", "1987-05-13"),
    ("birth_date", " 10000 ", "1927-05-18"),
    ("birth_date", "9999", "9999"),
    ("birth_date", "319100", "319100"),
    ("birth_date", "13-05-87", "13-05-87"),
    ("birth_date", "13 May 1987", "13 May 1987"),
    ("occupation", " Buruh  Harian ", "Buruh Harian"),
)
TYPED = st.one_of(
    st.sampled_from([text for _, text, _ in WRITTEN]),
    st.sampled_from([*SEXES, *MARITAL]).map(str.lower),
    st.from_regex(r"\A'?[0-9]{1,4}[-/.| ]{1,2}(?:[0-9]{1,2}|mei|JUN)[-/. ][0-9]{1,4}( 00:00)?\Z"),
    st.text(
        alphabet=st.one_of(
            st.sampled_from("0123456789.-' \t\n\x00=+@’`ıſß\u200b\ufeff"),
            st.characters(codec="utf-8"),
        ),
        max_size=20,
    ),
)


@pytest.mark.parametrize(("field", "typed", "read"), WRITTEN)
def test_a_cell_is_read(field: str, typed: str, read: str) -> None:
    assert normalise({field: typed})[field] == read


@settings(max_examples=60)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(FIELDS, TYPED)), min_size=1, max_size=10))
def test_row_and_frame_are_read_alike(rows: list[dict[str, str]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(FIELDS, pl.String), orient="row")
    assert normalise_frame(frame).select(FIELDS).to_dicts() == [normalise(row) for row in rows]


def test_missing_columns_are_empty() -> None:
    frame = normalise_frame(pl.DataFrame({"nik": ["1"], "line": [2]}))
    assert frame.select(FIELDS).to_dicts() == [dict.fromkeys(FIELDS, "") | {"nik": "1"}]
    assert frame["line"].to_list() == [2]


@given(st.text(max_size=8) | st.from_regex(r"\A'{0,2}[=+\-@＝＠\t\r\n\x00]?a\Z"))
def test_an_exported_cell_comes_back(text: str) -> None:
    assert undo(safe(text)) == text
    assert not safe(text).startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n\x00"))
