"""A backup of an installation in use: the database, then the upload root, then the word that it is whole.

Next station: `portal/backup/kept.py`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from portal.backup import databases, kept
from portal.backup.kept import ABOUT, ERASED, UNFINISHED, UPLOADS, Backup
from portal.backup.refused import BackupRefused
from portal.config import Config
from portal.keys import KeyStore
from uploads.copying import copy_root
from uploads.disk import sync_directory, sync_file_system, write_new
from verification.db import Sessions
from verification.journal import record, system_chain
from verification.journal_kinds import Kind
from verification.models import Tombstone


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new backup. `written`: bytes of uploads that the one before did not have; `removed`: names of
    older backups that went; `damaged`: uploads whose bytes are not those that arrived.
    """

    backup: Backup
    written: int
    removed: tuple[str, ...]
    damaged: tuple[str, ...]


def make_backup(
    config: Config, sessions: Sessions, folder: Path, *, now: datetime, keep: int | None
) -> Made:
    """Write a backup into `folder`; then only the newest `keep` stay (None: all).

    Raises BackupRefused, KeyMissing, OSError; what was begun is gone then, and everything older is there.
    """
    home = config.home.resolve()
    if folder.resolve().is_relative_to(home):
        raise BackupRefused(f"cadangan di dalam {home} hilang bersamanya; pilih folder lain")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(folder):
        for left in folder.glob(f"*{UNFINISHED}"):
            kept.remove(left)
        older = kept.whole(folder)
        place = folder / f"{now:%Y-%m-%dT%H.%M.%SZ}"
        if place.exists():
            raise BackupRefused(f"{place} sudah ada")
        draft = place.with_name(place.name + UNFINISHED)
        draft.mkdir(mode=0o700)
        try:
            made = _write(config, sessions, draft, now, older[-1] if older else None)
            draft.rename(place)
        except BaseException:
            kept.remove(draft)
            raise
        sync_directory(folder)
        backup = kept.read(place)
        removed = () if keep is None else _prune(older, keep - 1)
    kept.note_last(home, backup)
    with sessions.begin() as session:
        record(
            session, system_chain(session), "system", Kind.BACKUP_MADE, now=now,
            backup=backup.name, files=backup.files, size=backup.size, sha256=backup.sha256,
        )  # fmt: skip
    return Made(backup=backup, written=made[0], removed=removed, damaged=made[1])


def _write(
    config: Config, sessions: Sessions, draft: Path, now: datetime, before: Backup | None
) -> tuple[int, tuple[str, ...]]:
    marks = KeyStore(config.keys_dir).marks()
    database = databases.dump(config.database_url, draft)
    with sessions.read() as session:
        erased = session.scalars(select(Tombstone.public_id).order_by(Tombstone.public_id)).all()
    write_new(draft / ERASED, json.dumps(erased))
    copied = copy_root(config.upload_root, draft / UPLOADS, before.uploads if before else None)
    with database.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    # One for all: a sync for each of a million files would take the night.
    sync_file_system(draft)
    about = Backup(
        place=draft,
        taken_at=now,
        database=database.name,
        sha256=sha256,
        files=copied.files,
        size=copied.size,
        marks=marks,
    )
    write_new(draft / ABOUT, about.to_json())
    sync_directory(draft)
    return copied.written, copied.damaged


def _prune(older: list[Backup], keep: int) -> tuple[str, ...]:
    going = older[: max(0, len(older) - keep)]
    for backup in going:
        kept.remove(backup.place)
    return tuple(backup.name for backup in going)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused(f"cadangan lain ke {folder} sedang berjalan") from None
        yield
    finally:
        os.close(descriptor)
