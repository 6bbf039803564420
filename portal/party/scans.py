"""`/anggota/kartu`: card scans, how many found their member, and which did not.

Next station: the same pairing is made again when the desk opens a member (`verification.card_scans`).
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import Session

from portal.context import actor, own_participation, services
from portal.party.blueprint import bp
from portal.party.reading import CursorQuery, question
from verification.card_scans import scan_name
from verification.models import Member, Participation, ReceivedFile, Roster, Scan
from verification.reference import Scope
from verification.states import FileState

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Cards that arrived and passed; `paired` show a member of a list in force."""

    total: int
    paired: int

    @property
    def unpaired(self) -> int:
        return self.total - self.paired


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """A card nobody fits. `name` is the picture's own, for its party only."""

    name: str
    kind: str
    file: str
    region: str


@bp.get("/anggota/kartu")
def card_scans() -> ResponseReturnValue:
    asked = question(CursorQuery())
    with services().sessions.read() as session:
        participation = own_participation(session)
        scope = actor().scope
        after = int(asked["setelah"])
        found = session.execute(
            _cards(participation, scope)
            .add_columns(ReceivedFile)
            .where(~_has_member(participation), Scan.id > after)
            .order_by(Scan.id)
            .limit(PAGE + 1)
        ).all()
        kept = found[:PAGE]
        keys = services().field_keys
        return render_template(
            "party/scans.html",
            pairing=counts(session, participation, scope),
            rows=[
                Unpaired(
                    name=scan_name(scan, file, keys),
                    kind=scan.kind,
                    file=file.public_id,
                    region=file.region.name,
                )
                for scan, file in kept
            ],
            more=kept[-1][0].id if len(found) > PAGE else None,
        )


def counts(session: Session, participation: Participation, scope: Scope | None) -> Pairing:
    """How many cards there are, and how many show a member."""
    cards = _cards(participation, scope)
    total = session.scalar(select(func.count()).select_from(cards.subquery())) or 0
    paired = cards.where(_has_member(participation)).subquery()
    return Pairing(
        total=total, paired=session.scalar(select(func.count()).select_from(paired)) or 0
    )


def _cards(participation: Participation, scope: Scope | None) -> Select[Scan]:
    wanted = (
        select(Scan)
        .join(ReceivedFile, ReceivedFile.id == Scan.file_id)
        .where(
            Scan.participation_id == participation.id,
            ReceivedFile.withdrawn_at.is_(None),
            ReceivedFile.state == FileState.PASSED.value,
        )
    )
    if scope is not None:
        wanted = wanted.where(ReceivedFile.region_id.in_(scope.region_ids(participation.election)))
    return wanted


def _has_member(participation: Participation) -> ColumnElement[bool]:
    current = select(Roster.current_version_id).where(
        Roster.participation_id == participation.id, Roster.withdrawn_at.is_(None)
    )
    # Two sets looked into once, not a search among all members for every card.
    niks = select(Member.nik).where(Member.version_id.in_(current))
    cards = select(Member.kta_number).where(Member.version_id.in_(current))
    return or_(
        func.coalesce(Scan.nik.in_(niks), false()),
        func.coalesce(Scan.kta_number.in_(cards), false()),
    )
