"""The member record's columns: names, the headings people give them, and which file column is which.

The official template's heading row is not public (domain brief 3.1), so headings are matched
tolerantly: case, spaces, punctuation and Indonesian synonyms. An exact synonym is sure; anything
nearer than a guess is shown to the party as a mapping to confirm, with three values of the column.

Next station: `verification.rosters.normalise`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from verification.rosters import joined

SAMPLES = 3
NEAR_ENOUGH = 0.82
NOT_WORDS = re.compile(r"[^a-z0-9]+")

# The headings of our own exports, of rejected rows and of rows with a result, English (CSV) and
# Indonesian (XLSX). They stand in front of the columns to correct, `row_ref` last, and are left out
# when the file comes back.
REPORT_HEADINGS = ("row", "column", "value", "reason", "repair", "row_ref")
REPORT_HEADINGS_ID = ("baris", "kolom", "nilai", "alasan", "perbaikan", "row_ref")
RESULT_HEADINGS = ("row", "outcome", "code", "reason", "repair", "note", "row_ref")
RESULT_HEADINGS_ID = ("baris", "hasil", "kode", "alasan", "perbaikan", "catatan", "row_ref")
REPORTS = (REPORT_HEADINGS, REPORT_HEADINGS_ID, RESULT_HEADINGS, RESULT_HEADINGS_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field of the member record. `needed`: a list without such a column is refused."""

    name: str
    title_id: str
    title_en: str
    synonyms: frozenset[str]
    needed: bool = False


def fold(heading: str) -> str:
    """Lower case, words separated by one space, nothing else: `No. KTA*` becomes `no kta`."""
    return NOT_WORDS.sub(" ", heading.lower()).strip()


def _column(
    name: str, title_id: str, title_en: str, *synonyms: str, needed: bool = False
) -> Column:
    own = (name, title_id, title_en)
    return Column(
        name=name,
        title_id=title_id,
        title_en=title_en,
        synonyms=frozenset(map(fold, own + synonyms)),
        needed=needed,
    )


COLUMNS: tuple[Column, ...] = (
    _column("row_ref", "row_ref", "Row reference", "ref baris", "acuan baris", "rowref"),
    _column("province_code", "Kode Provinsi", "Province code",
            "kode prov", "kd prov", "prov", "provinsi", "kode wilayah provinsi", "kdprov"),
    _column("regency_code", "Kode Kabupaten/Kota", "Regency code",
            "kode kab", "kode kab kota", "kode kabkota", "kd kab", "kab", "kab kota", "kabupaten",
            "kabupaten kota", "kode kabupaten", "kode kota", "kdkab", "kode wilayah kab kota"),
    _column("district_code", "Kode Kecamatan", "District code",
            "kode kec", "kd kec", "kec", "kecamatan", "kdkec", "kode wilayah kecamatan",
            "kode wilayah", needed=True),
    _column("village", "Kode Desa/Kelurahan", "Village",
            "kode desa", "kode kel", "desa", "kelurahan", "desa kelurahan", "kel desa", "desa kel",
            "kelurahan desa", "kode kelurahan", "kode desa kel", "kddesa", "village code"),
    _column("kta_number", "Nomor KTA", "Membership card number",
            "no kta", "kta", "nomor kartu tanda anggota", "no kartu tanda anggota", "nomor anggota",
            "no anggota", "nomor kartu anggota", "no kartu anggota", "id anggota", needed=True),
    _column("card_party", "Nama Partai pada KTA", "Party on card",
            "partai", "nama partai", "nama parpol", "parpol", "partai di kta"),
    _column("nik", "NIK", "National identity number",
            "nomor induk kependudukan", "no induk kependudukan", "no nik", "nomor nik", "no ktp",
            "nomor ktp", "nik ktp", "no ktp el", "nomor ktp el", "no identitas", needed=True),
    _column("name", "Nama", "Name",
            "nama lengkap", "nama anggota", "nama sesuai ktp", "nama lengkap sesuai ktp",
            "nama pada ktp", "nama ktp", "full name", needed=True),
    _column("sex", "Jenis Kelamin", "Sex",
            "jk", "l p", "lp", "kelamin", "jns kelamin", "jenis kelamin l p", "gender",
            needed=True),
    _column("birth_place", "Tempat Lahir", "Birthplace",
            "tmp lahir", "tempat kelahiran", "tmpt lahir", "place of birth"),
    _column("birth_date", "Tanggal Lahir", "Birth date",
            "tgl lahir", "tanggal kelahiran", "tgl kelahiran", "tgl lhr", "date of birth",
            "tanggal lahir dd mm yyyy", *joined.HEADINGS, needed=True),
    _column("marital_status", "Status Perkawinan", "Marital status",
            "status kawin", "status", "status nikah", "status pernikahan", "perkawinan",
            "status perkawinan b s p"),
    _column("occupation", "Pekerjaan", "Occupation",
            "jenis pekerjaan", "profesi", "pekerjaan sesuai ktp"),
    _column("address", "Alamat", "Address",
            "alamat lengkap", "alamat sesuai ktp", "alamat ktp", "alamat rumah", "domisili"),
)  # fmt: skip

BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}
FIELDS: tuple[str, ...] = tuple(column.name for column in COLUMNS)
CODES = frozenset({"province_code", "regency_code", "district_code"})
_DIGIT, _ANYTHING = re.compile("[0-9]"), re.compile(r"\S")
_TITLES = {column.name: frozenset(map(fold, (column.name, column.title_id, column.title_en)))
           for column in COLUMNS}  # fmt: skip
_BY_SYNONYM = {synonym: column.name for column in COLUMNS for synonym in column.synonyms}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One column of the file: which field it is taken for, and whether that is sure."""

    index: int
    heading: str
    field: str | None
    sure: bool
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """Which column of a file is which field, and what is missing or must be confirmed.

    `joint`: the column of birth dates, if it holds the places too (`verification.rosters.joined`).
    """

    matches: tuple[Match, ...]
    missing: tuple[str, ...]
    joint: int | None = None

    @property
    def sure(self) -> bool:
        """Whether the list can be read without asking."""
        return not self.missing and all(match.sure for match in self.matches)

    @property
    def indices(self) -> dict[str, int]:
        """Field to column index."""
        found = {match.field: match.index for match in self.matches if match.field}
        if self.joint is not None:
            found.setdefault(joined.PLACE, self.joint)
        return found

    def to_json(self) -> dict[str, Any]:
        """What the mapping page shows and sends back."""
        return {
            "matches": [
                {
                    "index": match.index,
                    "heading": match.heading,
                    "field": match.field,
                    "sure": match.sure,
                    "samples": list(match.samples),
                }
                for match in self.matches
            ],
            "missing": list(self.missing),
        }


def known_headings(cells: Iterable[str]) -> int:
    """How many cells are headings of ours: what tells a heading row, and the separator, apart."""
    return len({_BY_SYNONYM[fold(cell)] for cell in cells if fold(cell) in _BY_SYNONYM})


def report_width(headings: Sequence[str]) -> int:
    """How many columns of ours stand in front, `row_ref` with them: 0 unless it is our own export."""
    folded = tuple(fold(cell).replace(" ", "_") for cell in headings)
    return next((len(ours) for ours in REPORTS if folded[: len(ours)] == ours), 0)


def needed_fields(required: Collection[str]) -> tuple[str, ...]:
    """The fields a list must have a column for: those of the record, and of the matching preset."""
    return tuple(c.name for c in COLUMNS if c.needed or c.name in required)


def match_columns(
    headings: Sequence[str],
    samples: Sequence[Sequence[str]],
    required: Collection[str],
    confirmed: Mapping[str, int] | None = None,
) -> ColumnMap:
    """Field by field the column of a file.

    `samples`: for each heading the first values of its column. `required`: the matching preset's
    fields. `confirmed`: field to column index
    as the party confirmed it; then nothing is guessed.
    """
    skipped = max(0, report_width(headings) - 1)
    if confirmed is None:
        taken, sure = _exact(headings, samples, skipped)
    else:
        there = range(skipped, len(headings))
        taken = {f: index for f, index in confirmed.items() if f in BY_NAME and index in there}
        sure = set(taken)
    if confirmed is None:
        for field, index in _near(headings, skipped, taken).items():
            taken[field] = index
    joint = _joint(headings, samples, taken)
    if joint is not None:
        taken.setdefault(joined.PLACE, joint)
    second = (joined.PLACE, joint)
    by_index = {index: field for field, index in taken.items() if (field, index) != second}
    matches = tuple(
        Match(
            index=index,
            heading=heading,
            field=by_index.get(index),
            sure=by_index.get(index) is None or by_index[index] in sure,
            samples=tuple(value[:60] for value in samples[index][:SAMPLES]),
        )
        for index, heading in enumerate(headings)
        if index >= skipped
    )
    missing = tuple(name for name in needed_fields(required) if name not in taken)
    return ColumnMap(matches=matches, missing=missing, joint=joint)


def _joint(
    headings: Sequence[str], samples: Sequence[Sequence[str]], taken: Mapping[str, int]
) -> int | None:
    """The column of birth dates, if the places stand in it too."""
    birth = taken.get(joined.DATE)
    if birth is None or taken.get(joined.PLACE) == birth:
        return birth
    return birth if joined.holds_both(fold(headings[birth]), samples[birth]) else None


def _exact(
    headings: Sequence[str], samples: Sequence[Sequence[str]], skipped: int
) -> tuple[dict[str, int], set[str]]:
    """Field to column, and the fields that are sure: no other column is called that as well.

    Lists often have the name of a region beside its code, and both may be called `Kecamatan`: what
    the column holds decides first, then the field's own title, then the order, which is a guess.
    """
    found: dict[str, list[tuple[bool, bool, int]]] = {}
    for index, heading in enumerate(headings):
        folded = fold(heading)
        field = _BY_SYNONYM.get(folded)
        if index >= skipped and field is not None:
            unlike = not _holds(field, samples[index])
            found.setdefault(field, []).append((unlike, folded not in _TITLES[field], index))
    best = {field: min(columns) for field, columns in found.items()}
    sure = {
        field
        for field, first in best.items()
        if [column[:2] for column in found[field]].count(first[:2]) == 1
    }
    return {field: first[2] for field, first in best.items()}, sure


def _holds(field: str, values: Sequence[str]) -> bool:
    """Whether values may be this field's: a column is not empty, and a code has digits."""
    wanted = _DIGIT if field in CODES else _ANYTHING
    return any(wanted.search(value) for value in values)


def _near(headings: Sequence[str], skipped: int, taken: Mapping[str, int]) -> dict[str, int]:
    """The best heading for each field nobody has yet, when it is near enough to ask about."""
    free = [i for i in range(skipped, len(headings)) if i not in taken.values()]
    ranked = sorted(
        (
            (-_likeness(fold(headings[index]), column), index, column.name)
            for index in free
            for column in COLUMNS
            if column.name not in taken and column.name != "row_ref"
        ),
    )
    found: dict[str, int] = {}
    for distance, index, name in ranked:
        if -distance >= NEAR_ENOUGH and name not in found and index not in found.values():
            found[name] = index
    return found


def _likeness(heading: str, column: Column) -> float:
    if not heading:
        return 0.0
    words = set(heading.split())
    if any(set(synonym.split()) <= words for synonym in column.synonyms if len(synonym) > 2):
        return 0.9
    return max(SequenceMatcher(None, heading, synonym).ratio() for synonym in column.synonyms)
