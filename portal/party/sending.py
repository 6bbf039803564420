"""`/kirim`: check the answers, then lock the dossier and send it. Only the coordinator.

Next station: `verification.submission` writes the manifest; the receipt is the page that follows.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from portal.answers import Answer, answer_for
from portal.auth.guards import require
from portal.babel import locale
from portal.context import actor, now, own_participation, services
from portal.page import in_language
from portal.party.blueprint import bp
from portal.party.reading import extension, receives
from portal.party.uploading import unfinished
from portal.words import STATES
from verification import dossier, submission
from verification.entries import EntryKind
from verification.errors import DossierChanged, NothingToSubmit
from verification.issuing import receipt_of
from verification.models import Participation, Requirement
from verification.receipts import Kind
from verification.reference import regions_at, requirements
from verification.rosters.cells import safe
from verification.states import Outcome, Role
from verification.submission import Draft

MOST_LEFT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What of one requirement would be locked. `size` of files, `members` of lists."""

    requirement: Requirement
    regions: int
    files: int
    lists: int
    size: int
    members: int
    unchecked: int


@bp.get("/kirim")
def check_answers() -> ResponseReturnValue:
    require(Role.COORDINATOR)
    with services().sessions.read() as session:
        return _page(session)


@bp.post("/kirim")
def submit() -> ResponseReturnValue:
    """Lock what the page showed. Sending the same form twice leads to the same receipt."""
    require(Role.COORDINATOR)
    if request.form.get("benar") != "ya":
        with services().sessions.read() as session:
            return _page(session, unchecked=True), 422
    try:
        with services().sessions.begin() as session:
            made = submission.submit(
                session,
                own_participation(session),
                digest=request.form.get("digest", ""),
                actor=actor().actor,
                signer=services().signer,
                now=now(),
            )
            receipt = receipt_of(session, Kind.SUBMISSION, made.public_id)
    except (DossierChanged, NothingToSubmit) as refusal:
        answer = answer_for(refusal)
        with services().sessions.read() as session:
            return _page(session, refusal=answer), answer.status
    serial = receipt.serial if receipt else made.public_id
    return redirect(url_for("party.receipt", serial=serial, baru=1), 303)


@bp.get("/kirim/isi.csv")
def draft_contents() -> Response:
    """Everything that would be locked, a line each, in the manifest's order."""
    require(Role.COORDINATOR)
    with services().sessions.read() as session:
        participation = own_participation(session)
        draft = submission.draft(session, participation, now())
        names = {row.code: row for row in requirements(session, participation.election)}
        levels = {row.level for row in names.values()}
        places = {r.code: r.name for r in regions_at(session, participation.election, levels)}
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(["requirement", "name", "region", "region_name", "kind", "version",
                         "size_or_members", "sha256", "state"])  # fmt: skip
        for entry in draft.entries:
            row = names.get(entry.requirement)
            cells = (
                entry.requirement, in_language(row, "name") if row else "", entry.region,
                places.get(entry.region, ""), entry.kind.value, entry.version, entry.size,
                entry.digest, entry.state,
            )  # fmt: skip
            writer.writerow([safe(str(cell)) for cell in cells])
    response = Response(b"\xef\xbb\xbf" + out.getvalue().encode(), mimetype="text/csv")
    name = "isi-dosir.csv" if locale() == "id" else "dossier-contents.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _page(session: Session, *, unchecked: bool = False, refusal: Answer | None = None) -> str:
    participation = own_participation(session)
    draft = submission.draft(session, participation, now())
    sent = draft.submission
    receipt = receipt_of(session, Kind.SUBMISSION, sent.public_id) if sent else None
    return render_template(
        "party/send.html",
        draft=draft,
        sent=sent,
        receipt=receipt,
        locked=_locked(session, participation, draft),
        left=draft.not_included[:MOST_LEFT],
        left_count=len(draft.not_included),
        names={row.code: row for row in requirements(session, participation.election)},
        progress=dossier.progress(session, participation),
        unfinished=unfinished(session, participation),
        repairable=Outcome.BMS.value in draft.round.allowed_outcomes,
        is_open=receives(session, participation),
        extension=extension(session, participation),
        states=STATES,
        unchecked=unchecked,
        refusal=refusal,
    )


def _locked(session: Session, participation: Participation, draft: Draft) -> list[Locked]:
    sums: dict[str, Counter[str]] = {}
    regions: dict[str, set[str]] = {}
    for entry in draft.entries:
        count = sums.setdefault(entry.requirement, Counter())
        is_file = entry.kind is EntryKind.FILE
        count["files" if is_file else "lists"] += 1
        count["size" if is_file else "members"] += entry.size
        count["unchecked"] += is_file and entry.state != "passed"
        regions.setdefault(entry.requirement, set()).add(entry.region)
    return [
        Locked(requirement=row, regions=len(regions[row.code]), **_fields(sums[row.code]))
        for row in requirements(session, participation.election)
        if row.code in sums
    ]


def _fields(count: Counter[str]) -> dict[str, Any]:
    return {name: count[name] for name in ("files", "lists", "size", "members", "unchecked")}
