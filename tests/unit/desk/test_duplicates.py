"""The other row beside the item's: in clear for the holder alone, and settled from the desk."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.builders import items_of
from tests.office_stand import NIK
from tests.portal_stand import Browser, Stand
from tests.world import NOON
from verification.models import AccessEntry, Duplicate, Item, Member, RosterVersion

RIVAL = "RIVAL YANG DISEMBUNYIKAN"


@pytest.fixture
def pair(stand: Stand) -> str:
    """The first item's member is also a row of party B, which another test would import."""
    with stand.sessions.begin() as session:
        item = items_of(session, stand.world.offices["32.73"])[0]
        assert item.member is not None
        copied = {
            column.name: getattr(item.member, column.name)
            for column in Member.__table__.c
            if column.name != "id"
        }
        version = session.scalars(select(RosterVersion)).first()
        assert version is not None
        other = Member(
            **copied
            | {
                "participation_id": stand.parties["b"].id, "line": 900_001, "row_ref": "r9",
                "subject_key": "9" * 32, "name": RIVAL,
            }
        )  # fmt: skip
        session.add(other)
        session.flush()
        found = Duplicate(
            kind="other_name", score=300, found_at=NOON,
            left_participation_id=stand.parties["a"].id, left_key=item.subject.key,
            left_member_id=item.member.id,
            right_participation_id=stand.parties["b"].id, right_key=other.subject_key,
            right_member_id=other.id,
        )  # fmt: skip
        session.add(found)
        session.flush()
        return found.public_id


def first_item(stand: Stand, browser: Browser) -> str:
    """Take the item of the pair; its id."""
    return str(browser.send("/antrean/ambil").location).rpartition("/")[2]


def test_the_holder_sees_both_rows_and_it_is_logged(stand: Stand, pair: str) -> None:
    browser = stand.browser("verifikator.a")
    item = first_item(stand, browser)
    page = browser.get(f"/periksa/{item}").text
    assert RIVAL in page
    assert "Partai Contoh B" in page
    assert "Ganda dengan partai lain: NIK sama, nama lain" in page
    with stand.sessions.read() as session:
        rows = session.scalars(select(AccessEntry).where(AccessEntry.object_id == pair)).all()
    assert {(row.action, row.actor) for row in rows} == {
        ("duplicate.read", stand.people["verifikator.a"].actor)
    }


@pytest.mark.parametrize("login", ["verifikator.b", "pengawas", "pengamat"])
def test_nobody_else_sees_the_other_row_in_clear(stand: Stand, pair: str, login: str) -> None:
    item = first_item(stand, stand.browser("verifikator.a"))
    reply = stand.browser(login).call("GET", f"/api/v1/items/{item}")
    assert RIVAL not in reply.text
    assert NIK not in reply.text
    assert reply.json["duplicates"][0]["steps"] == []
    assert reply.json["duplicates"][0]["other"]["name"] == "R. Y. D."


def test_ms_is_refused_until_the_pair_is_settled(stand: Stand, pair: str) -> None:
    browser = stand.browser("verifikator.a")
    item = first_item(stand, browser)
    reply = browser.call("POST", f"/periksa/{item}/keputusan", {"outcome": "MS"})
    assert (reply.status_code, reply.json["code"]) == (409, "duplicate_open")
    step = {"langkah": "distinct", "acuan": "BA 7/2026"}
    reply = browser.call("POST", f"/periksa/{item}/ganda/{pair}", step)
    assert reply.status_code == 200
    assert "dua orang berbeda" in reply.json["html"]
    reply = browser.call("POST", f"/periksa/{item}/keputusan", {"outcome": "MS"})
    assert reply.status_code == 200


def test_a_step_by_form_comes_back_to_the_item(stand: Stand, pair: str) -> None:
    browser = stand.browser("verifikator.a")
    item = first_item(stand, browser)
    reply = browser.send(
        f"/periksa/{item}/ganda/{pair}", langkah="statement:other", acuan="Surat 3/2026"
    )
    assert (reply.status_code, reply.location) == (303, f"/periksa/{item}")
    page = browser.get(f"/periksa/{item}").text
    assert "Surat 3/2026" in page
    assert "Tetap di partai yang menyerahkan pernyataan" in page


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"step": "absent", "reference": "BA 1"}, 409, "clearing_refused"),
        ({"step": "statement", "reference": "BA 1"}, 409, "clearing_refused"),
        ({"step": "distinct", "reference": "  "}, 422, "reason_required"),
        ({"step": "vote", "reference": "BA 1"}, 422, "bad_input"),
    ],
)
def test_the_api_refuses_what_the_rules_do_not_allow(
    stand: Stand, pair: str, body: dict[str, str], status: int, code: str
) -> None:
    browser = stand.browser("verifikator.a")
    item = first_item(stand, browser)
    reply = browser.call("POST", f"/api/v1/items/{item}/duplicates/{pair}", body)
    assert (reply.status_code, reply.json["code"]) == (status, code)


def test_the_api_settles_as_the_page_does(stand: Stand, pair: str) -> None:
    browser = stand.browser("verifikator.a")
    item = first_item(stand, browser)
    address = f"/api/v1/items/{item}/duplicates/{pair}"
    for body in (
        {"step": "statement", "mine": True, "reference": "Surat 1"},
        {"step": "keep", "reference": "Surat 1"},
    ):
        reply = browser.call("POST", address, body)
        assert reply.status_code == 200, reply.text
    told = reply.json["duplicates"][0]
    assert (told["kept"], told["blocks"], told["steps"]) == ("mine", False, ["reopen"])
    with stand.sessions.read() as session:
        assert session.scalars(select(Item).where(Item.public_id == item)).one().outcome is None


def test_the_supervisor_sees_what_was_decided_before_the_rival_came(
    stand: Stand, pair: str
) -> None:
    with stand.sessions.begin() as session:
        item = items_of(session, stand.world.offices["32.73"])[0]
        item.state, item.outcome = "decided", "MS"
        item.decided_by, item.decided_at = stand.people["verifikator.a"].actor, NOON
        public_id = item.public_id
    page = stand.browser("pengawas").get("/pengawas").text
    assert "MS dengan ganda yang belum selesai" in page
    assert f"/periksa/{public_id}" in page
