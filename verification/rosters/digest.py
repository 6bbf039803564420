"""The digest of a version's rows: what a submission pins and what tampering would change.

Deterministic ciphertext alone would not notice two swapped cells, so the digest covers every
cell in line order, with the NIK itself and not its ciphertext: it stays the same when keys rotate.

Next station: `verification.entries`, which pins it.
"""

from __future__ import annotations

import hashlib

import polars as pl
from sqlalchemy.orm import Session

from verification.rosters.blocks import blocks
from verification.rosters.stored import members_of
from verification.secrets import BLOCK, FieldKeys

# Cells hold no control characters (`accepted`), so this cannot be imitated.
CELL_END = "\x1f"
FIELDS = (
    "line", "row_ref", "subject_key", "name", "sex", "birth_date", "birth_place",
    "marital_status", "occupation", "address", "kta_number", "province_code", "regency_code",
    "district_code", "village", "warnings",
)  # fmt: skip


def digest(members: pl.DataFrame, niks: pl.Series) -> str:
    """64 hex digits: SHA-256 over the SHA-256 of each column, its cells in line order.

    `members`: columns of `stored.MEMBER`; `niks`: their digits (`in_clear`).
    """
    whole = hashlib.sha256()
    for cells in (niks, *(members[name] for name in FIELDS)):
        text = cells.cast(pl.String).str.join(CELL_END).cast(pl.Binary).item()
        whole.update(hashlib.sha256(text).digest())
    return whole.hexdigest()


def digest_of(session: Session, keys: FieldKeys, version_id: int) -> str:
    """The digest of a version as its rows stand now: compare it with `rows_digest`."""
    members = members_of(session, version_id)
    return digest(members, in_clear(members, keys))


def in_clear(members: pl.DataFrame, keys: FieldKeys) -> pl.Series:
    """The sixteen digits of each member, deciphered in one call a key."""
    used = members["key_id"].unique().to_list()
    if len(used) == 1:
        return _deciphered(members["nik"], keys, used[0])
    niks = pl.Series([""] * members.height, dtype=pl.String)
    for key_id in used:
        where = (members["key_id"] == key_id).arg_true()
        niks = niks.scatter(where, _deciphered(members["nik"].gather(where), keys, key_id))
    return niks


def _deciphered(niks: pl.Series, keys: FieldKeys, key_id: str) -> pl.Series:
    return blocks(keys.decipher_joined(b"".join(niks.to_list()), key_id), BLOCK).cast(pl.String)
