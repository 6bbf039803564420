"""A chain as a timeline: a page of events with words, names and facts.

Next station: `office/_journal.html`, for an office's journal and for the system's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import request
from flask_babel import LazyString
from sqlalchemy.orm import Session

from portal.api.fields import row_key
from portal.office.journal_words import WORDS
from portal.office.people import names_of
from verification import journal
from verification.journal_kinds import Kind
from verification.models import Chain

PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An entry in words. `facts`: names and values as they stand in the chain."""

    number: int
    at: datetime
    who: str
    what: str | LazyString
    facts: tuple[tuple[str, str], ...]
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page of a chain, newest first; `before` leads to the next one."""

    chain: str
    total: int
    events: tuple[Event, ...]
    before: int | None
    kind: str | None
    kinds: tuple[tuple[str, LazyString], ...]


def timeline_of(session: Session, chain: Chain, offered: Sequence[Kind]) -> Timeline:
    """The page that the request's `sebelum` and `jenis` ask for."""
    kind = next((each.value for each in offered if each.value == request.args.get("jenis")), None)
    found = journal.entries(
        session,
        chain,
        before=request.args.get("sebelum", None, row_key),
        limit=PER_PAGE + 1,
        kinds=[kind] if kind else None,
    )
    kept = found[:PER_PAGE]
    names = names_of(session, {entry.actor for entry in kept})
    words = {each.value: text for each, text in WORDS.items()}
    return Timeline(
        chain=chain.public_id,
        total=chain.head_number,
        events=tuple(
            Event(
                number=entry.number,
                at=entry.at,
                who=names.get(entry.actor, entry.actor),
                what=words.get(entry.kind, entry.kind),
                facts=tuple(
                    (k, str(v)) for k, v in journal.facts_of(entry).items() if v is not None
                ),
                note=entry.note,
            )
            for entry in kept
        ),
        before=kept[-1].number if len(found) > len(kept) else None,
        kind=kind,
        kinds=tuple((each.value, WORDS[each]) for each in offered),
    )
