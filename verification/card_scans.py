"""Card scans: kept with sealed names and enciphered NIK, found again for the member they show.

Scans and members are paired when somebody looks, not when they arrive: either may come first, and a
corrected NIK finds its pictures without anything being rewritten.

Next station: the desk, which shows the pictures beside the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, delete, false, insert, or_, select
from sqlalchemy.orm import Session

from verification.models import Member, ReceivedFile, Scan, ScanChoice
from verification.models.files import Retention
from verification.secrets import FieldKeys
from verification.states import FileState

KINDS = ("ktp", "kta", "kk")
# What a choice says in place of a picture's name.
CHOSEN = ("kind", "nik", "key_id", "kta_number", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardScan:
    """One picture of a file of scans; `number` is its place in it, from 1."""

    number: int
    kind: str
    sha256: str
    name: str = field(repr=False)
    nik: str | None = field(repr=False)
    kta_number: str | None = field(repr=False)


def store_scans(
    session: Session, file: ReceivedFile, scans: Iterable[CardScan], keys: FieldKeys
) -> int:
    """Keep the pictures of a file, in place of what an earlier run kept; returns how many.

    What the party has said of a picture stands against its name.
    """
    session.execute(delete(Scan).where(Scan.file_id == file.id))
    choices = {
        choice.number: choice
        for choice in session.scalars(select(ScanChoice).where(ScanChoice.file_id == file.id))
    }
    rows = [
        {
            "participation_id": file.participation_id,
            "file_id": file.id,
            "number": scan.number,
            "kind": scan.kind,
            "name": keys.seal(scan.name.encode(), name_context(file.public_id, scan.number)),
            "nik": keys.encipher(scan.nik) if scan.nik else None,
            "key_id": keys.current_id if scan.nik else None,
            "kta_number": scan.kta_number,
            "sha256": scan.sha256,
            "withdrawn": False,
            "retention": Retention.IDENTITY_SCAN.value,
        }
        | _chosen(choices.get(scan.number))
        for scan in scans
    ]
    if rows:
        session.execute(insert(Scan), rows)
    return len(rows)


def scans_for(session: Session, member: Member, keys: FieldKeys | None = None) -> dict[str, Scan]:
    """The newest picture of each card of a member: `ktp`, `kta`, `kk`, as far as there are any.

    With `keys` a NIK stored under another key is found as well (during a rotation).
    """
    niks = [member.nik]
    if keys is not None:
        niks = list(keys.search_terms(keys.decipher(member.nik, member.key_id)))
    same_person: list[ColumnElement[bool]] = [Scan.nik.in_(niks)]
    if member.kta_number:
        same_person.append(Scan.kta_number == member.kta_number)
    rows = session.scalars(
        select(Scan)
        .join(ReceivedFile, ReceivedFile.id == Scan.file_id)
        .where(
            Scan.participation_id == member.participation_id,
            or_(*same_person),
            Scan.withdrawn == false(),
            ReceivedFile.withdrawn_at.is_(None),
            ReceivedFile.state == FileState.PASSED.value,
        )
        .order_by(Scan.id)
    )
    return {scan.kind: scan for scan in rows}


def _chosen(choice: ScanChoice | None) -> dict[str, object]:
    if choice is None:
        return {}
    return {name: getattr(choice, name) for name in CHOSEN}


def scan_name(scan: Scan, file: ReceivedFile, keys: FieldKeys) -> str:
    """The picture's own name, for its owner's page only. Raises SealBroken, UnknownFieldKey."""
    return keys.open(scan.name, name_context(file.public_id, scan.number)).decode()


def name_context(file: str, number: int) -> bytes:
    """Where a sealed name belongs."""
    return f"scan.name:{file}:{number}".encode()
