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
from sqlalchemy.orm import Session, joinedload

from portal import access
from portal.auth.guards import require
from portal.context import actor, services
from portal.models import Account
from portal.page import in_language
from portal.party.blueprint import bp
from portal.party.journal_words import GROUPS, sentence
from portal.party.reading import CursorQuery, question
from verification import journal
from verification.journal_kinds import Kind
from verification.models import JournalEntry, ReceivedFile
from verification.reference import NATION
from verification.states import Role

PAGE = 50


class JournalQuery(CursorQuery):
    """`jenis`: one of the groups of events."""

    jenis = fields.String(validate=validate.OneOf(list(GROUPS)), load_default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An entry in words. `who` is a name, or empty for the system; `place`: what its file is for."""

    number: int
    at: datetime
    sentence: str
    place: str
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
        names, files = _names(session, kept), _files(session, kept)
        return render_template(
            "party/journal.html",
            events=[_event(entry, names, files) for entry in kept],
            more=kept[-1].number if len(found) > PAGE else None,
            groups=GROUPS,
            chain=chain,
            asked=asked,
        )


def _event(entry: JournalEntry, names: dict[str, str], files: dict[str, ReceivedFile]) -> Event:
    facts = journal.facts_of(entry)
    file = files.get(facts.get("file", ""))
    if file is not None and file.rejection == facts.get("code"):
        facts = {**facts, "details": file.rejection_params}
    return Event(
        number=entry.number,
        at=entry.at,
        sentence=sentence(entry.kind, facts),
        place=_place(file) if file and "requirement" not in facts else "",
        who=names.get(entry.actor, ""),
        note=entry.note,
        link=_link(entry.kind, facts, file),
        hash=entry.hash,
    )


def _link(kind: str, facts: dict[str, Any], file: ReceivedFile | None) -> str | None:
    if "receipt" in facts:
        return url_for("party.receipt", serial=facts["receipt"])
    if "roster" in facts:
        return url_for("party.member_list", list_id=facts["roster"])
    if kind == Kind.FILE_RECEIVED.value:
        return url_for("party.slot", syarat=facts["requirement"], wilayah=facts["region"])
    if file is not None:
        return url_for("party.slot", syarat=file.requirement.code, wilayah=file.region.code)
    return None


def _place(file: ReceivedFile) -> str:
    name = in_language(file.requirement, "name")
    return name if file.region.code == NATION else f"{name}, {file.region.name}"


def _files(session: Session, entries: Iterable[JournalEntry]) -> dict[str, ReceivedFile]:
    """Public id → the file of an event that tells only its id."""
    asked = {journal.facts_of(entry).get("file") for entry in entries} - {None}
    found = session.scalars(
        select(ReceivedFile)
        .where(ReceivedFile.public_id.in_(asked))
        .options(joinedload(ReceivedFile.requirement), joinedload(ReceivedFile.region))
    )
    return {file.public_id: file for file in found}


def _names(session: Session, entries: Iterable[JournalEntry]) -> dict[str, str]:
    """Actor as the journal writes it → a person's name; KPU's people are not named here."""
    asked = {entry.actor.removeprefix("account:") for entry in entries}
    found = session.execute(
        select(Account.public_id, Account.name).where(
            Account.public_id.in_(asked), Account.party_id == actor().party_id
        )
    )
    return {f"account:{public_id}": name for public_id, name in found}
