"""What one child may use up. Sizes in bytes, times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

KIB, MIB, GIB = 1024, 1024**2, 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The defaults fit one document of some dozen pages.

    ``memory`` is address space (RLIMIT_AS), of which pdfium with a page at 300 dpi takes 280 MB;
    ``wall`` runs on while the machine is busy, ``cpu`` does not; ``scratch`` is the child's
    private /tmp, in memory; ``file`` bounds each file written, ``output`` and ``output_files``
    all of them together; ``result`` bounds the JSON answer.
    """

    memory: int = GIB
    cpu: int = 60
    wall: float = 180.0
    file: int = 32 * MIB
    descriptors: int = 64
    scratch: int = 64 * MIB
    output: int = 256 * MIB
    output_files: int = 1024
    result: int = MIB
