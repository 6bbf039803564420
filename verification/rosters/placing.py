"""Which member of the version before a row is: the same NIK, or the same `row_ref`, is the same person.

The subject a verifier judges survives corrections this way: a wrong NIK corrected under its
`row_ref` keeps it, and so does a moved or renamed member under his NIK. A correction without a
`row_ref` that has both NIK and card number of a member is that member's row.

Next station: `verification.rosters.merging` puts the rows into the list.
"""

from __future__ import annotations

import os

import polars as pl

from verification.rosters.blocks import blocks
from verification.rosters.digest import in_clear
from verification.rosters.rules.listwide import NIK_REPEATED
from verification.secrets import BLOCK, FieldKeys

_REF_LENGTH = 15
_KEY_BYTES = 16


def new_row_refs(count: int) -> pl.Series:
    """Sixteen characters each that no spreadsheet takes for a number: `r` and 60 random bits."""
    return _row_refs(new_subject_keys(count))


def new_subject_keys(count: int) -> pl.Series:
    """As public ids."""
    return blocks(os.urandom(_KEY_BYTES * count), _KEY_BYTES).bin.encode("hex")


def _row_refs(keys: pl.Series) -> pl.Series:
    return ("r" + keys.str.head(_REF_LENGTH)).alias("row_ref")


def enciphered(keys: FieldKeys, niks: pl.Series) -> pl.Series:
    """A column of well-formed NIK under the current key, in one call. Raises NotANik."""
    digits = niks.str.join("").item() if len(niks) else ""
    return blocks(keys.encipher_joined(digits.encode("ascii")), BLOCK)


def under_current_key(keys: FieldKeys, members: pl.DataFrame) -> pl.Series:
    """The members' NIK under the current key, whichever they are stored under.

    Raises UnknownFieldKey, SealBroken.
    """
    if (members["key_id"] == keys.current_id).all():
        return members["nik"]
    return enciphered(keys, in_clear(members, keys))


def place(
    rows: pl.DataFrame, before: pl.DataFrame, refused: pl.DataFrame, *, merging: bool
) -> pl.DataFrame:
    """The rows with `subject_key`, their `row_ref`, NIK_REPEATED in `warnings`, and `at`, `held`.

    `rows`: line, row_ref, kta_number, warnings, `nik` (under the current key), …, in line order.
    `before`: row_ref, line, subject_key, nik (under the current key), kta_number of the version
    before, in line order; `refused`: row_ref and line of its rejected rows. `merging`: the others
    of that version stay, so a NIK that is among them is a repetition, and a card that is not this
    row's own is taken: `held` is its holder's line. `at`: the line a row had before, if it was there.
    """
    fresh = new_subject_keys(rows.height)
    rows = rows.with_columns(new_ref=_row_refs(fresh), new_key=fresh)
    rows = rows.with_columns(new_key=_one_a_person(rows))
    if before.is_empty() and refused.is_empty():
        nowhere = pl.lit(None, dtype=pl.Int64)
        return (
            rows.drop("row_ref")
            .rename({"new_ref": "row_ref", "new_key": "subject_key"})
            .with_columns(at=nowhere, held=nowhere, refused=nowhere)
        )
    return _placed(rows, before, refused, merging=merging)


def _one_a_person(rows: pl.DataFrame) -> pl.Series:
    """The new keys, rows of one repeated NIK sharing the first of theirs."""
    again = rows.select("nik", "new_key", "warnings").with_row_index("place")
    again = again.filter(pl.col("warnings") & NIK_REPEATED.flag != 0)
    shared = again.select("place", pl.col("new_key").first().over("nik"))
    keys = rows["new_key"]
    return keys.scatter(shared["place"], shared["new_key"]) if shared.height else keys


def _placed(
    rows: pl.DataFrame, before: pl.DataFrame, refused: pl.DataFrame, *, merging: bool
) -> pl.DataFrame:
    held = before.clear() if not merging else before.filter(
        pl.col("kta_number").is_in(rows["kta_number"].implode())
        & ~pl.col("row_ref").is_in(rows["row_ref"].implode())
    )  # fmt: skip
    known = (
        rows.join(_once(before, "nik", "same", "subject_key", "row_ref", "line"),
                  on="nik", how="left", maintain_order="left")
        .join(_once(_with_shared(before), "row_ref", "ref", "subject_key", "nik", "line", "shared"),
              on="row_ref", how="left", maintain_order="left")
        .join(_once(held, "kta_number", "card", "nik", "row_ref", "line"),
              on="kta_number", how="left", maintain_order="left")
        .join(_once(refused, "row_ref", "refused", "line"),
              on="row_ref", how="left", maintain_order="left")
    )  # fmt: skip
    own = (pl.col("row_ref") == "") & (pl.col("card_nik") == pl.col("nik"))
    own = (own & pl.col("same_line").is_not_null()).fill_null(value=False)
    by_ref = pl.col("ref_line").is_not_null()
    ref = (
        pl.when(by_ref).then("row_ref").when(own).then("card_row_ref")
        .when(pl.col("refused_line").is_not_null()).then("row_ref").otherwise("new_ref")
    )  # fmt: skip
    same = pl.col("same_line").is_not_null()
    kept = by_ref & (
        (pl.col("ref_nik") == pl.col("nik")) | (~same & ~pl.col("ref_shared"))
    ).fill_null(value=False)
    other = same & ~((by_ref | own) & (pl.col("same_row_ref") == ref)).fill_null(value=False)
    return known.select(
        *(
            name
            for name in rows.columns
            if name not in ("row_ref", "warnings", "new_ref", "new_key")
        ),
        row_ref=ref,
        at=pl.when(by_ref).then("ref_line").when(own).then("card_line").otherwise("refused_line"),
        held=pl.when(pl.col("card_nik") != pl.col("nik")).then("card_line"),
        refused=pl.col("refused_line"),
        subject_key=pl.when(kept)
        .then("ref_subject_key")
        .when(same)
        .then("same_subject_key")
        .otherwise("new_key"),
        warnings=pl.when(other & merging)
        .then(pl.col("warnings") | NIK_REPEATED.flag)
        .otherwise("warnings"),
    )


def _with_shared(before: pl.DataFrame) -> pl.DataFrame:
    """Whether a row's subject has another row beside it."""
    return before.with_columns(shared=pl.col("subject_key").is_duplicated())


def _once(known: pl.DataFrame, key: str, prefix: str, *columns: str) -> pl.DataFrame:
    """The first row of each key, what is asked of it under a prefix."""
    return (
        known.filter(pl.col(key) != (b"" if known.schema[key] == pl.Binary() else ""))
        .unique(key, keep="first", maintain_order=True)
        .select(key, *(pl.col(name).alias(f"{prefix}_{name}") for name in columns))
    )
