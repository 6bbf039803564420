"""The rules once more, written from their text in DuckDB's SQL: rejected rows, marks, pairs, counts.

Nothing of ours judges here; what is shared is data: the region table and the list of titles.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from tests.rosters import CUTOFF, DISSOLVED, DISTRICTS
from verification.duplicates.names import _BEFORE, _BEHIND

FIELDS = (
    "province", "regency", "district", "kta", "nik", "name", "sex", "place", "born", "marital",
    "work", "address",
)  # fmt: skip

TABLES = """
CREATE TABLE regions AS SELECT unnest(?::VARCHAR[]) AS code;
CREATE TABLE starts AS SELECT unnest(?::VARCHAR[]) AS code;
"""

# A sheet's lines, the heading's counted; `;` stands in no cell of these lists.
ROWS = """
CREATE TABLE raw_{party} AS
SELECT row_number() OVER () AS line, string_split(rtrim(raw, chr(13)), ';') AS cells
FROM read_csv(?, columns = {{'raw': 'VARCHAR'}}, delim = '\x1f', quote = '', escape = '',
              header = false, auto_detect = false, strict_mode = false);
CREATE TABLE rows_{party} AS
SELECT line, {fields},
       CASE WHEN regexp_full_match(cells[9], '[0-9]{{2}}-[0-9]{{2}}-[0-9]{{4}}')
            THEN try_strptime(cells[9], '%d-%m-%Y')::DATE END AS day
FROM raw_{party} WHERE line > 1 AND len(cells) = 12;
CREATE TABLE structure_{party} AS
SELECT line, CASE WHEN len(cells) < 12 THEN 'row.short' ELSE 'row.long' END AS code
FROM raw_{party} WHERE line > 1 AND len(cells) <> 12;
"""

# Each rule with what it needs before it can be judged.
ERRORS = """
CREATE TABLE errors_{party} AS
WITH judged AS (
  SELECT *,
    district IN (FROM regions) AS district_known,
    province = '' OR province IN (SELECT left(code, 2) FROM regions) AS province_known,
    regency = '' OR regency IN (SELECT left(code, 5) FROM regions) AS regency_known,
    regexp_full_match(nik, '[0-9](?:[.,][0-9]*)?[eE][+]?[0-9]+') AS scientific,
    regexp_full_match(nik, '[0-9]{{10,15}}') AS lost,
    regexp_full_match(nik, '[0-9]{{16}}') AS sixteen
  FROM rows_{party}
), dated AS (
  SELECT *, CASE WHEN sixteen THEN try_cast(format('20{{}}-{{}}-{{:02d}}', nik[11:12], nik[9:10],
    CASE WHEN nik[7:8]::INT > 40 THEN nik[7:8]::INT - 40 ELSE nik[7:8]::INT END) AS DATE) END
    AS nik_day
  FROM judged
)
SELECT line, unnest(list_filter([
  CASE WHEN NOT province_known THEN 'province.unknown' END,
  CASE WHEN NOT regency_known THEN 'regency.unknown' END,
  CASE WHEN district = '' THEN 'district.missing' END,
  CASE WHEN district <> '' AND NOT district_known THEN 'district.unknown' END,
  CASE WHEN district_known AND regency_known AND province_known
        AND ((province <> '' AND province <> left(district, 2))
          OR (regency <> '' AND regency <> left(district, 5))) THEN 'region.hierarchy' END,
  CASE WHEN kta = '' THEN 'kta.missing' END,
  CASE WHEN kta <> '' AND NOT (regexp_full_match(kta, '[A-Za-z0-9 ./_-]{{3,50}}')
        AND regexp_matches(kta, '[0-9]')) THEN 'kta.shape' END,
  CASE WHEN nik = '' THEN 'nik.missing' END,
  CASE WHEN scientific THEN 'nik.scientific' END,
  CASE WHEN lost THEN 'nik.lost_digits' END,
  CASE WHEN nik <> '' AND NOT scientific AND NOT lost AND NOT sixteen THEN 'nik.shape' END,
  CASE WHEN sixteen AND nik_day IS NULL THEN 'nik.date' END,
  CASE WHEN sixteen AND right(nik, 4) = '0000' THEN 'nik.serial' END,
  CASE WHEN name = '' THEN 'name.missing' END,
  CASE WHEN name <> '' AND (len(name) > 200
        OR NOT regexp_full_match(name, '[A-Za-z''`][A-Za-z .,''`/()-]*')) THEN 'name.shape' END,
  CASE WHEN sex = '' THEN 'sex.missing' END,
  CASE WHEN sex NOT IN ('', 'L', 'P') THEN 'sex.unknown' END,
  CASE WHEN born = '' THEN 'birth_date.missing' END,
  CASE WHEN born <> '' AND day IS NULL THEN 'birth_date.unreadable' END,
  CASE WHEN day < DATE '{cutoff}' - INTERVAL 120 YEAR OR day > DATE '{cutoff}'
       THEN 'birth_date.implausible' END,
  CASE WHEN place = '' THEN 'birth_place.missing' END,
  CASE WHEN marital = '' THEN 'marital.missing' END,
  CASE WHEN marital NOT IN ('', 'BELUM KAWIN', 'KAWIN', 'CERAI HIDUP', 'CERAI MATI')
       THEN 'marital.unknown' END,
  CASE WHEN work = '' THEN 'occupation.missing' END,
  CASE WHEN address = '' THEN 'address.missing' END,
  CASE WHEN len(address) > 400 THEN 'address.too_long' END
], lambda code: code IS NOT NULL)) AS code
FROM dated;
CREATE TABLE sound_{party} AS
SELECT * FROM rows_{party} WHERE line NOT IN (SELECT line FROM errors_{party});
INSERT INTO errors_{party}
SELECT line, 'kta.repeated' FROM (
  SELECT line, nik <> first_value(nik) OVER (PARTITION BY kta ORDER BY line) AS taken
  FROM sound_{party}) WHERE taken;
