"""The journal: what happened, in declared words, in the transaction in which it happened.

One chain for each participation, one for each office, one for the system. `record` locks the chain's
head row and keeps it to the end of the transaction, so it is called last. Facts are ids, counts and
digests; free text stands beside as a note whose salted digest is in the chain, so that it can be
erased. Readings of personal data go to an access log that is sealed daily.

Next station: `verification.chain` says how entries hang together; `sipol verify` checks an export.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from verification.batches import execute, insert_all, keys_in, listed, update_all
from verification.canonical import Json, canonical, instant
from verification.chain import ChainPoint, Entry, ExportRow, entry_hash, genesis, text_digest
from verification.chain import export as export_lines
from verification.db import new_public_id
from verification.journal_kinds import Kind
from verification.models import AccessEntry, Chain, JournalEntry
from verification.models.proof import ChainKind
from verification.signing import Signer

NOTE_LIMIT = 1000
EXPORT_BATCH = 500
SEAL_LIMIT = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One event for one chain, not yet written."""

    chain_id: int
    kind: Kind
    actor: str
    facts: dict[str, Json] = field(default_factory=dict)
    note: str | None = None


def new_chain(session: Session, kind: ChainKind) -> Chain:
    """An empty chain; its head is the genesis of its own id."""
    public_id = new_public_id()
    chain = Chain(public_id=public_id, kind=kind.value, head_number=0, head_hash=genesis(public_id))
    session.add(chain)
    session.flush()
    return chain


def system_chain(session: Session) -> Chain:
    """The system's chain; made when there is none yet."""
    chain = session.scalar(
        select(Chain).where(Chain.kind == ChainKind.SYSTEM.value).order_by(Chain.id).limit(1)
    )
    return chain or new_chain(session, ChainKind.SYSTEM)


def record(
    session: Session,
    chain: Chain,
    actor: str,
    kind: Kind,
    *,
    now: datetime,
    note: str | None = None,
    **facts: Json,
) -> JournalEntry:
    """Write one event. Raises ValueError when the facts are not the ones the kind declares."""
    return _write(
        session, Record(chain_id=chain.id, kind=kind, actor=actor, facts=facts, note=note), now
    )


def record_all(session: Session, records: Iterable[Record], now: datetime) -> None:
    """Write events of several chains, always in the order of chains: two writers cannot deadlock.

    Those of one chain hang together in the order given. Raises ValueError as `record`.
    """
    events: dict[int, list[Record]] = {}
    for each in records:
        events.setdefault(each.chain_id, []).append(each)
    session.flush()
    rows: list[dict[str, Any]] = []
    heads = []
    for chain in execute(session, _POINTS, events):
        point = ChainPoint(chain=chain.public_id, number=chain.head_number, head=chain.head_hash)
        for event in events[chain.id]:
            rows.append(_next_row(point, event, now))
            point = replace(point, number=rows[-1]["number"], head=rows[-1]["hash"])
        heads.append({"id": chain.id, "head_number": point.number, "head_hash": point.head})
    insert_all(session, JournalEntry, rows)
    update_all(session, Chain, heads, ("head_number", "head_hash"))
    for head in heads:
        _tell_holder(session, head)


def _tell_holder(session: Session, head: dict[str, Any]) -> None:
    """The row has moved on under an object of it that somebody holds."""
    held = session.identity_map.get(identity_key(Chain, head["id"]))
    if held is not None:
        set_committed_value(held, "head_number", head["head_number"])
        set_committed_value(held, "head_hash", head["head_hash"])


def entries(
    session: Session,
    chain: Chain,
    before: int | None = None,
    limit: int = 50,
    kinds: Iterable[str] | None = None,
) -> list[JournalEntry]:
    """The newest entries first; `before` is the number of the last one seen."""
    query = select(JournalEntry).where(JournalEntry.chain_id == chain.id)
    if before is not None:
        query = query.where(JournalEntry.number < before)
    if kinds is not None:
        query = query.where(JournalEntry.kind.in_([str(kind) for kind in kinds]))
    return list(session.scalars(query.order_by(JournalEntry.number.desc()).limit(limit)))


def facts_of(entry: JournalEntry) -> dict[str, Any]:
    """The facts as they were declared."""
    facts: dict[str, Any] = json.loads(entry.facts)
    return facts


def export(session: Session, chain: Chain, signer: Signer, now: datetime) -> Iterator[str]:
    """The whole chain as lines of JSON with a signed head, for `sipol verify`."""
    session.refresh(chain)
    point = point_of(chain)
    yield from export_lines(
        point, _rows(session, chain, point.number), signer.key, issuer=signer.issuer, at=now
    )


