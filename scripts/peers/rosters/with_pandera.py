"""pandas reads, pandera judges lazily, `to_sql` stores what is sound."""

import sys

import pandas as pd
import pandera.pandas as pa
from checks import BARRED, FIELDS, STATES, districts, nik_date
from pandera import Check
from sqlalchemy import create_engine, text

SOURCE, CODES, URL = sys.argv[1:4]
KNOWN = districts(CODES)
REGENCIES = {code[:5] for code in KNOWN}
CARD = r"^[0-9A-Za-z][0-9A-Za-z ./_-]{1,48}[0-9A-Za-z]$"


def has_date(text):
    return text.isascii() and text.isdigit() and len(text) == 16 and nik_date(text)


def born(column):
    return pd.to_datetime(column, format="%d-%m-%Y", errors="coerce")


def grown(column):
    days = born(column)
    return days.isna() | (days + pd.DateOffset(years=17) <= pd.Timestamp("2022-08-14"))


schema = pa.DataFrameSchema(
    {
        "province": pa.Column(str, Check.str_matches(r"^[0-9]{2}$")),
        "regency": pa.Column(str, Check.isin(REGENCIES)),
        "district": pa.Column(str, Check.isin(KNOWN)),
        "card": pa.Column(str, Check.str_matches(CARD)),
        "nik": pa.Column(
            str,
            [
                Check.str_matches(r"^[0-9]{16}$"),
                Check(lambda nik: ~nik.str.endswith("0000")),
                Check(lambda nik: nik.map(has_date)),
            ],
        ),
        "name": pa.Column(str, Check.str_matches(r"^[A-Za-z .,'`/()-]{2,200}$")),
        "sex": pa.Column(str, Check.isin(["L", "P"])),
        "place": pa.Column(str, Check.str_length(1, 120)),
        "born": pa.Column(str, [Check(lambda days: born(days).notna()), Check(grown)]),
        "state": pa.Column(str, Check.isin(STATES)),
        "work": pa.Column(str, [Check.str_length(1, 120), Check(lambda work: ~work.isin(BARRED))]),
        "address": pa.Column(str, Check.str_length(1, 400)),
    },
    checks=Check(
        lambda rows: pd.Series(
            [d.startswith(r) for d, r in zip(rows["district"], rows["regency"], strict=True)],
            index=rows.index,
        )
    ),
)
rows = pd.read_csv(SOURCE, dtype=str, keep_default_na=False, on_bad_lines="skip")
rows = rows.rename(columns={title: field for field, title in FIELDS.items()}).fillna("")
bad = set()
try:
    schema.validate(rows, lazy=True)
except pa.errors.SchemaErrors as errors:
    bad = set(errors.failure_cases["index"].dropna().astype(int))
sound = rows.drop(index=list(bad))
engine = create_engine(URL)
how = "multi" if "postgres" in URL else None
sound.to_sql("peer_pandera", engine, index=False, chunksize=1000, method=how)
with engine.begin() as connection:
    connection.execute(text("DROP TABLE peer_pandera"))
sys.stdout.write(f"{len(sound)} {len(bad)}\n")
