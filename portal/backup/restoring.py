"""An installation from a backup: everything is looked at before anything is written, and said afterwards.

What happened after the backup was taken is gone from the database; every journal says so. Files that
arrived later and are in the copy get their rows; what was erased later stays erased.

Next station: `sipol up`.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.backup import databases, kept
from portal.backup.kept import Backup
from portal.backup.refused import BackupRefused
from portal.backup.sealed_keys import fitting
from portal.config import Config
from portal.database import migrate
from portal.intake import PortalPolicy
from portal.models import LoginSession
from portal.reconcile import Reconciler
from uploads.copying import copy_root, settle_root
from uploads.shelf import Shelf
from verification import files
from verification.db import Sessions
from verification.errors import DomainError
from verification.journal import Record, record_all
from verification.journal_kinds import Kind
from verification.models import Chain, ReceivedFile, Tombstone

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back. `recorded`: files newer than the database, with a row now; `erased`: uploads that
    were erased after the backup; `back`: of them those that are in use again and wait for a person's
    word; `damaged`: whose bytes are not those that arrived; `missing`: of which only the row is there.
    """

    backup: Backup
    recorded: int
    erased: int
    back: tuple[str, ...]
    damaged: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return not (self.back or self.damaged or self.missing)


def check(config: Config, backup: Backup) -> None:
    """See whether this backup can be restored here. Nothing is changed. Raises BackupRefused."""
    fitting(config.keys_dir, backup.marks)
    databases.require_empty(config.database_url)
    if config.upload_root.exists() and any(config.upload_root.iterdir()):
        raise BackupRefused(f"{config.upload_root} sudah berisi; pemulihan hanya ke folder kosong")
    with (backup.place / backup.database).open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != backup.sha256:
            raise BackupRefused(f"{backup.database} di {backup.place} rusak")
    free = shutil.disk_usage(config.home).free
    if free < backup.size + config.disk_headroom:
        raise BackupRefused(f"ruang disk kurang: perlu {backup.size} byte, ada {free}")


def restore(config: Config, sessions: Sessions, backup: Backup, now: datetime) -> Restored:
    """Bring a backup back into an installation with nothing but its keys, as `check` saw it.

    Raises BackupRefused, OSError; then the home must be emptied and begun again.
    """
    for folder in config.directories():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    copied = copy_root(backup.uploads, config.upload_root)
    settle_root(config.upload_root)
    databases.load(config.database_url, backup.place / backup.database)
    migrate(sessions.engine)
    shelf = Shelf(config.upload_root)
    try:
        erased, back = _erase_again(sessions, shelf, backup, now)
        found = Reconciler(shelf, sessions, PortalPolicy(sessions, config)).run(whole=True)
        missing = _missing(sessions, shelf)
    finally:
        shelf.close()
    with sessions.begin() as session:
        _tell(session, backup, now)
    return Restored(
        backup=backup,
        recorded=found.recorded,
        erased=erased,
        back=back,
        damaged=copied.damaged,
        missing=missing,
    )


def _erase_again(
    sessions: Sessions, shelf: Shelf, backup: Backup, now: datetime
) -> tuple[int, tuple[str, ...]]:
    """What a later backup of the same folder knows to be erased must not come back with an older one.

    How many went, and which could not.
    """
    known = set(backup.erased())
    later = {
        upload_id
        for each in kept.whole(backup.place.parent)
        if each.taken_at > backup.taken_at
        for upload_id in each.erased()
    }
    back = []
    for upload_id in sorted(later - known):
        try:
            with sessions.begin() as session:
                _mark_erased(session, upload_id, now)
        except DomainError:
            back.append(upload_id)
        else:
            shelf.erase(upload_id)
    return len(later - known) - len(back), tuple(back)


def _mark_erased(session: Session, upload_id: str, now: datetime) -> None:
    file = session.scalar(select(ReceivedFile).where(ReceivedFile.public_id == upload_id))
    why = "dihapus sesudah cadangan ini dibuat"
    if file is None:
        session.add(Tombstone(public_id=upload_id, erased_at=now, actor="system", reason=why))
    else:
        files.erase(session, file, actor="system", reason=why, now=now)


def _missing(sessions: Sessions, shelf: Shelf) -> tuple[str, ...]:
    missing: list[str] = []
    last = 0
    while True:
        with sessions.read() as session:
            rows = session.execute(
                select(ReceivedFile.id, ReceivedFile.public_id)
                .where(ReceivedFile.id > last)
                .where(
                    ~select(Tombstone).where(Tombstone.public_id == ReceivedFile.public_id).exists()
                )
                .order_by(ReceivedFile.id)
                .limit(BATCH)
            ).all()
        if not rows:
            return tuple(missing)
        missing += [public_id for _, public_id in rows if not shelf.exists(public_id)]
        last = rows[-1][0]


def _tell(session: Session, backup: Backup, now: datetime) -> None:
    """Every journal says what it may have lost; whoever was signed in signs in again."""
    session.execute(
        update(LoginSession).where(LoginSession.ended_at.is_(None)).values(ended_at=now)
    )
    facts = {
        "backup": backup.name,
        "taken_at": backup.taken_at.isoformat(),
        "sha256": backup.sha256,
    }
    chains = session.scalars(select(Chain.id).order_by(Chain.id))
    record_all(
        session,
        [
            Record(chain_id=each, kind=Kind.RESTORED, actor="system", facts=dict(facts))
            for each in chains
        ],
        now,
    )
