"""marshmallow, a schema call a row, then SQLAlchemy's ORM in batches of a thousand."""

import csv
import sys
from datetime import date
from pathlib import Path

from checks import BARRED, CARD, FIELDS, NAME, NIK, STATES, districts, nik_date, read_date
from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy import Date, Integer, String, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

SOURCE, CODES, URL = sys.argv[1:4]
KNOWN = districts(CODES)
REGENCIES = {code[:5] for code in KNOWN}
CUT_OFF = date(2022, 8, 14)


def day(text):
    if read_date(text) is None:
        raise ValidationError("no date")


class Member(Schema):
    province = fields.String(required=True, validate=validate.Regexp(r"[0-9]{2}\Z"))
    regency = fields.String(required=True, validate=validate.OneOf(REGENCIES))
    district = fields.String(required=True, validate=validate.OneOf(KNOWN))
    card = fields.String(required=True, validate=validate.Regexp(CARD))
    nik = fields.String(required=True, validate=validate.Regexp(NIK))
    name = fields.String(required=True, validate=validate.Regexp(NAME))
    sex = fields.String(required=True, validate=validate.OneOf(["L", "P"]))
    place = fields.String(required=True, validate=validate.Length(1, 120))
    born = fields.String(required=True, validate=day)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    work = fields.String(required=True, validate=validate.Length(1, 120))
    address = fields.String(required=True, validate=validate.Length(1, 400))

    @validates_schema(skip_on_field_errors=True)
    def together(self, data, **_):
        wrong = {}
        if not data["district"].startswith(data["regency"]):
            wrong["regency"] = ["hierarchy"]
        if not nik_date(data["nik"]) or data["nik"].endswith("0000"):
            wrong["nik"] = ["shape"]
        born = read_date(data["born"])
        if born.replace(year=born.year + 17, day=min(born.day, 28)) > CUT_OFF:
            wrong["born"] = ["age"]
        if data["work"] in BARRED:
            wrong["work"] = ["barred"]
        if wrong:
            raise ValidationError(wrong)


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "peer_marshmallow"
    id = mapped_column(Integer, primary_key=True)
    nik = mapped_column(String(16), index=True)
    name = mapped_column(String(200))
    sex = mapped_column(String(1))
    born = mapped_column(Date)
    place = mapped_column(String(120))
    state = mapped_column(String(40))
    work = mapped_column(String(120))
    address = mapped_column(String(400))
    card = mapped_column(String(60))
    province = mapped_column(String(16))
    regency = mapped_column(String(16))
    district = mapped_column(String(16))


engine = create_engine(URL)
Base.metadata.create_all(engine)
schema, good, bad = Member(), 0, 0
with Session(engine) as session, Path(SOURCE).open(encoding="utf-8", newline="") as stream:
    batch = []
    for cells in csv.DictReader(stream):
        try:
            data = schema.load({field: cells.get(title) for field, title in FIELDS.items()})
        except ValidationError:
            bad += 1
            continue
        good += 1
        batch.append(Row(**{**data, "born": read_date(data["born"])}))
        if len(batch) == 1000:
            session.add_all(batch)
            session.commit()
            batch = []
    session.add_all(batch)
    session.commit()
with engine.begin() as connection:
    connection.execute(text("DROP TABLE peer_marshmallow"))
sys.stdout.write(f"{good} {bad}\n")
