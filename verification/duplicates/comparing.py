"""A dossier that was submitted is compared with its own rows and with every party's before it.

Entering is one short transaction under one lock of the whole installation: it names what was
submitted and takes a number. Comparing needs no lock, because versions never change and each meets
all with a lower number: of two parties that finish at the same moment the later one meets the
earlier. May be done again after any interruption; pairs are stored once.

Every night everything is compared with everything from the rows themselves, without the cache: what
that finds and the way above did not is stored, and an alarm stands in the system's journal.

Next station: `verification.duplicates.findings` keeps the pairs; the desk settles them.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from verification.canonical import Json
from verification.db import Sessions
from verification.duplicates import findings
from verification.duplicates.dossiers import submitted_versions
from verification.duplicates.findings import Pair
from verification.duplicates.key_pages import kept_keys
from verification.duplicates.keys import KeyCache, Keys, cache_name, keys_of
from verification.duplicates.matching import alike, same_nik
from verification.journal import Record, record_all, system_chain
from verification.journal_kinds import Kind
from verification.models import Comparison, Participation, Submission
from verification.secrets import FieldKeys

log = logging.getLogger(__name__)

LOCK = 0x53_49_50_4F_4C_44  # any number, the same in every process
WORKER = "worker"
BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A party's submitted lists as they take part in comparing."""

    comparison_id: int
    participation_id: int
    participation: str
    versions: tuple[int, ...]


