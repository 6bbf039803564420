"""Seeded member lists of nobody: for the demo, the tests and the benchmarks.

Every name spells a number, so that no row can be taken for a person. Mistakes of each kind are
planted, and the list says which row has which. The same seed gives the same bytes.

Next station: uploaded like any list; for the rows' way see `verification.rosters.reader`.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from zlib import crc32

import xlsxwriter

HEADINGS = (
    "Kode Provinsi", "Kode Kab/Kota", "Kode Kecamatan", "Nomor KTA", "NIK", "Nama",
    "Jenis Kelamin", "Tempat Lahir", "Tanggal Lahir", "Status Perkawinan", "Pekerjaan", "Alamat",
)  # fmt: skip
PROVINCE, REGENCY, DISTRICT, KTA, NIK, NAME, SEX, PLACE, BORN, MARITAL, WORK, ADDRESS = range(12)
DIGITS = ("NOL", "SATU", "DUA", "TIGA", "EMPAT", "LIMA", "ENAM", "TUJUH", "DELAPAN", "SEMBILAN")
WORKS = ("WIRASWASTA", "PETANI/PEKEBUN", "KARYAWAN SWASTA", "MENGURUS RUMAH TANGGA", "BURUH HARIAN")
STATES = ("BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI")
OLDEST, YOUNGEST = date(1950, 1, 1), date(2003, 12, 31)
Row = list[str]
Mistake = Callable[[Row, Row, random.Random], None]


def _set(index: int, value: str) -> Mistake:
    def plant(row: Row, _before: Row, _rng: random.Random) -> None:
        row[index] = value

    return plant


def _change(index: int, change: Callable[[str], str]) -> Mistake:
    def plant(row: Row, _before: Row, _rng: random.Random) -> None:
        row[index] = change(row[index])

    return plant


def _other_day(row: Row, _before: Row, _rng: random.Random) -> None:
    day = int(row[BORN][:2])
    row[BORN] = f"{day % 28 + 1:02d}{row[BORN][2:]}"


def _too_young(row: Row, _before: Row, rng: random.Random) -> None:
    born = date(2010, 1, 1) + timedelta(days=rng.randrange(365))
    _be_born(row, born)
    row[MARITAL] = "BELUM KAWIN"


def _same_card(row: Row, before: Row, _rng: random.Random) -> None:
    row[KTA] = before[KTA]


def _same_person(row: Row, before: Row, _rng: random.Random) -> None:
    for index in (NIK, NAME, SEX, BORN, MARITAL, PROVINCE, REGENCY, DISTRICT):
        row[index] = before[index]


ERRORS: Mapping[str, Mistake] = {
    "province.unknown": _set(PROVINCE, "00"),
    "regency.unknown": _set(REGENCY, "00.00"),
    "district.missing": _set(DISTRICT, ""),
    "district.unknown": _change(DISTRICT, lambda code: f"{code[:5]}.00"),
    "kta.missing": _set(KTA, ""),
    "kta.shape": _set(KTA, "TIDAK ADA"),
    "kta.repeated": _same_card,
    "nik.missing": _set(NIK, ""),
    "nik.scientific": _change(NIK, lambda nik: f"{nik[0]},{nik[1:6]}E+15"),
    "nik.lost_digits": _change(NIK, lambda nik: nik[:15]),
    "nik.shape": _change(NIK, lambda nik: f"{nik[:15]}O"),
    "nik.date": _change(NIK, lambda nik: f"{nik[:6]}3902{nik[10:]}"),
    "nik.serial": _change(NIK, lambda nik: f"{nik[:12]}0000"),
    "name.missing": _set(NAME, ""),
    "name.shape": _change(NAME, lambda name: f"{name} 1"),
    "sex.missing": _set(SEX, ""),
    "sex.unknown": _set(SEX, "X"),
    "birth_date.missing": _set(BORN, ""),
    "birth_date.unreadable": _change(BORN, lambda born: f"31-02{born[5:]}"),
    "birth_date.implausible": _change(BORN, lambda born: f"{born[:6]}1850"),
    "birth_place.missing": _set(PLACE, ""),
    "marital.unknown": _set(MARITAL, "ENTAH"),
    "marital.missing": _set(MARITAL, ""),
    "occupation.missing": _set(WORK, ""),
    "address.missing": _set(ADDRESS, ""),
    "address.too_long": _set(ADDRESS, "JALAN CONTOH " * 40),
}
WARNINGS: Mapping[str, Mistake] = {
    "nik.region_unknown": _change(NIK, lambda nik: f"9999{nik[4:]}"),
    "nik.birth_differs": _other_day,
    "nik.sex_differs": _change(SEX, lambda sex: "L" if sex == "P" else "P"),
    "nik.repeated": _same_person,
    "age.under": _too_young,
    "occupation.barred": _set(WORK, "PEGAWAI NEGERI SIPIL"),
}
# In a CSV only: a row with too few or too many cells.
STRUCTURE: Mapping[str, Mistake] = {
    "row.short": lambda row, _before, _rng: row.__delitem__(slice(8, None)),
    "row.long": lambda row, _before, _rng: row.append("NOMOR 2"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticList:
    """Rows of text under `headings`; `planted`: line in the file (heading = 1) to fault code."""

    headings: tuple[str, ...]
    rows: list[Row]
    planted: Mapping[int, str] = field(default_factory=dict)

    def bad(self, code: str | None = None) -> list[int]:
        """Lines with a planted error: of that code, or any."""
        return [
            line
            for line, planted in self.planted.items()
            if planted not in WARNINGS and code in (None, planted)
        ]


def synthetic_list(
    count: int,
    *,
    seed: int,
    districts: Sequence[str],
    bad: float = 0.03,
    warned: float = 0.02,
    card: str = "P01",
    first: int = 1,
    structure: bool = False,
) -> SyntheticList:
    """`count` members spread over `districts` (dotted codes), with shares of planted mistakes.

    `card` begins the KTA numbers and `first` is the first member's number: two parties' lists
    differ in one, two lists of a party in the other.
    """
    rng = random.Random(seed)  # noqa: S311 - test data, and it has to be repeatable
    rows = list(_people(count, rng, districts, card, first))
    planted: dict[int, str] = {}
    mistakes = {**ERRORS, **(STRUCTURE if structure else {}), **_elsewhere(districts)}
    wrong = _kinds(mistakes, round(count * bad))
    odd = _kinds(WARNINGS, round(count * warned))
    # The first row and every second one stay clean, so that "the row before" always is.
    places = rng.sample(range(1, count, 2), min(len(wrong) + len(odd), max(0, (count - 1) // 2)))
    for index, (code, mistake) in zip(places, [*wrong, *odd], strict=False):
        mistake(rows[index], rows[index - 1], rng)
        planted[index + 2] = code
    return SyntheticList(headings=HEADINGS, rows=rows, planted=dict(sorted(planted.items())))


def write_csv(
    path: Path,
    roster: SyntheticList,
    *,
    encoding: str = "utf-8",
    separator: str = ",",
    line_end: str = "\r\n",
) -> Path:
    """The list as a CSV file."""
    with path.open("w", encoding=encoding, newline="") as out:
        writer = csv.writer(out, delimiter=separator, lineterminator=line_end)
        writer.writerow(roster.headings)
        writer.writerows(roster.rows)
    return path


def write_xlsx(path: Path, roster: SyntheticList, *, numbers: bool = False) -> Path:
    """The list as a workbook with text cells; `numbers`: NIK as numbers, as Excel damages them."""
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("Anggota")
        for number, row in enumerate([list(roster.headings), *roster.rows]):
            for column, cell in enumerate(row):
                if numbers and number and column == NIK and cell.isdigit():
                    sheet.write_number(number, column, int(f"{cell[:15]}0"))
                else:
                    sheet.write_string(number, column, cell)
    return path


def _elsewhere(districts: Sequence[str]) -> dict[str, Mistake]:
    """A regency that exists but does not hold the district; needs two regencies."""
    regencies = sorted({code[:5] for code in districts})
    if len(regencies) < 2:
        return {}

    def plant(row: Row, _before: Row, rng: random.Random) -> None:
        row[REGENCY] = rng.choice([code for code in regencies if code != row[DISTRICT][:5]])

    return {"region.hierarchy": plant}


def _kinds(mistakes: Mapping[str, Mistake], count: int) -> list[tuple[str, Mistake]]:
    listed = list(mistakes.items())
    return [listed[index % len(listed)] for index in range(count)]


def _people(
    count: int, rng: random.Random, districts: Sequence[str], card: str, first: int
) -> Iterator[Row]:
    serials: dict[str, int] = {}
    span = (YOUNGEST - OLDEST).days
    for number in range(first, first + count):
        district = rng.choice(districts)
        row = [""] * len(HEADINGS)
        row[PROVINCE], row[REGENCY], row[DISTRICT] = district[:2], district[:5], district
        row[KTA] = f"{card}-{number:08d}"
        row[NAME] = "ANGGOTA CONTOH " + " ".join(DIGITS[int(digit)] for digit in str(number))
        row[SEX] = rng.choice("LP")
        row[NIK] = district.replace(".", "") + "0" * 10
        _be_born(row, OLDEST + timedelta(days=rng.randrange(span)))
        start = row[NIK][:12]
        # Two lists must not issue the same serials, hence the card and the member's number in it.
        serials[start] = serials.get(start, (first * 7 + crc32(card.encode())) % 8000) % 9998 + 1
        row[NIK] = f"{start}{serials[start]:04d}"
        row[PLACE] = "KOTA CONTOH"
        row[MARITAL] = rng.choice(STATES)
        row[WORK] = rng.choice(WORKS)
        row[ADDRESS] = f"JALAN CONTOH NOMOR {number}, RT 001 RW 002"
        yield row


def _be_born(row: Row, born: date) -> None:
    """The birth date in both places: its own column and the NIK (women DD+40)."""
    row[BORN] = f"{born:%d-%m-%Y}"
    day = born.day + (40 if row[SEX] == "P" else 0)
    row[NIK] = f"{row[NIK][:6]}{day:02d}{born:%m%y}{row[NIK][12:]}"
