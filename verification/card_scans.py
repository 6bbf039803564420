"""Card scans: kept with sealed names and enciphered NIK, found again for the member they show.

Scans and members are paired when somebody looks, not when they arrive: either may come first, and a
corrected NIK finds its pictures without anything being rewritten.

Next station: the desk, which shows the pictures beside the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, delete, false, insert, select
from sqlalchemy.orm import Session, contains_eager

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


def standing() -> tuple[ColumnElement[bool], ...]:
    """Conditions on ReceivedFile: the file passed, and nobody took it back."""
    return (ReceivedFile.withdrawn_at.is_(None), ReceivedFile.state == FileState.PASSED.value)


def scans_for(session: Session, member: Member, keys: FieldKeys | None = None) -> dict[str, Scan]:
    """The newest picture of each card of a member: `ktp`, `kta`, `kk`, as far as there are any.

    With `keys` a NIK stored under another key is found as well (during a rotation).
    """
    return scans_of(session, [member], keys)[member.id]


def scans_of(
    session: Session, members: Sequence[Member], keys: FieldKeys | None = None
) -> dict[int, dict[str, Scan]]:
    """As `scans_for`, for members of one party, by their inner keys."""
    by_nik: dict[bytes, list[Member]] = {}
    by_kta: dict[str, list[Member]] = {}
    for member in members:
        for nik in _niks(member, keys):
            by_nik.setdefault(nik, []).append(member)
        if member.kta_number:
            by_kta.setdefault(member.kta_number, []).append(member)
    parties = {member.participation_id for member in members}
    # Asked for by each number on its own: with an OR of both, SQLite reads all cards of the party.
    scans = {
        scan.id: scan
        for same in (Scan.nik.in_(by_nik), Scan.kta_number.in_(by_kta))
        for scan in session.scalars(
            select(Scan)
            .join(Scan.file)
            .options(contains_eager(Scan.file))
            .where(
                Scan.participation_id.in_(parties),
                same,
                Scan.withdrawn == false(),
                *standing(),
            )
        )
    }
    found: dict[int, dict[str, Scan]] = {member.id: {} for member in members}
    for _, scan in sorted(scans.items()):
        for member in (*by_nik.get(scan.nik or b"", ()), *by_kta.get(scan.kta_number or "", ())):
            found[member.id][scan.kind] = scan
    return found


def _niks(member: Member, keys: FieldKeys | None) -> Iterable[bytes]:
    if keys is None:
        return [member.nik]
    return keys.search_terms(keys.decipher(member.nik, member.key_id))


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
