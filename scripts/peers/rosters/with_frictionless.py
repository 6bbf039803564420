"""Frictionless, a table schema; nothing is stored. Cross-field rules are not in its schema."""

import sys

from checks import FIELDS, STATES, districts
from frictionless import Checklist, Resource, Schema, fields, system

SOURCE, CODES = sys.argv[1:3]
KNOWN = districts(CODES)
shapes = {
    "province": {"pattern": "[0-9]{2}"}, "regency": {"enum": sorted({c[:5] for c in KNOWN})},
    "district": {"enum": sorted(KNOWN)}, "nik": {"pattern": "[0-9]{16}"},
    "card": {"pattern": "[0-9A-Za-z][0-9A-Za-z ./_-]{1,48}[0-9A-Za-z]"},
    "name": {"pattern": "[A-Za-z .,'`/()-]{2,200}"}, "sex": {"enum": ["L", "P"]},
    "state": {"enum": sorted(STATES)}, "place": {"maxLength": 120}, "work": {"maxLength": 120},
    "address": {"maxLength": 400},
}  # fmt: skip
columns = []
for field, title in FIELDS.items():
    if field == "born":
        columns.append(
            fields.DateField(name=title, format="%d-%m-%Y", constraints={"required": True})
        )
    else:
        constraints = {"required": True, **shapes[field]}
        columns.append(fields.StringField(name=title, constraints=constraints))
with system.use_context(trusted=True):
    report = Resource(path=SOURCE, schema=Schema(fields=columns)).validate(
        Checklist(), limit_errors=1_000_000
    )
sys.stdout.write(f"{report.stats}\n")