def log_access(
    session: Session, *, actor: str, action: str, object_kind: str, object_id: str, now: datetime
) -> None:
    """Note that somebody has read personal data; ids only."""
    session.add(
        AccessEntry(
            at=now, actor=actor, action=action, object_kind=object_kind, object_id=object_id
        )
    )


def seal_accesses(session: Session, now: datetime) -> JournalEntry | None:
    """Seal what is not sealed yet, at most 5,000 rows at a time; None when there is nothing."""
    unsealed = list(
        session.scalars(
            select(AccessEntry)
            .where(AccessEntry.sealed_number.is_(None))
            .order_by(AccessEntry.id)
            .limit(SEAL_LIMIT)
        )
    )
    if not unsealed:
        return None
    first, last = unsealed[0].id, unsealed[-1].id
    entry = record(
        session,
        system_chain(session),
        "system",
        Kind.ACCESSES_SEALED,
        now=now,
        first=first,
        last=last,
        count=len(unsealed),
        digest=_digest_of(unsealed),
    )
    session.execute(
        update(AccessEntry)
        .where(AccessEntry.id.in_([row.id for row in unsealed]))
        .values(sealed_number=entry.number)
    )
    return entry


def seal_holds(session: Session, number: int, digest: str) -> bool:
    """Whether the rows sealed under entry `number` of the system chain still give its digest."""
    rows = session.scalars(
        select(AccessEntry).where(AccessEntry.sealed_number == number).order_by(AccessEntry.id)
    )
    return _digest_of(list(rows)) == digest


def erase_note(session: Session, entry: JournalEntry) -> None:
    """Take the free text out of an entry; its digest stays and the chain still holds."""
    entry.note = entry.note_salt = None
    session.flush()


def point_of(chain: Chain) -> ChainPoint:
    """Where the chain stands, as receipts quote it."""
    return ChainPoint(chain=chain.public_id, number=chain.head_number, head=chain.head_hash)


def _write(session: Session, event: Record, now: datetime) -> JournalEntry:
    session.flush()
    chain = session.scalars(_HEADS, keys_in([event.chain_id])).one()
    row = JournalEntry(**_next_row(point_of(chain), event, now))
    session.add(row)
    chain.head_number, chain.head_hash = row.number, row.hash
    session.flush()
    return row


_HEADS = (
    select(Chain)
    .where(listed(Chain.id))
    .order_by(Chain.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
_POINTS = _HEADS.with_only_columns(
    Chain.id, Chain.public_id, Chain.head_number, Chain.head_hash, maintain_column_froms=True
)


def _next_row(point: ChainPoint, event: Record, now: datetime) -> dict[str, Any]:
    if event.facts.keys() != event.kind.facts:
        raise ValueError(f"{event.kind} declares the facts {sorted(event.kind.facts)}")
    note = event.note[:NOTE_LIMIT] if event.note else None
    salt = secrets.token_hex(16) if note else None
    entry = Entry(
        chain=point.chain,
        number=point.number + 1,
        at=now,
        actor=event.actor,
        kind=event.kind.value,
        facts=event.facts,
        text_digest=text_digest(salt, note) if note and salt else None,
    )
    return {
        "chain_id": event.chain_id,
        "number": entry.number,
        "at": now,
        "actor": event.actor,
        "kind": event.kind.value,
        "facts": canonical(event.facts),
        "note": note,
        "note_salt": salt,
        "note_digest": entry.text_digest,
        "previous": point.head,
        "hash": entry_hash(point.head, entry),
    }


def _rows(session: Session, chain: Chain, last: int) -> Iterator[ExportRow]:
    query = (
        select(JournalEntry)
        .where(JournalEntry.chain_id == chain.id, JournalEntry.number <= last)
        .order_by(JournalEntry.number)
        .execution_options(yield_per=EXPORT_BATCH)
    )
    for row in session.scalars(query):
        entry = Entry(
            chain=chain.public_id,
            number=row.number,
            at=row.at,
            actor=row.actor,
            kind=row.kind,
            facts=facts_of(row),
            text_digest=row.note_digest,
        )
        yield ExportRow(entry=entry, hash=row.hash, text=row.note, salt=row.note_salt)


def _digest_of(rows: list[AccessEntry]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        line: list[Json] = [
            row.id,
            instant(row.at),
            row.actor,
            row.action,
            row.object_kind,
            row.object_id,
        ]
        digest.update(f"{canonical(line)}\n".encode())
    return digest.hexdigest()
