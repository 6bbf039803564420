"""The rows of a file and the version before, put together into the whole of a new version.

A full list stands for itself. A correction is matched by `row_ref`, or where it has none by NIK and
card number together: a member that the file does not name stays; a rejected row that it does not
name stays rejected; a corrected one becomes a member on its old line; what is new goes to the end.

Next station: `verification.rosters.storing`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from verification.rosters.stored import MEMBER, REJECTED_ROW


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The version before: MEMBER and REJECTED_ROW columns, in line order; empty when there is none.

    `niks`: its members' NIK under the current key.
    """

    members: pl.DataFrame
    rejected: pl.DataFrame
    niks: pl.Series

    @property
    def last_line(self) -> int:
        """The highest line that anything stands on."""
        lines = (self.members["line"].max(), self.rejected["line"].max())
        return max((line for line in lines if isinstance(line, int)), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A whole version. `resolved`: lines of rejected rows of the version before that are members now.

    `settled`: how many of them besides, because their member had been in the list all along.
    """

    members: pl.DataFrame
    rejected: pl.DataFrame
    resolved: pl.Series
    settled: int


def lines_for(at: pl.Series, following: int) -> tuple[pl.Series, int]:
    """A merged row stays on the line it had (`at`); one that is new goes to the end.

    `following`: the first free line. Also returns how many are new.
    """
    new = at.is_null()
    numbered = pl.select(
        pl.coalesce(at, new.cast(pl.Int64).cum_sum() + (following - 1)).cast(pl.Int64)
    ).to_series()
    return numbered.alias("line"), int(new.sum())


def merge(before: Before, members: pl.DataFrame, rejected: pl.DataFrame, version_id: int) -> Merged:
    """The file's own rows in front of what it left alone. Columns as in Before."""
    named, refused = members["row_ref"].implode(), rejected["row_ref"].implode()
    ref = pl.col("row_ref")
    resolved = before.rejected.filter(ref.is_in(named))
    stays = before.members.filter(~ref.is_in(named))
    still = before.rejected.filter(~ref.is_in(named) & ~ref.is_in(refused))
    own = pl.lit(version_id, dtype=pl.Int64).alias("version_id")
    return Merged(
        members=pl.concat([members, stays.with_columns(own)]).select(*MEMBER).sort("line"),
        rejected=pl.concat([rejected, still.with_columns(own)]).select(*REJECTED_ROW).sort("line"),
        resolved=resolved["line"],
        settled=resolved.filter(ref.is_in(before.members["row_ref"].implode())).height,
    )
