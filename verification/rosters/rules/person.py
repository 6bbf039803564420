"""The person: name, sex, birth, marital status, occupation, address (domain brief 3.1 and 3.3).

Ages are reckoned at the stage's cut-off date. Being under age or in a barred occupation is flagged
for the verifier and not refused: both are cleared by comparing the KTP image or by a statement
(domain brief 3.4), and a refused row could never be cleared.

Next station: `verification.rosters.rules.catalogue`.
"""

from __future__ import annotations

import polars as pl

from verification.rosters.normalise import MARITAL
from verification.rosters.rules.base import Row, Rule, Severity, Shape
from verification.rosters.rules.ruleset import RuleSet

NAME_LIMIT = 200
_BEYOND_ASCII = "\x80-\ufffc\U00010000-\U0010ffff"
_NAME = Shape(rf"[A-Za-z'`{_BEYOND_ASCII}][A-Za-z{_BEYOND_ASCII} .,'`/()-]*")
_DAY = "(?:0[1-9]|1[0-9]|2[0-8])"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_ISO_DATE = Shape(
    f"[0-9]{{4}}-(?:0[1-9]|1[0-2])-{_DAY}"
    "|[0-9]{4}-(?:0[13-9]|1[0-2])-(?:29|30)"
    "|[0-9]{4}-(?:0[13578]|1[02])-31"
    f"|{_LEAP_YEAR}-02-29"
)
_MARITAL_WORDS = sorted(set(MARITAL.values()))


def _empty(field: str) -> tuple[dict[str, str], ...]:
    return ({field: ""}, {field: "-"}, {field: "0"})


def _required(code: str, bit: int, field: str, title_id: str, title_en: str) -> Rule:
    """The cell may not be empty when the matching preset compares it with the KTP."""
    return Rule(
        code=code,
        bit=bit,
        severity=Severity.ERROR,
        fields=(field,),
        predicate=lambda row, rules: field in rules.required and row[field] == "",
        expression=lambda rules: (
            pl.col(field) == "" if field in rules.required else pl.lit(value=False)
        ),
        near_miss=_empty(field),
        message_id=f"{title_id} kosong.",
        message_en=f"{title_en} is empty.",
        repair_id=f"Isi {title_id.lower()} sesuai KTP-el.",
        repair_en=f"Fill in: {title_en.lower()} as on the KTP-el.",
    )


def _too_long(code: str, bit: int, field: str, limit: int, title_id: str, title_en: str) -> Rule:
    return Rule(
        code=code,
        bit=bit,
        severity=Severity.ERROR,
        fields=(field,),
        predicate=lambda row, _rules: len(row[field]) > limit,
        expression=lambda _rules: pl.col(field).str.len_chars() > limit,
        near_miss=({field: "é" * limit}, {field: "é" * (limit + 1)}, {field: "😀" * limit}),
        message_id=f"{title_id} lebih dari {limit} huruf.",
        message_en=f"{title_en} is longer than {limit} characters.",
        repair_id="Persingkat; tulis hanya isi kolom ini.",
        repair_en="Shorten it; write only what belongs in this column.",
    )


def _words(phrases: tuple[str, ...]) -> Shape:
    """Whole words in any case, whatever stands between them, so that KASN is not ASN.

    The letters are spelled as classes: engines disagree on what ignoring case does beyond ASCII.
    """
    spelled = "|".join(
        "[^0-9A-Za-z]+".join(
            "".join(f"[{letter}{letter.lower()}]" for letter in word) for word in phrase.split()
        )
        for phrase in phrases
    )
    none = "[^\x00-\U0010ffff]"
    return Shape(f"(?s:.*[^0-9A-Za-z])?(?:{spelled or none})(?:[^0-9A-Za-z](?s:.*))?")


def _holds_barred_office(row: Row, rules: RuleSet) -> bool:
    barred, former = _words(rules.barred_occupations), _words(rules.no_longer_in_office)
    return barred.fits(row["occupation"]) and not former.fits(row["occupation"])


def _holds_barred_office_expr(rules: RuleSet) -> pl.Expr:
    barred, former = _words(rules.barred_occupations), _words(rules.no_longer_in_office)
    return barred.fit("occupation") & ~former.fit("occupation")


