"""What of a member is compared: keys of each party's rows, and their enciphered cache.

Exactly: the first eight bytes of the NIK's ciphertext (equal NIK, equal number; a hit is looked up
whole before it counts). By likeness: birth date and kabupaten/kota in one number, and the name. Both
tables are sorted, so that two parties are compared by walking along both.

The database alone would be asked for ten million rows whenever a party submits, most of a minute's
work; so the keys are kept in a file, sealed with AES-256-GCM under the field key because it holds
names, owner-readable only, and made again from the rows when it is missing, older than a day, or
will not open. Nothing is lost with it.

Next station: `verification.duplicates.matching`.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import polars as pl
from sqlalchemy.orm import Session

from verification.duplicates.names import compared
from verification.models.rosters import row_id
from verification.rosters.placing import under_current_key
from verification.rosters.stored import members_of
from verification.secrets import FieldKeys, SealBroken, UnknownFieldKey

NIKS = pl.Schema({"nik": pl.UInt64(), "id": pl.Int64()})
PEOPLE = pl.Schema(
    {
        "block": pl.Int64(),
        "id": pl.Int64(),
        "nik": pl.UInt64(),
        "name": pl.String(),
        "crowded": pl.Boolean(),
    }
)
# Rows that share a birth date and a kabupaten/kota; beyond it only equal names are compared, so
# that a list of a million people born on one day costs no more than any other.
CROWD = 200
# Of one NIK in one party's lists; all are one person anyway.
SAME_NIK = 20
LIFE = timedelta(hours=26)
REGENCIES = 10_000
NIK_BYTES = 8
SUFFIX = ".keys"
LENGTH = 8
_COLUMNS = ("line", "nik", "key_id", "birth_date", "regency_code", "name")


def block_of(born: pl.Expr, regency: pl.Expr) -> pl.Expr:
    """Days since 1970 (may be negative) and a code like `32.73` as one number."""
    code = regency.str.replace(".", "", literal=True).cast(pl.Int64, strict=False).fill_null(0)
    return born.cast(pl.Int32).cast(pl.Int64) * REGENCIES + code


class Keys:
    """The keys of one party's rows.

    `niks`: `nik`, `id` of the row, by NIK. `people`: `block`, `id`, `nik`, `name` as compared, and
    whether too many rows share the block to try every pair (`crowded`), by block.
    """

    def __init__(self, niks: pl.DataFrame, people: pl.DataFrame) -> None:
        # Files do not keep the flag, and without it a join hashes what it could walk along.
        self.niks = niks.with_columns(pl.col("nik").set_sorted())
        self.people = people.with_columns(pl.col("block").set_sorted())

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Keys:
        """Of rows: `id` (Int64), `nik` (UInt64), `born` (Date), `regency` and `name` (text)."""
        return cls.of_people([_people(rows)])

    @classmethod
    def of_people(cls, lists: Sequence[pl.DataFrame]) -> Keys:
        """Of one or several lists' people, each with `block`, `id`, `nik`, `name`, by block."""
        people = pl.concat([pl.DataFrame(schema=PEOPLE).drop("crowded"), *lists]).select(
            PEOPLE.names()[:-1]
        )
        if len(lists) > 1:
            people = people.sort("block")
        # Sorted, so that a block's neighbour so many rows away is a crowd's.
        counted = people.select(block=pl.col("block").rle())["block"].struct.unnest()
        crowds = counted.filter(pl.col("len") > CROWD)["value"]
        niks = people.select(NIKS.names()).sort("nik")
        again = pl.col("nik") == pl.col("nik").shift(SAME_NIK)
        return cls(
            niks.filter(~again.fill_null(value=False)),
            people.with_columns(crowded=pl.col("block").is_in(crowds.implode())),
        )

    @property
    def rows(self) -> int:
        """How many rows."""
        return self.niks.height

    @cached_property
    def turned(self) -> pl.DataFrame:
        """`block` with day and month exchanged and the row's `place` in `people`, by block."""
        return (
            self.people.lazy()
            .select("crowded", block=_turned(pl.col("block")), place=pl.int_range(pl.len()))
            .filter(~pl.col("crowded") & pl.col("block").is_not_null())
            .select("block", "place")
            .sort("block")
            .collect()
        )

    def to_bytes(self) -> bytes:
        """Both tables, for the cache."""
        niks, people = (packed(table) for table in (self.niks, self.people))
        return b"".join((len(niks).to_bytes(LENGTH, "big"), niks, people))

    @classmethod
    def from_bytes(cls, whole: bytes) -> Keys:
        """What `to_bytes` gave."""
        end = LENGTH + int.from_bytes(whole[:LENGTH], "big")
        return cls(pl.read_ipc(whole[LENGTH:end]), pl.read_ipc(whole[end:]))