INSERT INTO errors_{party} SELECT * FROM structure_{party};
"""

# Only what is stored takes part from here on. Titles: before the first word, behind a comma.
STORED = """
CREATE TABLE stored_{party} AS
SELECT *, trim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(upper(name),
    '\\s*,.*$', ''), '( ({behind})[.]?)+$', ''), '^(({before})([.] ?| ))+', ''),
    '[^A-Z0-9]+', ' ', 'g')) AS called
FROM rows_{party} WHERE line NOT IN (SELECT line FROM errors_{party});
"""

WARNINGS = """
SELECT line, 'nik.region_unknown' FROM stored_{party} WHERE left(nik, 6) NOT IN (FROM starts)
UNION ALL SELECT line, 'nik.region_elsewhere' FROM stored_{party}
  WHERE left(nik, 6) IN (FROM starts) AND left(nik, 4) <> replace(left(district, 5), '.', '')
UNION ALL SELECT line, 'nik.birth_differs' FROM stored_{party}
  WHERE (nik[7:8]::INT % 40) <> day(day) OR nik[9:12] <> strftime(day, '%m%y')
UNION ALL SELECT line, 'nik.sex_differs' FROM stored_{party}
  WHERE (nik[7:8]::INT > 40) <> (sex = 'P')
UNION ALL SELECT line, 'age.under' FROM stored_{party}
  WHERE day > DATE '{cutoff}' - INTERVAL 17 YEAR AND marital = 'BELUM KAWIN'
UNION ALL SELECT line, 'occupation.barred' FROM stored_{party}
  WHERE regexp_matches(work, '(^|[^A-Z])(TNI|POLRI|PNS|PEGAWAI NEGERI SIPIL)([^A-Z]|$)')
UNION ALL SELECT a.line, 'nik.repeated' FROM stored_{party} a
  WHERE EXISTS (FROM stored_{party} b WHERE b.nik = a.nik AND b.called = a.called
                AND b.line <> a.line)
UNION ALL SELECT a.line, 'nik.other_name' FROM stored_{party} a
  WHERE EXISTS (FROM stored_{party} b JOIN stored_{party} c ON b.nik = c.nik
                AND b.called <> c.called WHERE b.nik = a.nik)
UNION ALL SELECT DISTINCT a.line, 'person.repeated' FROM stored_{party} a, stored_{party} b
  WHERE a.nik <> b.nik AND like_one_person(a.called, a.day, a.district, b.called, b.day, b.district)
