"""A version's index by NIK: its enciphered NIK in ascending order, packed into pages.

An ordinary index over ten million random values takes longer to fill than the rows themselves. A
version is written once and never changed, so its index is sorted once and written in a few pieces:
ten million NIK are some 200 MB to read, and one NIK is found in one piece.

Rows of current versions: take `roster.current_version_id` where `withdrawn_at` is null; a key's row
is `member` by `row_id` of both.

Next station: the comparison within and between parties; a scan looking for its member.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.models import Member, NikPage

PAGE = 16_384
BYTES = 16
PLACES = {"high": pl.UInt64, "low": pl.UInt64, "line": pl.UInt32}


def places(niks: pl.Series, lines: pl.Series) -> pl.DataFrame:
    """`high`, `low` (the 16 bytes as two big-endian numbers) and `line`, in ascending order."""
    return (
        pl.DataFrame({"nik": niks, "line": lines})
        .select(
            _half(0).alias("high"), _half(BYTES // 2).alias("low"), pl.col("line").cast(pl.UInt32)
        )
        .sort("high", "low", "line")
    )


def pack(ordered: pl.DataFrame) -> Iterator[tuple[bytes, bytes]]:
    """`least` and `content` of each page of what `places` gave."""
    for start in range(0, ordered.height, PAGE):
        page = ordered.slice(start, PAGE)
        out = io.BytesIO()
        page.write_ipc(out, compression="uncompressed")
        high, low, _ = page.row(0)
        yield high.to_bytes(8, "big") + low.to_bytes(8, "big"), out.getvalue()


def niks_of(session: Session, version_id: int) -> pl.DataFrame:
    """All NIK of a version with their lines, as `places` orders them."""
    pages = session.scalars(
        select(NikPage.content).where(NikPage.version_id == version_id).order_by(NikPage.number)
    )
    found = [_unpack(content) for content in pages]
    return pl.concat(found) if found else _unpaged(session, version_id)


def lines_of(
    session: Session, versions: Collection[int], niks: Iterable[bytes]
) -> Iterator[tuple[int, int, bytes]]:
    """Version, line and NIK (enciphered) wherever one of `niks` stands in one of `versions`.

    One piece is read for each NIK and version; for many NIK at once join with `niks_of`.
    """
    for nik in set(niks):
        high, low = int.from_bytes(nik[:8], "big"), int.from_bytes(nik[8:], "big")
        for version_id in versions:
            for page in _around(session, version_id, nik):
                same = page.filter((pl.col("high") == high) & (pl.col("low") == low))
                for line in same["line"]:
                    yield version_id, line, nik


def _around(session: Session, version_id: int, nik: bytes) -> Iterator[pl.DataFrame]:
    """The pages that may hold a NIK: a repeated one may run over the end of a page."""
    of_version = select(NikPage.least, NikPage.content).where(NikPage.version_id == version_id)
    before = session.execute(
        of_version.where(NikPage.least < nik).order_by(NikPage.number.desc()).limit(1)
    ).all()
    begun = session.execute(of_version.where(NikPage.least == nik)).all()
    if not before and not begun and not _has_pages(session, version_id):
        yield _unpaged(session, version_id)
    for row in (*before, *begun):
        yield _unpack(row.content)


def _has_pages(session: Session, version_id: int) -> bool:
    one = select(NikPage.version_id).where(NikPage.version_id == version_id).limit(1)
    return session.scalar(one) is not None


def _unpack(content: bytes) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(content), use_pyarrow=False)


def _unpaged(session: Session, version_id: int) -> pl.DataFrame:
    """A version from before there were pages."""
    rows = session.execute(select(Member.nik, Member.line).where(Member.of(version_id)))
    listed = [(bytes(nik), line) for nik, line in rows]
    return places(
        pl.Series([nik for nik, _ in listed], dtype=pl.Binary),
        pl.Series([line for _, line in listed], dtype=pl.UInt32),
    )


def _half(start: int) -> pl.Expr:
    half = pl.col("nik").bin.slice(start, BYTES // 2)
    return half.bin.reinterpret(dtype=pl.UInt64, endianness="big")