def packed(table: pl.DataFrame) -> bytes:
    """As it is: to pack it and to unpack it again cost more than to seal so much more."""
    out = io.BytesIO()
    table.write_ipc(out, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    return out.getvalue()


def keys_of(session: Session, field_keys: FieldKeys, versions: Sequence[int]) -> Keys:
    """The keys of all rows of some list versions, read from the database.

    Raises UnknownFieldKey: a row is enciphered under a key that is not held.
    """
    return Keys.of_people([people_in(session, field_keys, version) for version in versions])


def people_in(session: Session, field_keys: FieldKeys, version: int) -> pl.DataFrame:
    """`block`, `id`, `nik`, `name` of a version's rows, by block, read from them."""
    rows = members_of(session, version, _COLUMNS)
    niks = under_current_key(field_keys, rows)
    return _people(
        rows.select(
            id=pl.col("line") + row_id(version, 0),
            nik=nik_number(niks),
            born=pl.col("birth_date").str.to_date("%Y-%m-%d"),
            regency="regency_code",
            name="name",
        )
    )


def _people(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        block=block_of(pl.col("born"), pl.col("regency")),
        id="id",
        nik="nik",
        name=compared(rows["name"]),
    ).sort("block")


def nik_number(niks: pl.Series) -> pl.Series:
    """The first eight bytes of each ciphertext as a number."""
    return niks.bin.slice(0, NIK_BYTES).bin.reinterpret(dtype=pl.UInt64)


class KeyCache:
    """Keys in sealed files under `root`, which must exist or be makeable."""

    def __init__(self, root: Path, field_keys: FieldKeys) -> None:
        self._root, self._field_keys = root, field_keys

    def get(self, name: str, build: Callable[[], Keys]) -> Keys:
        """The keys of that name, from their file or else built and kept."""
        found = self._open(name)
        return self.put(name, build()) if found is None else found

    def put(self, name: str, found: Keys) -> Keys:
        """Keep them; returns them."""
        sealed = self._field_keys.seal(found.to_bytes(), _context(name))
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self._root / f"{name}.{os.getpid()}.aside"
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(sealed)
        aside.replace(self._root / f"{name}{SUFFIX}")
        return found

    def expire(self, keep: Iterable[str]) -> int:
        """Delete what is not to be kept or is too old, also what a killed worker left."""
        kept = {f"{name}{SUFFIX}" for name in keep}
        gone = 0
        for path in self._root.glob("*"):
            if path.name not in kept or _age(path) > LIFE.total_seconds():
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    def _open(self, name: str) -> Keys | None:
        path = self._root / f"{name}{SUFFIX}"
        try:
            if _age(path) > LIFE.total_seconds():
                return None
            whole = self._field_keys.open(path.read_bytes(), _context(name))
        except (FileNotFoundError, SealBroken, UnknownFieldKey):
            return None
        return Keys.from_bytes(whole)


def cache_name(participation: str, versions: Sequence[int], key_id: str) -> str:
    """A party's submitted versions under a field key: another state, another file."""
    told = ",".join(map(str, [key_id, *sorted(versions)]))
    return f"{participation}-{sha256(told.encode()).hexdigest()[:16]}"


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _turned(block: pl.Expr) -> pl.Expr:
    """Day and month exchanged; null where that is no other date."""
    born = (block // REGENCIES).cast(pl.Int32).cast(pl.Date)
    possible = (born.dt.day() <= 12) & (born.dt.day() != born.dt.month())
    day = pl.when(possible).then(born).otherwise(None)
    turned = pl.date(day.dt.year(), day.dt.day(), day.dt.month())
    return turned.cast(pl.Int32).cast(pl.Int64) * REGENCIES + block % REGENCIES


def _context(name: str) -> bytes:
    return f"duplicates.keys:{name}".encode()
