"""The backups of a folder: which are whole, what each says of itself, which may go.

A backup is written under a name that says it is not whole yet, and renamed when all of it is on the disk.

    2026-11-22T16.40.00Z/
        backup.json        what is here
        database.sqlite    or database.dump
        erased.json        uploads that must not come back
        uploads/           a copy of the upload root

Next station: `portal/backup/restoring.py`; `/kelola/mesin` shows how old the last one is.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.backup.refused import BackupRefused

ABOUT = "backup.json"
ERASED = "erased.json"
UPLOADS = "uploads"
UNFINISHED = ".partial"
LAST = "last-backup.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A whole backup. `size` in bytes, of uploads; `sha256` of the database's file; `marks`: of keys."""

    place: Path
    taken_at: datetime
    database: str
    sha256: str
    files: int
    size: int
    marks: dict[str, list[str]]

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def uploads(self) -> Path:
        return self.place / UPLOADS

    def erased(self) -> list[str]:
        """Ids of uploads that were erased before it was taken."""
        ids: list[str] = json.loads((self.place / ERASED).read_text(encoding="ascii"))
        return ids

    def to_json(self) -> str:
        return json.dumps(
            {
                "v": FORMAT,
                "taken_at": self.taken_at.isoformat(),
                "database": self.database,
                "sha256": self.sha256,
                "files": self.files,
                "size": self.size,
                "keys": self.marks,
            },
            indent=1,
        )


def read(place: Path) -> Backup:
    """What a backup says of itself. Raises BackupRefused."""
    try:
        about: dict[str, Any] = json.loads((place / ABOUT).read_text(encoding="ascii"))
        if about["v"] != FORMAT:
            raise BackupRefused(f"{place.name}: cadangan dari versi lain")
        return Backup(
            place=place,
            taken_at=datetime.fromisoformat(about["taken_at"]),
            database=about["database"],
            sha256=about["sha256"],
            files=about["files"],
            size=about["size"],
            marks=about["keys"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise BackupRefused(f"{place}: bukan cadangan yang utuh") from None


def whole(folder: Path) -> list[Backup]:
    """Every whole backup of a folder, oldest first."""
    places = [each for each in folder.iterdir() if (each / ABOUT).is_file()]
    found = [read(each) for each in places if not each.name.endswith(UNFINISHED)]
    return sorted(found, key=lambda backup: (backup.taken_at, backup.name))


def remove(place: Path) -> None:
    """A backup goes; killed in the middle of it, it is no backup any more."""
    going = place if place.name.endswith(UNFINISHED) else place.with_name(place.name + UNFINISHED)
    if going != place:
        place.rename(going)
    shutil.rmtree(going)


def note_last(home: Path, backup: Backup) -> None:
    """Leave word in the home itself, for those who never see the folder of backups."""
    draft = home / f".{LAST}"
    draft.write_text(json.dumps({"at": backup.taken_at.isoformat()}), encoding="ascii")
    draft.replace(home / LAST)


def last_made(home: Path) -> datetime | None:
    """When the last backup of this home was taken; None when there never was one."""
    try:
        return datetime.fromisoformat(json.loads((home / LAST).read_text(encoding="ascii"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
