"""`/riwayat`: the party's journal as a timeline, and the whole of it signed. Only the coordinator.

Next station: the export is the API's; `sipol verify` proves that nothing was taken out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import access
from portal.auth.guards import require
from portal.context import actor, services
from portal.models import Account
from portal.party.blueprint import bp
from portal.party.journal_words import GROUPS, sentence
from portal.party.reading import CursorQuery, question
from verification import journal
from verification.models import JournalEntry
from verification.states import Role

PAGE = 50


class JournalQuery(CursorQuery):
    """`jenis`: one of the groups of events."""

    jenis = fields.String(validate=validate.OneOf(list(GROUPS)), load_default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An entry in words. `who` is a name, or empty for the system."""

    number: int
    at: datetime
    sentence: str
    who: str
    note: str | None
    link: str | None
    hash: str


@bp.get("/riwayat")
def timeline() -> ResponseReturnValue:
    require(Role.COORDINATOR)
    asked = question(JournalQuery())
    group = GROUPS.get(asked["jenis"]) if asked["jenis"] else None
    with services().sessions.read() as session:
        chain = access.may_read_chain(session, actor())
        found = journal.entries(
            session,
            chain,
            before=int(asked["setelah"]) or None,
            limit=PAGE + 1,
            kinds=[kind.value for kind in group.kinds] if group else None,
        )
        kept = found[:PAGE]
        names = _names(session, kept)
        return render_template(
            "party/journal.html",
            events=[_event(entry, names) for entry in kept],
            more=kept[-1].number if len(found) > PAGE else None,
            groups=GROUPS,
            chain=chain,
            asked=asked,
        )


def _event(entry: JournalEntry, names: dict[str, str]) -> Event:
    facts = journal.facts_of(entry)
    return Event(
        number=entry.number,
        at=entry.at,
        sentence=sentence(entry.kind, facts),
        who=names.get(entry.actor, ""),
        note=entry.note,
        link=_link(entry.kind, facts),
        hash=entry.hash,
    )


def _link(kind: str, facts: dict[str, Any]) -> str | None:
    if "receipt" in facts:
        return url_for("party.receipt", serial=facts["receipt"])
    if "roster" in facts:
        return url_for("party.member_list", list_id=facts["roster"])
    if kind == "file.received":
        return url_for("party.slot", syarat=facts["requirement"], wilayah=facts["region"])
    return None


def _names(session: Session, entries: Iterable[JournalEntry]) -> dict[str, str]:
    """Actor as the journal writes it → a person's name; KPU's people are not named here."""
    asked = {entry.actor.removeprefix("account:") for entry in entries}
    found = session.execute(
        select(Account.public_id, Account.name).where(
            Account.public_id.in_(asked), Account.party_id == actor().party_id
        )
    )
    return {f"account:{public_id}": name for public_id, name in found}