class Comparer:
    """Compares; one a worker. `beat` is called between steps, to keep a lease."""

    def __init__(
        self,
        sessions: Sessions,
        field_keys: FieldKeys,
        cache: KeyCache,
        *,
        now: Callable[[], datetime],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._sessions, self._field_keys, self._cache = sessions, field_keys, cache
        self._now, self._beat = now, beat

    def submitted(self, submission_id: str) -> int:
        """Compare a submission (public id); returns how many pairs it is part of.

        Raises NotYet while one of its lists is still being imported.
        """
        with self._sessions.begin() as session:
            submission = session.scalars(
                select(Submission).where(Submission.public_id == submission_id)
            ).one()
            mine = enter(session, submission, self._now())
            done = session.get_one(Comparison, mine.comparison_id)
            if done.done_at is not None:
                return done.found
        with self._sessions.read() as session:
            others = _entered_before(session, mine)
        keys = self._keys_of(mine)
        pairs = self._pairs(mine, keys, mine, keys)
        for other in others:
            if self._stands(other):
                pairs += self._pairs(mine, keys, other, self._keys_of(other))
        self._store(pairs)
        names = [pair.names for pair in pairs]
        with self._sessions.read() as session:
            parties = _steady(session, [mine, *others])
            gone = findings.not_again(session, parties, names, about=mine.participation_id)
        with self._sessions.begin() as session:
            findings.lapse(session, gone)
            _finish(session, mine, len(others), pairs, len(gone), keys.rows, self._now())
        return len(pairs)

    def everything(self) -> int:
        """Compare all with all from the rows; returns how many pairs had been missed."""
        with self._sessions.read() as session:
            entered = [each for each in _newest(session) if _is_done(session, each)]
            elections = _elections(session)
        self._cache.expire(())
        pairs: list[Pair] = []
        rows = 0
        for place, mine in enumerate(entered):
            # Read from the rows; those before it were written anew on the way.
            keys = self._cache.put(self._name(mine), self._read(mine, keys_of))
            rows += keys.rows
            pairs += self._pairs(mine, keys, mine, keys)
            for other in entered[:place]:
                if elections[other.participation_id] == elections[mine.participation_id]:
                    pairs += self._pairs(mine, keys, other, self._keys_of(other))
        with self._sessions.read() as session:
            # What was entered meanwhile is the other way's to compare.
            steady = _steady(session, entered)
            pairs = [pair for pair in pairs if {pair.names[0], pair.names[2]} <= steady]
            names = [pair.names for pair in pairs]
            known = findings.known(session, names)
            gone = findings.not_again(session, steady, names)
        missed = [pair for pair in pairs if pair.names not in known]
        self._store(missed)
        with self._sessions.begin() as session:
            findings.lapse(session, gone)
            facts: dict[str, Json] = {
                "parties": len(entered),
                "rows": rows,
                "pairs": len(pairs),
                "missed": len(missed),
                "lapsed": len(gone),
            }
            _prove(session, facts, len(missed), self._now())
        return len(missed)

    def _pairs(self, mine: Entered, keys: Keys, other: Entered, theirs: Keys) -> list[Pair]:
        self._beat()
        exact, like = same_nik(keys, theirs), alike(keys, theirs)
        if mine is other:
            exact, like = (each.filter(pl.col("left") < pl.col("right")) for each in (exact, like))
        if exact.is_empty() and like.is_empty():
            return []
        comparisons = (mine.comparison_id, other.comparison_id)
        with self._sessions.read() as session:
            return findings.checked(session, self._field_keys, exact, like, comparisons)

    def _stands(self, other: Entered) -> bool:
        """Whether a party has not sent in again since: its new dossier is compared with ours."""
        with self._sessions.read() as session:
            return other.comparison_id in {each.comparison_id for each in _newest(session)}

    def _store(self, pairs: Sequence[Pair]) -> None:
        for start in range(0, len(pairs), BATCH):
            with self._sessions.begin() as session:
                findings.store(session, pairs[start : start + BATCH], self._now())
            self._beat()

    def _keys_of(self, entered: Entered) -> Keys:
        return self._cache.get(self._name(entered), lambda: self._read(entered, kept_keys))

    def _read(self, entered: Entered, keys: Callable[..., Keys]) -> Keys:
        with self._sessions.read() as session:
            return keys(session, self._field_keys, entered.versions)

    def _name(self, entered: Entered) -> str:
        return cache_name(entered.participation, entered.versions, self._field_keys.current_id)


def enter(session: Session, submission: Submission, now: datetime) -> Entered:
    """Give a submission its number; again, the same one. Raises NotYet."""
    if session.get_bind().dialect.name == "postgresql":
        # SQLite has one writer anyway.
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    row = session.scalar(select(Comparison).where(Comparison.submission_id == submission.id))
    if row is None:
        row = Comparison(
            participation_id=submission.participation_id,
            submission_id=submission.id,
            versions=submitted_versions(session, submission),
            entered_at=now,
        )
        session.add(row)
        session.flush()
    return _entered(row, submission.participation)


def _entered(row: Comparison, participation: Participation) -> Entered:
    return Entered(
        comparison_id=row.id,
        participation_id=row.participation_id,
        participation=participation.public_id,
        versions=tuple(row.versions),
    )


def _newest(session: Session, *, below: int | None = None) -> list[Entered]:
    """Of each party the newest that was entered, in the order of entering."""
    newest = select(func.max(Comparison.id)).group_by(Comparison.participation_id)
    if below is not None:
        newest = newest.where(Comparison.id < below)
    rows = session.execute(
        select(Comparison, Participation)
        .join(Participation, Participation.id == Comparison.participation_id)
        .where(Comparison.id.in_(newest))
        .order_by(Comparison.id)
    )
    return [_entered(row, participation) for row, participation in rows]


def _entered_before(session: Session, mine: Entered) -> list[Entered]:
    elections = _elections(session)
    return [
        each
        for each in _newest(session, below=mine.comparison_id)
        if each.participation_id != mine.participation_id
        and elections[each.participation_id] == elections[mine.participation_id]
    ]


def _elections(session: Session) -> dict[int, int]:
    return dict(session.execute(select(Participation.id, Participation.election_id)).all())


def _steady(session: Session, entered: Sequence[Entered]) -> set[int]:
    """The parties of these that have not sent in again since."""
    still = {each.comparison_id for each in _newest(session)}
    return {each.participation_id for each in entered if each.comparison_id in still}


def _is_done(session: Session, entered: Entered) -> bool:
    row = session.get_one(Comparison, entered.comparison_id)
    return row.done_at is not None


def _finish(
    session: Session,
    mine: Entered,
    parties: int,
    pairs: Sequence[Pair],
    lapsed: int,
    rows: int,
    now: datetime,
) -> None:
    comparison = session.get_one(Comparison, mine.comparison_id)
    if comparison.done_at is not None:
        return
    comparison.done_at, comparison.found = now, len(pairs)
    met = Counter(pair.comparisons[1] for pair in pairs if not pair.internal)
    submission = session.get_one(Submission, comparison.submission_id)
    records = [
        # Another party's chain says how many of its members are somewhere twice, not where.
        _told(session.get_one(Submission, row.submission_id), 0, met[row.id], 0)
        for row in session.scalars(select(Comparison).where(Comparison.id.in_(met)))
    ]
    external = sum(met.values())
    records.append(_told(submission, len(pairs) - external, external, lapsed))
    records.append(
        Record(
            chain_id=system_chain(session).id,
            kind=Kind.DUPLICATES_COMPARED,
            actor=WORKER,
            facts={
                "submission": submission.public_id,
                "parties": parties,
                "rows": rows,
                "pairs": len(pairs),
            },
        )
    )
    record_all(session, records, now)


def _told(submission: Submission, internal: int, external: int, lapsed: int) -> Record:
    return Record(
        chain_id=submission.participation.chain_id,
        kind=Kind.DUPLICATES_FOUND,
        actor=WORKER,
        facts={
            "submission": submission.public_id,
            "internal": internal,
            "external": external,
            "lapsed": lapsed,
        },
    )


def _prove(session: Session, facts: dict[str, Json], missed: int, now: datetime) -> None:
    chain = system_chain(session).id
    records = [Record(chain_id=chain, kind=Kind.DUPLICATES_PROVEN, actor=WORKER, facts=facts)]
    if missed:
        log.error("duplicates: the full comparison found %d pairs that had been missed", missed)
        told = {name: facts[name] for name in Kind.DUPLICATES_MISSED.facts}
        records.append(
            Record(chain_id=chain, kind=Kind.DUPLICATES_MISSED, actor=WORKER, facts=told)
        )
    record_all(session, records, now)