NAME_SHAPE = Rule(
    code="name.shape",
    bit=47,
    severity=Severity.ERROR,
    fields=("name",),
    needs=("name.missing",),
    predicate=lambda row, _rules: len(row["name"]) > NAME_LIMIT or not _NAME.fits(row["name"]),
    expression=lambda _rules: (pl.col("name").str.len_chars() > NAME_LIMIT) | ~_NAME.fit("name"),
    near_miss=(
        {"name": "ANGGOTA 1"},
        {"name": "Y"},
        {"name": "-"},
        {"name": ".ANGGOTA"},
        {"name": "'AISYAH CONTOH"},
        {"name": "CONTOH, S.H., M.Hum. (alm)"},
        {"name": "CONTOH\n"},
        {"name": "CONTOH;X"},
        {"name": "ÉCONTOH"},
        {"name": "CONT\ufffdH"},
        {"name": "A" * NAME_LIMIT},
        {"name": "A" * (NAME_LIMIT + 1)},
        {"name": "3273015305870001"},
    ),
    message_id="Nama memuat angka atau tanda yang bukan bagian nama.",
    message_en="The name contains digits or signs that are no part of a name.",
    repair_id="Tulis nama seperti di KTP-el: huruf, spasi, dan . , ' - / ( ) saja.",
    repair_en="Write the name as on the KTP-el: letters, spaces and . , ' - / ( ) only.",
)

SEX_UNKNOWN = Rule(
    code="sex.unknown",
    bit=49,
    severity=Severity.ERROR,
    fields=("sex",),
    needs=("sex.missing",),
    predicate=lambda row, _rules: row["sex"] not in {"L", "P"},
    expression=lambda _rules: ~pl.col("sex").is_in(["L", "P"]),
    near_miss=({"sex": "L"}, {"sex": "X"}, {"sex": "LP"}, {"sex": "l"}, {"sex": "M"}, {"sex": ""}),
    message_id="Jenis kelamin bukan L atau P.",
    message_en="The sex is neither L nor P.",
    repair_id="Tulis L (laki-laki) atau P (perempuan).",
    repair_en="Write L (male) or P (female).",
)

BIRTH_DATE_UNREADABLE = Rule(
    code="birth_date.unreadable",
    bit=51,
    severity=Severity.ERROR,
    fields=("birth_date",),
    needs=("birth_date.missing",),
    predicate=lambda row, _rules: not _ISO_DATE.fits(row["birth_date"]),
    expression=lambda _rules: ~_ISO_DATE.fit("birth_date"),
    near_miss=(
        {"birth_date": "13-05-87"},
        {"birth_date": "1987-02-29"},
        {"birth_date": "1988-02-29"},
        {"birth_date": "1900-02-29"},
        {"birth_date": "2000-02-29"},
        {"birth_date": "1987-02-30"},
        {"birth_date": "1987-04-31"},
        {"birth_date": "1987-04-30"},
        {"birth_date": "1987-12-31"},
        {"birth_date": "1987-12-32"},
        {"birth_date": "1987-13-01"},
        {"birth_date": "1987-00-10"},
        {"birth_date": "1987-05-00"},
        {"birth_date": "31910"},
        {"birth_date": "1987-05-13\n"},
        {"birth_date": "١٩٨٧-٠٥-١٣"},
    ),
    message_id="Tanggal lahir tidak terbaca atau tidak ada di kalender.",
    message_en="The birth date cannot be read or does not exist.",
    repair_id="Tulis hari-bulan-tahun dengan tahun empat angka, misalnya 13-05-1987.",
    repair_en="Write day-month-year with a four-digit year, for example 13-05-1987.",
)

BIRTH_DATE_IMPLAUSIBLE = Rule(
    code="birth_date.implausible",
    bit=52,
    severity=Severity.ERROR,
    fields=("birth_date",),
    needs=("birth_date.unreadable",),
    predicate=lambda row, rules: (
        not (rules.oldest_birth <= row["birth_date"] <= rules.cutoff.isoformat())
    ),
    expression=lambda rules: (
        (pl.col("birth_date") < rules.oldest_birth)
        | (pl.col("birth_date") > rules.cutoff.isoformat())
    ),
    near_miss=(
        {"birth_date": "2022-08-14"},
        {"birth_date": "2022-08-15"},
        {"birth_date": "1902-08-14"},
        {"birth_date": "1902-08-13"},
        {"birth_date": "0001-01-01"},
        {"birth_date": "9999-12-31"},
    ),
    message_id="Tanggal lahir setelah {cutoff} atau lebih dari {oldest_age} tahun sebelumnya.",
    message_en="The birth date is after {cutoff} or more than {oldest_age} years before it.",
    repair_id="Periksa tahunnya pada KTP-el.",
    repair_en="Check the year on the KTP-el.",
)

