"""What changed from one version of a list to the next: people added, removed, changed.

People are told apart by `subject_key`, which survives a corrected name or NIK; a person in two rows
is one, and the first row stands for him.

Next station: shown on the list's page before and after; kept in the version's row.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from sqlalchemy.orm import Session

from verification.rosters.stored import members_of

COMPARED = (
    "name", "sex", "birth_date", "birth_place", "marital_status", "occupation", "address",
    "kta_number", "district_code", "village",
)  # fmt: skip
NEEDED = ("line", "subject_key", "key_id", "nik", *COMPARED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Counts of people."""

    added: int
    removed: int
    changed: int


def compare(old: pl.DataFrame, new: pl.DataFrame) -> Difference:
    """From one version's rows to another's: NEEDED columns, in line order."""
    if old.is_empty():
        return Difference(added=new["subject_key"].n_unique(), removed=0, changed=0)
    was, now = _people(old), _people(new)
    # The same NIK under another key is other bytes, so it is compared under one key only.
    differs = pl.any_horizontal(
        *(pl.col(name) != pl.col(f"{name}_new") for name in COMPARED),
        (pl.col("key_id") == pl.col("key_id_new")) & (pl.col("nik") != pl.col("nik_new")),
    )
    both = was.join(now, on="subject_key", how="inner", suffix="_new").select(
        together=pl.len(), changed=differs.sum()
    )
    together, changed = both.row(0)
    return Difference(
        added=now.height - together, removed=was.height - together, changed=int(changed)
    )


def compare_versions(session: Session, old_id: int | None, new_id: int) -> Difference:
    """From version `old_id` (None: from nothing) to version `new_id`, as they are stored."""
    return compare(members_of(session, old_id, NEEDED), members_of(session, new_id, NEEDED))


def _people(members: pl.DataFrame) -> pl.DataFrame:
    return members.select(NEEDED).unique("subject_key", keep="first", maintain_order=True)
