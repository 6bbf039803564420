"""What a receipt of each kind states. Neither a name, nor a NIK, nor a file's name is among it.

A fact once signed keeps its name and meaning: a new kind of receipt is added, none is changed.

Next station: `verification.receipts` signs them and reads them back.
"""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["ArrivalFacts", "Facts", "ListFacts", "SubmissionFacts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalFacts:
    """One file: the arrival's two times (UTC), its size in bytes, its SHA-256 (hex) and claim."""

    upload: str
    election: str
    party: str
    requirement: str
    region: str
    purpose: str
    created_at: datetime
    finished_at: datetime
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionFacts:
    """A locked dossier: how many files, and size and SHA-256 (hex) of the manifest naming them."""

    submission: str
    election: str
    party: str
    round: str
    submitted_at: datetime
    files: int
    manifest_size: int
    manifest_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFacts:
    """A member list's version that is done: every row that was sent is stored or rejected.

    `roster`, `file`: public ids; `version`: its number in the list; `size` (bytes) and `sha256` (hex)
    of the file; `rows_digest` (hex) of what is stored. The counts are of the whole version: a
    correction's include the rows it left alone. `warned`: stored rows with a warning; `added`,
    `removed`, `changed`: members against the version before. `finished_at`: when it was done (UTC).
    """

    roster: str
    version: int
    election: str
    party: str
    requirement: str
    region: str
    file: str
    size: int
    sha256: str
    rows_digest: str
    sent: int
    stored: int
    rejected: int
    warned: int
    added: int
    removed: int
    changed: int
    finished_at: datetime


Facts = ArrivalFacts | SubmissionFacts | ListFacts