"""

# Few letters differ; or word by word equal, short for it, or alike, and then alike as a whole.
MACROS = """
CREATE MACRO short_for(a, b) AS len(a) <= 3 AND len(a) < len(b) AND starts_with(b, a);
CREATE MACRO words_agree(a, b) AS len(string_split(a, ' ')) = len(string_split(b, ' ')) AND (
  damerau_levenshtein(a, b) <= CASE WHEN least(len(a), len(b)) >= 8 THEN 2 ELSE 1 END
  OR (list_bool_and([w[1] = w[2] OR short_for(w[1], w[2]) OR short_for(w[2], w[1])
        OR jaro_winkler_similarity(w[1], w[2]) >= 0.75
        FOR w IN list_zip(string_split(a, ' '), string_split(b, ' '))])
      AND (jaro_winkler_similarity(a, b) >= 0.92
        OR list_bool_or([short_for(w[1], w[2]) OR short_for(w[2], w[1])
          FOR w IN list_zip(string_split(a, ' '), string_split(b, ' '))]))));
CREATE MACRO turned(d) AS CASE WHEN day(d) <= 12 AND day(d) <> month(d)
  THEN make_date(year(d), day(d), month(d)) END;
CREATE MACRO like_one_person(a, a_day, a_place, b, b_day, b_place) AS
  left(a_place, 5) = left(b_place, 5) AND (
    (a_day = b_day AND words_agree(a, b))
    OR (turned(a_day) = b_day AND words_agree(a, b) AND jaro_winkler_similarity(a, b) >= 0.92));
"""

PAIRS = """
SELECT min(kind), a_nik, b_nik FROM (
  SELECT CASE WHEN a.called = b.called THEN 'identical' ELSE 'other_name' END AS kind,
         a.nik AS a_nik, b.nik AS b_nik
  FROM stored_a a JOIN stored_b b ON a.nik = b.nik
  UNION ALL SELECT 'similar', a.nik, b.nik FROM stored_a a JOIN stored_b b
    ON left(a.district, 5) = left(b.district, 5) AND a.nik <> b.nik
    WHERE like_one_person(a.called, a.day, a.district, b.called, b.day, b.district))
GROUP BY a_nik, b_nik
"""

COUNTS = """
SELECT left(district, 5), count(*), count(*) FILTER (first) FROM (
  SELECT district, line = min(line) OVER (PARTITION BY nik) AS first FROM stored_{party})
GROUP BY 1 ORDER BY 1
"""


class Oracle:
    """Two parties' lists, judged by SQL alone."""

    def __init__(self, **lists: Path) -> None:
        self._base = duckdb.connect(config={"threads": 1})
        codes = [*DISTRICTS, *DISSOLVED]
        table, starts = TABLES.strip().split(";\n")
        self._base.execute(table, [list(DISTRICTS)])
        self._base.execute(starts.rstrip(";"), [[code.replace(".", "") for code in codes]])
        self._base.execute(MACROS)
        columns = ", ".join(f"cells[{n}] AS {name}" for n, name in enumerate(FIELDS, 1))
        for party, path in lists.items():
            values = {"party": party, "fields": columns, "cutoff": CUTOFF,
                      "before": _spelled(_BEFORE), "behind": _spelled(_BEHIND)}  # fmt: skip
            first, *rest = ROWS.format(**values).strip().split(";\n", 1)
            self._base.execute(first, [str(path)])
            for text in (*rest, ERRORS.format(**values), STORED.format(**values)):
                self._base.execute(text)

    def errors(self, party: str) -> set[tuple[int, str]]:
        return self._set(f"SELECT line, code FROM errors_{party}")

    def warnings(self, party: str) -> set[tuple[int, str]]:
        return self._set(WARNINGS.format(party=party, cutoff=CUTOFF))

    def pairs(self) -> set[tuple[str, str, str]]:
        return self._set(PAIRS)

    def counts(self, party: str) -> list[tuple[str, int, int]]:
        return self._base.execute(COUNTS.format(party=party)).fetchall()

    def _set(self, query: str) -> set[tuple[object, ...]]:
        return set(self._base.execute(query).fetchall())


def _spelled(titles: Iterable[str]) -> str:
    """`SPD` also as it is written: `S.Pd`, `S. PD`."""
    return "|".join("([.] ?)?".join(title) for title in titles)
