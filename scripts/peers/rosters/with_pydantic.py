"""pydantic, `model_validate` a row; nothing is stored."""

import csv
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from checks import BARRED, FIELDS, STATES, districts, nik_date, read_date
from pydantic import AfterValidator, BaseModel, StringConstraints, ValidationError, model_validator

SOURCE, CODES = sys.argv[1:3]
KNOWN = districts(CODES)
REGENCIES = {code[:5] for code in KNOWN}
CUT_OFF = date(2022, 8, 14)


def one_of(known):
    def look(text):
        if text not in known:
            raise ValueError("unknown")
        return text

    return AfterValidator(look)


def day(text):
    if read_date(text) is None:
        raise ValueError("no date")
    return text


class Member(BaseModel):
    province: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
    regency: Annotated[str, one_of(REGENCIES)]
    district: Annotated[str, one_of(KNOWN)]
    card: Annotated[
        str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z ./_-]{1,48}[0-9A-Za-z]$")
    ]
    nik: Annotated[str, StringConstraints(pattern=r"^[0-9]{16}$")]
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z .,'`/()-]{2,200}$")]
    sex: Literal["L", "P"]
    place: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    born: Annotated[str, AfterValidator(day)]
    state: Annotated[str, one_of(STATES)]
    work: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    address: Annotated[str, StringConstraints(min_length=1, max_length=400)]

    @model_validator(mode="after")
    def together(self):
        born = read_date(self.born)
        if (
            not self.district.startswith(self.regency)
            or not nik_date(self.nik)
            or self.nik.endswith("0000")
            or born.replace(year=born.year + 17, day=min(born.day, 28)) > CUT_OFF
            or self.work in BARRED
        ):
            raise ValueError("together")
        return self


good = bad = 0
with Path(SOURCE).open(encoding="utf-8", newline="") as stream:
    for cells in csv.DictReader(stream):
        try:
            Member.model_validate({field: cells.get(title) for field, title in FIELDS.items()})
            good += 1
        except ValidationError:
            bad += 1
sys.stdout.write(f"{good} {bad}\n")
