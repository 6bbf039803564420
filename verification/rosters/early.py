"""An early word on a list that is still arriving: its first 8 MiB, looked at once.

On 40 KB/s a list takes hours, and a wrong encoding, missing columns or NIK that Excel has damaged
show in the first minutes. The word is no judgement: the upload goes on, and the import decides. A
workbook says nothing before its end, where its directory stands.

Next station: `verification.rosters.glance` behind the walls; then `GET uploads/{id}` and the upload
page, which show the word beside the progress.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.models import EarlyWord
from verification.sandbox.launcher import Sandbox
from verification.sandbox.limits import MIB, Limits
from verification.sandbox.outcome import UNREADABLE

TASK = "roster.early"
FIRST = 8 * MIB
LIMITS = Limits(memory=2 * 1024 * MIB, cpu=20, wall=60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A refusal's code to come (`verification.rosters.reason_texts`); None: nothing seems wrong."""

    code: str | None
    params: Mapping[str, Any]


def judge(
    sandbox: Sandbox, beginning: BinaryIO, workplace: Path, required: Collection[str]
) -> Word:
    """What the first FIRST bytes of a list say. Raises SandboxUnavailable.

    `workplace`: an existing folder for the copy, which is gone afterwards. `required`: the preset's
    fields.
    """
    with tempfile.NamedTemporaryFile(dir=workplace, prefix="early-") as copy:
        left = FIRST
        while left and (piece := beginning.read(left)):
            copy.write(piece)
            left -= len(piece)
        copy.flush()
        run = sandbox.run(
            TASK,
            source=Path(copy.name),
            arguments={"required": [*sorted(required)]},
            limits=LIMITS,
        )
    if run.ok:
        return Word(code=None, params={})
    # That a beginning could not be read proves nothing of the whole.
    code = None if run.code in (None, UNREADABLE, "list.no_rows") else run.code
    return Word(code=code, params=dict(run.params) if code else {})


def keep(session: Session, upload_id: str, word: Word, now: datetime) -> None:
    """Keep the word of an upload; the first one stays."""
    if session.get(EarlyWord, upload_id) is None:
        row = EarlyWord(
            upload_id=upload_id, code=word.code, params=dict(word.params), looked_at=now
        )
        session.add(row)


def words_of(session: Session, uploads: list[str]) -> dict[str, EarlyWord]:
    """Those that stand, by upload id; an upload that is not in it has not been looked at."""
    found = session.scalars(select(EarlyWord).where(EarlyWord.upload_id.in_(uploads)))
    return {row.upload_id: row for row in found}
