"""The rows KPU found wanting through the API: published only, their party's only, logged; both databases."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from tests.builders import LEASE, SUPERVISOR, VERIFIER, build_roster, build_submission
from tests.portal_stand import Browser, Stand
from verification import decisions, publication, queue, reference
from verification.models import AccessEntry, Item, Member, Roster
from verification.states import Outcome, Role

V1 = "/api/v1"
NIKS = [f"327301530587{number:04d}" for number in range(1, 5)]
JUDGED = (Outcome.BMS, Outcome.MS, Outcome.TMS, Outcome.BMS)
REASONS = {Outcome.BMS: "ktp-tidak-terbaca", Outcome.TMS: "ganda-identik", Outcome.MS: None}


@pytest.fixture
def stand(stand_on_each: Stand) -> Stand:
    return stand_on_each


@pytest.fixture
def roster(stand: Stand) -> str:
    """A list of four that is sent and decided, and not published."""
    keys = stand.services.field_keys
    with stand.sessions.begin() as session:
        version = build_roster(session, stand.party(session, "a"), len(NIKS))
        rows = session.scalars(select(Member).where(Member.of(version.id)).order_by(Member.id))
        for row, nik in zip(rows, NIKS, strict=True):
            row.nik, row.key_id = keys.encipher(nik), keys.current_id
        build_submission(session, stand.party(session, "a"), now=stand.clock())
        public_id = version.roster.public_id
    with stand.sessions.begin() as session:
        items = list(session.scalars(select(Item).order_by(Item.id)))
        for item, outcome in zip(items, JUDGED, strict=True):
            queue.claim_item(session, item, VERIFIER, Role.VERIFIER, stand.clock(), LEASE)
            decisions.decide(
                session, item, outcome=outcome, reason=REASONS[outcome], note="foto buram",
                actor=VERIFIER, role=Role.VERIFIER, now=stand.clock(),
            )  # fmt: skip
    return public_id


def publish(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        publication.publish(
            session, reference.office_by_code(session, "32.73"), session.merge(stand.world.round),
            actor=SUPERVISOR, role=Role.SUPERVISOR, now=stand.clock(),
        )  # fmt: skip


def table(party: Browser, path: str) -> list[dict[str, str]]:
    reply = party.call("GET", f"{V1}/{path}")
    assert (reply.status_code, reply.mimetype) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(reply.text, newline="")))


def test_only_what_is_published_is_handed_out(stand: Stand, party: Browser, roster: str) -> None:
    assert table(party, f"rosters/{roster}/results.csv?outcome=failed") == []
    assert party.call("GET", f"{V1}/dossier").json["results"] == []
    publish(stand)
    rows = table(party, f"rosters/{roster}/results.csv")
    assert [(row["row"], row["outcome"], row["NIK"], row["note"]) for row in rows] == [
        ("1", "BMS", NIKS[0], "foto buram"), ("4", "BMS", NIKS[3], "foto buram")
    ]  # fmt: skip
    every = table(party, f"rosters/{roster}/results.csv?outcome=failed")
    assert [row["outcome"] for row in every] == ["BMS", "BMS", "TMS"]
    assert party.call("GET", f"{V1}/dossier").json["results"] == [
        {"requirement": "anggota", "ms": 1, "bms": 2, "tms": 1}
    ]


def test_the_workbook_has_the_same_rows(stand: Stand, party: Browser, roster: str) -> None:
    publish(stand)
    reply = party.call("GET", f"{V1}/rosters/{roster}/results.xlsx")
    assert "hasil-" in reply.headers["Content-Disposition"]
    book = load_workbook(io.BytesIO(reply.data))
    sheet = book.worksheets[0]
    headings = [cell.value for cell in sheet[1]]
    assert headings[:7] == ["baris", "hasil", "kode", "alasan", "perbaikan", "catatan", "row_ref"]
    column = headings.index("NIK") + 1
    assert [sheet.cell(row, column).value for row in (2, 3)] == [NIKS[0], NIKS[3]]
    book.close()
    assert not list(stand.services.config.tmp_dir.iterdir())


def test_reading_the_rows_is_logged_without_a_number_of_a_person(
    stand: Stand, party: Browser, roster: str
) -> None:
    publish(stand)
    for path in ("results.csv", "results.xlsx", "rejected.csv", "rejected.xlsx"):
        assert party.call("GET", f"{V1}/rosters/{roster}/{path}").status_code == 200
    with stand.sessions.read() as session:
        entries = session.scalars(
            select(AccessEntry).where(AccessEntry.object_kind == "roster").order_by(AccessEntry.id)
        ).all()
        seen = [(row.actor, row.action, row.object_id) for row in entries]
    who = stand.people["koordinator.a"].actor
    assert seen == [
        (who, action, roster)
        for action in ("roster.results", "roster.results", "roster.rejected", "roster.rejected")
    ]


@pytest.mark.parametrize(
    ("login", "status"),
    [("koordinator.b", 404), ("pengamat", 403), ("verifikator.a", 403), ("administrator", 403)],
)
def test_nobody_else_gets_them(stand: Stand, roster: str, login: str, status: int) -> None:
    publish(stand)
    for suffix in ("csv", "xlsx"):
        reply = stand.browser(login).call("GET", f"{V1}/rosters/{roster}/results.{suffix}")
        assert reply.status_code == status
        assert NIKS[0].encode() not in reply.data
    with stand.sessions.read() as session:
        assert (
            session.scalars(select(AccessEntry.id).where(AccessEntry.object_id == roster)).all()
            == []
        )


def test_questions_that_make_no_sense_are_refused(party: Browser, roster: str) -> None:
    for query in ("outcome=MS", "outcome=", "version=9", "nik=1"):
        reply = party.call("GET", f"{V1}/rosters/{roster}/results.csv?{query}")
        assert reply.status_code in (404, 422), query


def test_an_operator_gets_the_lists_of_his_regions(stand: Stand, roster: str) -> None:
    publish(stand)
    operator = stand.browser("operator.a")
    assert len(table(operator, f"rosters/{roster}/results.csv")) == 2
    assert operator.call("GET", f"{V1}/dossier").json["results"] == [
        {"requirement": "anggota", "ms": 1, "bms": 2, "tms": 1}
    ]
    with stand.sessions.begin() as session:
        elsewhere = build_roster(session, stand.party(session, "a"), 1, region="73.71").roster_id
        other = session.get_one(Roster, elsewhere).public_id
    assert operator.call("GET", f"{V1}/rosters/{other}/results.csv").status_code == 404
