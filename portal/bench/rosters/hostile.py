"""Files that are no lists and would cost much if one looked for long: bombs, lies, noise.

Next station: `portal/bench/rosters/alone.py` times their refusal.
"""

from __future__ import annotations

import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from portal.bench.rosters.workbook import PARTS, SHEET

NOISE = 64 * 1024**2
SPACES = 10 * 1024**3
BLOCK = 16 * 1024**2
COLUMNS = 1_000_000
_U32 = 0xFFFF_FFFF
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")


def noise(path: Path) -> None:
    """Random bytes."""
    path.write_bytes(random.Random(1).randbytes(NOISE))  # noqa: S311 - repeatable test data


def one_long_line(path: Path) -> None:
    """A heading of a million columns."""
    path.write_text(",".join(f"K{number}" for number in range(COLUMNS)) + "\n")


def one_long_row(path: Path) -> None:
    """A workbook whose first row has a million cells."""
    cells = "".join(f'<c r="A1" t="inlineStr"><is><t>{n}</t></is></c>' for n in range(COLUMNS))
    _workbook(path, f'<worksheet><sheetData><row r="1">{cells}</row></sheetData></worksheet>')


def far_cell(path: Path) -> None:
    """A workbook of two cells that lie as far apart as they can."""
    _workbook(
        path,
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<dimension ref="A1:XFD1048576"/><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>NIK</t></is></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>',
    )


def spaces_in_zip(path: Path) -> None:
    """A ZIP that says truly that its list holds 10 GB: spaces."""
    _archive(path, {"daftar.csv": (_spaces(), SPACES)})


def spaces_in_sheet(path: Path) -> None:
    """A workbook whose sheet is 10 GB of spaces and said to be as long as may be believed."""
    told = 150 * (SPACES // 1_029)
    parts = {name: (iter([_packed(text.encode())]), len(text)) for name, text in PARTS.items()}
    _archive(path, parts | {SHEET: (_spaces(), told)})


def bomb(path: Path) -> None:
    """A workbook of 40 sheets of 4 GB each, as honest as a directory can be."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, text in PARTS.items():
            book.writestr(name, text)
        for number in range(40):
            with book.open(f"xl/worksheets/sheet{number + 1}.xml", "w") as out:
                out.write(bytes(BLOCK))


HOSTILE: Mapping[str, Callable[[Path], None]] = {
    "64 MB of random bytes.csv": noise,
    "a million columns.csv": one_long_line,
    "a million cells in a row.xlsx": one_long_row,
    "first and last cell of a sheet.xlsx": far_cell,
    "10 GB of spaces.zip": spaces_in_zip,
    "10 GB of spaces, said to be less.xlsx": spaces_in_sheet,
    "zip bomb of 40 sheets.xlsx": bomb,
}


def _workbook(path: Path, sheet: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, text in PARTS.items():
            book.writestr(name, text)
        book.writestr(SHEET, sheet)


def _packed(content: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def _spaces() -> Iterator[bytes]:
    """A deflated stream of `SPACES` spaces: one block over and over."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(b" " * BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(SPACES // BLOCK):
        yield block
    yield _packed(b"")


def _archive(path: Path, parts: Mapping[str, tuple[Iterator[bytes], int]]) -> None:
    """A ZIP whose sizes are those told. What no 32 bits hold is told as the most they hold."""
    directory = b""
    with path.open("wb") as out:
        for name, (pieces, told) in parts.items():
            at, shown = out.tell(), min(told, _U32 - 1)
            out.write(_LOCAL.pack(b"PK\x03\x04", 20, 0, 8, 0, 0, 0, 0, shown, len(name), 0))
            out.write(name.encode())
            began = out.tell()
            for piece in pieces:
                out.write(piece)
            packed = out.tell() - began
            directory += _CENTRAL.pack(
                b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, packed, shown, len(name), 0, 0, 0, 0, 0, at
            )
            directory += name.encode()
        at = out.tell()
        out.write(directory)
        out.write(_END.pack(b"PK\x05\x06", 0, 0, len(parts), len(parts), len(directory), at, 0))
