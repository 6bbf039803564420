"""An XLSX is a ZIP archive: judged before any parser sees it, and read in bounded pieces.

Declared sizes can lie, so every entry is inflated once with a byte limit of its own; a genuine
sheet of a million rows inflates to 750 MB at a ratio of 8 (`perf-members`, section 2).

Next station: `verification.rosters.spreadsheet`.
"""

from __future__ import annotations

import itertools
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from verification.sandbox.job import Refuse

MOST_ENTRIES = 2_000
MOST_INFLATED = 3 * 1024**3
MOST_RATIO = 200
# Small entries may well be repetitive; a ratio says something about big ones only.
RATIO_FROM = 1024**2
PIECE = 262_144
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")


WORKBOOK = frozenset({"[Content_Types].xml", "xl/workbook.xml"})


def open_archive(path: Path) -> zipfile.ZipFile:
    """The archive, if its directory is one of a workbook within our limits.

    Raises Refuse: as `open_zip`, and `list.not_xlsx`.
    """
    archive = open_zip(path)
    if not is_workbook(archive):
        archive.close()
        raise Refuse("list.not_xlsx")
    return archive


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether it has the parts every XLSX has. Raises Refuse `list.not_xlsx`: another office file."""
    names = set(archive.namelist())
    if names >= WORKBOOK:
        return True
    if names & WORKBOOK:
        raise Refuse("list.not_xlsx")
    return False


def open_zip(path: Path) -> zipfile.ZipFile:
    """Any archive whose directory is within our limits.

    Raises Refuse: `list.unreadable_zip`, `list.encrypted`, `list.zip_bomb`.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise Refuse("list.unreadable_zip") from error
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > MOST_ENTRIES or len(names) < len(entries):
        raise Refuse("list.zip_bomb")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise Refuse("list.encrypted")
    if sum(entry.file_size for entry in entries) > MOST_INFLATED:
        raise Refuse("list.zip_bomb")
    ends = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    if any(a + size > b for (a, size), (b, _) in itertools.pairwise(ends)):
        raise Refuse("list.zip_bomb")
    for entry in entries:
        if entry.file_size > max(RATIO_FROM, MOST_RATIO * entry.compress_size):
            raise Refuse("list.zip_bomb")
    return archive


def prove_sizes(path: Path, archive: zipfile.ZipFile) -> None:
    """Inflate everything once; raises Refuse `list.zip_bomb` where the directory lied."""
    for entry in archive.infolist():
        for _ in pieces(path, entry):
            pass


def pieces(path: Path, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """An entry's bytes, never more than its declared size: a longer one raises Refuse."""
    with path.open("rb") as stream:
        stream.seek(entry.header_offset)
        header = stream.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
            raise Refuse("list.unreadable_zip")
        *_, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        stream.seek(name_length + extra_length, 1)
        inflated = 0
        for piece in _inflate(stream.read, entry):
            inflated += len(piece)
            if inflated > entry.file_size:
                raise Refuse("list.zip_bomb")
            yield piece


def small(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """A part that must be small, such as the list of sheets."""
    try:
        entry = archive.getinfo(name)
    except KeyError as error:
        raise Refuse("list.not_xlsx") from error
    if entry.file_size > RATIO_FROM:
        raise Refuse("list.zip_bomb")
    return b"".join(pieces(path, entry))


def _inflate(read: Callable[[int], bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    left = entry.compress_size
    if entry.compress_type == zipfile.ZIP_STORED:
        while left and (piece := read(min(PIECE, left))):
            left -= len(piece)
            yield piece
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise Refuse("list.unreadable_zip")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    taken = inflated = 0
    try:
        while not inflater.eof:
            waiting = inflater.unconsumed_tail
            if not waiting:
                waiting = read(min(PIECE, left))
                left -= len(waiting)
                taken += len(waiting)
                if not waiting:
                    raise Refuse("list.unreadable_zip")
            piece = inflater.decompress(waiting, PIECE)
            inflated += len(piece)
            # Of what was taken so far: nobody waits for the end of a file of spaces.
            if inflated > RATIO_FROM and inflated > MOST_RATIO * taken:
                raise Refuse("list.zip_bomb")
            yield piece
    except zlib.error as error:
        raise Refuse("list.unreadable_zip") from error
