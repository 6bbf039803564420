"""What of a list's rows is compared, kept beside them as the import reckoned it.

An import looks for people who are in the list twice and has the keys of every row for that. They are
what a comparison between parties needs, so they are written down in a few pieces with the version,
and a million rows need not be read, deciphered and spelled out again. They hold what the rows hold and
go with them. The nightly proof does not look at them.

Next station: `verification.duplicates.comparing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.duplicates.keys import Keys, packed, people_in
from verification.models import KeyPage
from verification.models.rosters import row_id
from verification.secrets import FieldKeys

PAGE = 65_536
_KEPT = ("block", "id", "nik", "name")


def pack(keys: Keys) -> Iterator[bytes]:
    """`content` of each page; `keys`: of one list, `id` its lines."""
    kept = keys.people.select(_KEPT)
    for start in range(0, kept.height, PAGE):
        yield packed(kept.slice(start, PAGE))


def kept_keys(session: Session, field_keys: FieldKeys, versions: Sequence[int]) -> Keys:
    """The keys of all rows of some list versions: from pages, else from the rows themselves.

    Raises UnknownFieldKey: a row is enciphered under a key that is not held.
    """
    return Keys.of_people(
        [
            people_in(session, field_keys, version) if people is None else people
            for version in versions
            for people in [_kept(session, field_keys.current_id, version)]
        ]
    )


def _kept(session: Session, key_id: str, version_id: int) -> pl.DataFrame | None:
    """None: a version from before there were pages, or under another key than the rows' now."""
    pages = session.scalars(
        select(KeyPage.content)
        .where(KeyPage.version_id == version_id, KeyPage.key_id == key_id)
        .order_by(KeyPage.number)
    )
    found = [pl.read_ipc(content) for content in pages]
    if not found:
        return None
    return pl.concat(found).with_columns(pl.col("id") + row_id(version_id, 0))
