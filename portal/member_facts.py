"""A member as a reader at an office may see it: in clear for who holds the item, else masked.

Next station: `portal.item_sheet`, and beside it the other row of a duplicate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from verification.models import Member
from verification.secrets import FieldKeys, mask_nik


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFacts:
    """A member as the reader may see it; `birth_date` is None when only the year is shown."""

    row_ref: str
    line: int
    name: str
    nik: str
    sex: str
    birth_year: int
    birth_date: date | None
    birth_place: str
    kta_number: str
    marital_status: str
    occupation: str
    address: str
    village: str
    regency: str
    district: str
    nik_says: dict[str, str]


def facts_of(member: Member, keys: FieldKeys, *, clear: bool) -> MemberFacts:
    """`clear`: the reader holds the item; otherwise initials, a year of birth, four digits."""
    nik = keys.decipher(member.nik, member.key_id)
    personal: dict[str, Any] = {
        "name": member.name,
        "nik": f"{nik[:6]} {nik[6:12]} {nik[12:]}",
        "birth_date": member.birth_date,
        "birth_place": member.birth_place,
        "kta_number": member.kta_number,
        "marital_status": member.marital_status,
        "occupation": member.occupation,
        "address": member.address,
        "village": member.village,
        "nik_says": nik_says(nik),
    }
    if not clear:
        personal = {
            **dict.fromkeys(personal, ""),
            "name": initials(member.name),
            "nik": mask_nik(nik),
            "birth_date": None,
            "nik_says": {},
        }
    return MemberFacts(
        row_ref=member.row_ref,
        line=member.line,
        sex=member.sex,
        birth_year=member.birth_date.year,
        regency=member.regency_code,
        district=member.district_code,
        **personal,
    )


def nik_says(nik: str) -> dict[str, str]:
    """What a NIK itself tells: kecamatan, day and month of birth, sex; the century it does not."""
    day = int(nik[6:8])
    sex, day = ("P", day - 40) if day > 40 else ("L", day)
    return {
        "district": f"{nik[:2]}.{nik[2:4]}.{nik[4:6]}",
        "sex": sex,
        "birth": f"{day:02d}-{nik[8:10]}-{nik[10:12]}",
    }


def initials(name: str) -> str:
    """`SITI NUR AISYAH` → `S. N. A.`"""
    return " ".join(f"{word[0]}." for word in name.split() if word)
