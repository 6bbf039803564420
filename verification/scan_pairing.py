"""Which member a card scan shows: by its name, or as the party corrects it; who lacks which card.

A correction is the party's word against the file's name. It is kept beside the picture, so a second
check of the file does not undo it, and a member keeps his pictures through every new version of his
list: both his NIK and his card number stand in it.

Next station: `verification.card_scans`, where the desk finds a member's pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, and_, false, or_, select
from sqlalchemy.orm import Session

from verification.card_scans import CHOSEN, KINDS, scan_name, standing
from verification.checks.names import read_name
from verification.errors import NoSuchMember, NotFound
from verification.files import check_file_open
from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import (
    Member,
    Participation,
    ReceivedFile,
    Roster,
    RosterVersion,
    Scan,
    ScanChoice,
)
from verification.models.rosters import row_id
from verification.reference import Scope
from verification.rosters.nik_pages import lines_of
from verification.secrets import FieldKeys

KTP, KTA = KINDS[:2]
NIK_DIGITS = 16


def same_as(session: Session, scans: Sequence[Scan]) -> dict[int, Scan]:
    """By a scan's inner key: the first picture of the party with the very same content."""
    found: dict[tuple[int, str], Scan] = {}
    digests = {scan.sha256 for scan in scans}
    parties = {scan.participation_id for scan in scans}
    for scan in session.scalars(
        select(Scan)
        .join(ReceivedFile, ReceivedFile.id == Scan.file_id)
        .where(Scan.participation_id.in_(parties), Scan.sha256.in_(digests), *standing())
        .order_by(Scan.id)
    ):
        found.setdefault((scan.participation_id, scan.sha256), scan)
    firsts = {scan.id: found.get((scan.participation_id, scan.sha256)) for scan in scans}
    return {id_: first for id_, first in firsts.items() if first is not None and first.id < id_}


def scan_of(session: Session, file: ReceivedFile, number: int) -> Scan:
    """A picture of a file that stands. Raises NotFound."""
    scan = session.scalar(select(Scan).where(Scan.file_id == file.id, Scan.number == number))
    if scan is None or file.withdrawn_at is not None:
        raise NotFound("scan")
    return scan


def pair(
    session: Session,
    file: ReceivedFile,
    number: int,
    *,
    kind: str,
    member: str,
    scope: Scope | None,
    actor: str,
    keys: FieldKeys,
    now: datetime,
) -> Scan:
    """Say which card a picture is, and whose. `member`: his KTA number or NIK, in a list in force.

    Raises NotFound, NoSuchMember, DossierLocked.
    """
    check_file_open(session, file)
    scan = scan_of(session, file, number)
    found = find_member(session, file.participation, member, scope, keys)
    scan.kind, scan.withdrawn = kind, False
    scan.nik, scan.key_id, scan.kta_number = found.nik, found.key_id, found.kta_number
    _keep(session, scan, actor, now)
    version = session.get_one(RosterVersion, found.version_id)
    record(
        session, file.participation.chain, actor, Kind.SCAN_PAIRED, now=now, file=file.public_id,
        number=number, card=kind, roster=version.roster.public_id, row=found.row_ref,
    )  # fmt: skip
    return scan


def withdraw_scan(
    session: Session, file: ReceivedFile, number: int, *, actor: str, now: datetime
) -> Scan:
    """Let a picture count for nobody; its file and the other pictures stay. Raises as `pair`."""
    check_file_open(session, file)
    scan = scan_of(session, file, number)
    if not scan.withdrawn:
        scan.withdrawn = True
        _keep(session, scan, actor, now)
        record(
            session, file.participation.chain, actor, Kind.SCAN_WITHDRAWN,
            now=now, file=file.public_id, number=number,
        )  # fmt: skip
    return scan


def follow_name(
    session: Session,
    file: ReceivedFile,
    number: int,
    *,
    actor: str,
    keys: FieldKeys,
    now: datetime,
) -> Scan:
    """Take every correction back: the picture's name counts again. Raises as `pair`."""
    check_file_open(session, file)
    scan = scan_of(session, file, number)
    choice = session.get(ScanChoice, (file.id, number))
    if choice is None:
        return scan
    said = read_name(scan_name(scan, file, keys))
    scan.kind, scan.withdrawn, scan.kta_number = said.kind.value, False, said.kta
    scan.nik = keys.encipher(said.nik) if said.nik else None
    scan.key_id = keys.current_id if said.nik else None
    session.delete(choice)
    record(
        session, file.participation.chain, actor, Kind.SCAN_BY_NAME,
        now=now, file=file.public_id, number=number,
    )  # fmt: skip
    return scan


def is_chosen(session: Session, scan: Scan) -> bool:
    """Whether the party has said something of this picture."""
    return session.get(ScanChoice, (scan.file_id, scan.number)) is not None


def find_member(
    session: Session,
    participation: Participation,
    number: str,
    scope: Scope | None,
    keys: FieldKeys,
) -> Member:
    """A member of a list in force by KTA number or NIK. Raises NoSuchMember."""
    lists = select(Roster.current_version_id).where(
        Roster.participation_id == participation.id,
        Roster.withdrawn_at.is_(None),
        Roster.current_version_id.is_not(None),
    )
    if scope is not None:
        lists = lists.where(Roster.region_id.in_(scope.region_ids(participation.election)))
    versions = [id_ for id_ in session.scalars(lists) if id_ is not None]
    for member in session.scalars(_wanted(session, versions, number.strip(), keys)):
        return member
    raise NoSuchMember("no member of a list in force has this number")


def _wanted(
    session: Session, versions: Sequence[int], number: str, keys: FieldKeys
) -> Select[Member]:
    digits = number.replace(" ", "")
    listed = or_(false(), *(Member.of(version) for version in versions))
    by_card = listed, Member.kta_number == number.upper()
    if len(digits) != NIK_DIGITS or not (digits.isascii() and digits.isdigit()):
        return select(Member).where(*by_card).limit(1)
    places = lines_of(session, versions, keys.search_terms(digits))
    rows = [row_id(version, line) for version, line, _ in places]
    return select(Member).where(Member.id.in_(rows) if rows else and_(*by_card)).limit(1)


def _keep(session: Session, scan: Scan, actor: str, now: datetime) -> None:
    said = {name: getattr(scan, name) for name in CHOSEN}
    session.merge(
        ScanChoice(file_id=scan.file_id, number=scan.number, chosen_by=actor, chosen_at=now, **said)
    )