AGE_UNDER = Rule(
    code="age.under",
    bit=5,
    severity=Severity.FLAG,
    fields=("birth_date", "marital_status"),
    needs=("birth_date.implausible", "marital.unknown"),
    predicate=lambda row, rules: (
        row["birth_date"] > rules.adult_since and row["marital_status"] not in rules.ever_married
    ),
    expression=lambda rules: (
        (pl.col("birth_date") > rules.adult_since)
        & ~pl.col("marital_status").is_in(sorted(rules.ever_married))
    ),
    near_miss=(
        {"birth_date": "2005-08-14", "marital_status": "BELUM KAWIN"},
        {"birth_date": "2005-08-15", "marital_status": "BELUM KAWIN"},
        {"birth_date": "2005-08-15", "marital_status": "KAWIN"},
        {"birth_date": "2005-08-15", "marital_status": "CERAI HIDUP"},
        {"birth_date": "2005-08-15", "marital_status": "CERAI MATI"},
        {"birth_date": "2005-08-15", "marital_status": "PERNAH KAWIN"},
        {"birth_date": "2005-08-15", "marital_status": ""},
    ),
    message_id="Belum berumur {minimum_age} tahun pada {cutoff} dan belum pernah kawin.",
    message_en="Under {minimum_age} on {cutoff} and never married.",
    repair_id="Periksa tanggal lahir dan status perkawinan; verifikator akan melihat KTP-el.",
    repair_en="Check birth date and marital status; the verifier will look at the KTP-el.",
)

MARITAL_UNKNOWN = Rule(
    code="marital.unknown",
    bit=54,
    severity=Severity.ERROR,
    fields=("marital_status",),
    predicate=lambda row, _rules: (
        row["marital_status"] != "" and row["marital_status"] not in _MARITAL_WORDS
    ),
    expression=lambda _rules: (
        (pl.col("marital_status") != "") & ~pl.col("marital_status").is_in(_MARITAL_WORDS)
    ),
    near_miss=(
        {"marital_status": ""},
        {"marital_status": "KAWIN "},
        {"marital_status": "kawin"},
        {"marital_status": "KAWIN SIRI"},
        {"marital_status": "CERAI"},
        {"marital_status": "CERAI MATI"},
    ),
    message_id="Status perkawinan tidak dikenal.",
    message_en="The marital status is not known.",
    repair_id="Tulis: belum kawin, kawin, cerai hidup, cerai mati (atau B, S, P).",
    repair_en="Write: belum kawin, kawin, cerai hidup, cerai mati (or B, S, P).",
)

OCCUPATION_BARRED = Rule(
    code="occupation.barred",
    bit=6,
    severity=Severity.FLAG,
    fields=("occupation",),
    predicate=_holds_barred_office,
    expression=_holds_barred_office_expr,
    near_miss=(
        {"occupation": "TENTARA NASIONAL INDONESIA (TNI)"},
        {"occupation": "Kepolisian RI (Polri)"},
        {"occupation": "pegawai negeri sipil"},
        {"occupation": "PNS/ASN"},
        {"occupation": "KEPALA DESA"},
        {"occupation": "KEPALA  SEKOLAH DESA"},
        {"occupation": "PENSIUNAN PNS"},
        {"occupation": "PURNAWIRAWAN TNI"},
        {"occupation": "STNI"},
        {"occupation": "TNIA"},
        {"occupation": "X TNI X"},
        {"occupation": "KASN"},
        {"occupation": "WIRASWASTA"},
        {"occupation": ""},
    ),
    message_id="Pekerjaan ini tidak boleh menjadi anggota partai (TNI, Polri, ASN, kepala desa).",
    message_en="This occupation may not belong to a party (armed forces, police, civil service, "
    "village head).",
    repair_id="Bila sudah berhenti atau pensiun, tulis demikian dan siapkan surat pernyataan.",
    repair_en="If the member has left the office, write so and prepare a signed statement.",
)

RULES = (
    _required("name.missing", 46, "name", "Nama", "Name"),
    NAME_SHAPE,
    _required("sex.missing", 48, "sex", "Jenis kelamin", "Sex"),
    SEX_UNKNOWN,
    _required("birth_date.missing", 50, "birth_date", "Tanggal lahir", "Birth date"),
    BIRTH_DATE_UNREADABLE,
    BIRTH_DATE_IMPLAUSIBLE,
    AGE_UNDER,
    _required("birth_place.missing", 53, "birth_place", "Tempat lahir", "Birthplace"),
    MARITAL_UNKNOWN,
    _required("marital.missing", 55, "marital_status", "Status perkawinan", "Marital status"),
    _required("occupation.missing", 56, "occupation", "Pekerjaan", "Occupation"),
    OCCUPATION_BARRED,
    _required("address.missing", 57, "address", "Alamat", "Address"),
    _too_long("birth_place.too_long", 58, "birth_place", 120, "Tempat lahir", "Birthplace"),
    _too_long("occupation.too_long", 59, "occupation", 120, "Pekerjaan", "Occupation"),
    _too_long("address.too_long", 60, "address", 400, "Alamat", "Address"),
)
