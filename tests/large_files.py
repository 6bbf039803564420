"""Files of any size whose system check is quick: honest at both ends, random in the middle."""

from __future__ import annotations

import random
from pathlib import Path

_ENDED = b"\nendstream\nendobj\n"


def padded_pdf(path: Path, size: int, *, seed: object) -> Path:
    """Write a PDF of exactly `size` bytes that opens: one page, the rest a stream that nobody draws."""
    text = f"BT /F1 24 Tf 72 720 Td (Dokumen contoh {random.Random(str(seed)).random()}) Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /PieceInfo << /Contoh << /Private 6 0 R >> >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        " /Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
    ]
    head, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(head))
        head += f"{number} 0 obj\n{content}\nendobj\n".encode()
    places.append(len(head))
    # Every number below has ten digits, so that the lengths are known before they are.
    left = size - len(head) - len(_filler_head(0)) - len(_tail(places, 0))
    filler = _filler_head(left)
    start = len(head) + len(filler) + left + len(_ENDED)
    signs = random.Random(str(seed))
    with path.open("wb") as out:
        out.write(head + filler)
        while left > 0:
            left -= out.write(signs.randbytes(min(left, 1024 * 1024)))
        out.write(_tail(places, start))
    assert path.stat().st_size == size
    return path


def _filler_head(length: int) -> bytes:
    return f"6 0 obj\n<< /Length {length:010d} >>\nstream\n".encode()


def _tail(places: list[int], start: int) -> bytes:
    rows = "".join(f"{place:010d} 00000 n \n" for place in places)
    text = (
        f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{rows}"
        f"trailer\n<< /Size {len(places) + 1} /Root 1 0 R >>\nstartxref\n{start:010d}\n%%EOF\n"
    )
    return _ENDED + text.encode()
