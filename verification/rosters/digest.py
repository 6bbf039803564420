"""The digest of a version's rows: what a submission pins and what tampering would change.

Deterministic ciphertext alone would not notice two swapped cells, so the digest covers whole rows
in line order, with the NIK itself and not its ciphertext: it stays the same when keys rotate.

Next station: `verification.entries`, which pins it.
"""

from __future__ import annotations

import hashlib
import io

import polars as pl
from sqlalchemy.orm import Session

from verification.rosters.stored import members_of
from verification.secrets import FieldKeys

PAGE = 100_000
# Cells hold no control characters (`accepted`), so these two cannot be imitated.
FIELD_END, ROW_END = "\x1f", "\x1e"
FIELDS = (
    "line", "row_ref", "subject_key", "name", "sex", "birth_date", "birth_place",
    "marital_status", "occupation", "address", "kta_number", "province_code", "regency_code",
    "district_code", "village", "warnings",
)  # fmt: skip


def digest(members: pl.DataFrame, keys: FieldKeys) -> str:
    """SHA-256 over rows in line order, 64 hex digits. `members`: columns of `stored.MEMBER`.

    Raises UnknownFieldKey, SealBroken.
    """
    summed = hashlib.sha256()
    for start in range(0, members.height, PAGE):
        page = members.slice(start, PAGE)
        out = io.BytesIO()
        page.select(in_clear(page, keys).alias("nik"), *FIELDS).write_csv(
            out,
            include_header=False,
            separator=FIELD_END,
            line_terminator=ROW_END,
            quote_style="never",
        )
        summed.update(out.getvalue())
    return summed.hexdigest()


def digest_of(session: Session, keys: FieldKeys, version_id: int) -> str:
    """The digest of a version as its rows stand now: compare it with `rows_digest`."""
    return digest(members_of(session, version_id), keys)


def in_clear(members: pl.DataFrame, keys: FieldKeys) -> pl.Series:
    """The sixteen digits of each member, deciphered in one call a key."""
    niks = pl.Series([""] * members.height, dtype=pl.String)
    for key_id in members["key_id"].unique().to_list():
        where = (members["key_id"] == key_id).arg_true()
        digits = keys.decipher_joined(b"".join(members["nik"].gather(where).to_list()), key_id)
        found = [digits[at : at + 16] for at in range(0, len(digits), 16)]
        niks = niks.scatter(where, pl.Series(found, dtype=pl.String))
    return niks
