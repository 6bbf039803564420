"""A close that moved, as a party meets it: everything that was reckoned from the old one follows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from portal import uploads_auth
from portal.uploads_auth import CredentialKind
from tests.builders import ADMINISTRATOR
from tests.portal_stand import Stand, hidden
from tests.unit.party.test_upload_pages import COORDINATOR, OPERATOR, leave_upload
from tests.world import NOON, build_window
from verification import extending, windows
from verification.models import Window
from verification.states import Role

CLOSE = NOON + timedelta(minutes=20)
LATER = CLOSE + timedelta(hours=2)
BASIS = "Putusan uji 3/2029"
TICKETS = "/api/v1/tickets"
STATE = "/masuk/keadaan"


@pytest.fixture(autouse=True)
def last_minutes(stand: Stand) -> None:
    """Twenty minutes are left, and half an hour of grace."""
    stage = stand.world.stages[0]
    with stand.sessions.begin() as session:
        session.execute(delete(Window))
        build_window(session, stage, opens=NOON - timedelta(days=14), closes=CLOSE, grace=1800)


def extend(stand: Stand, closes: datetime = LATER, **of: str) -> None:
    stage = stand.world.stages[0]
    with stand.sessions.begin() as session:
        extending.move(
            session,
            extending.NewTimes(
                stage=stage,
                participation=stand.party(session, of["party"]) if of else None,
                closes_at=closes,
                grace_seconds=1800,
                legal_basis=BASIS,
            ),
            seen=windows.revision(session, stage),
            actor=ADMINISTRATOR,
            role=Role.ADMINISTRATOR,
            now=stand.clock(),
        )


def ticket_of(stand: Stand, authorization: str) -> Any:
    with stand.sessions.read() as session:
        return uploads_auth.resolve(
            session, cookie=None, authorization=authorization, now=stand.clock()
        )


def test_a_ticket_from_before_serves_beyond_the_old_close(stand: Stand) -> None:
    made = stand.browser(OPERATOR).call("POST", TICKETS, {}).json
    authorization = f"Bearer {made['ticket']}"
    extend(stand)
    stand.clock.at = LATER - timedelta(minutes=1)
    credential = ticket_of(stand, authorization)
    assert credential is not None
    assert credential.kind is CredentialKind.TICKET
    stand.clock.turn(hours=24)
    assert ticket_of(stand, authorization) is None


def test_tickets_are_given_to_the_end_of_the_grace_and_again_after_an_extension(
    stand: Stand,
) -> None:
    browser = stand.browser(OPERATOR)
    for minutes, status in ((19, 201), (21, 201), (50, 201), (51, 409)):
        stand.clock.at = NOON + timedelta(minutes=minutes)
        assert browser.call("POST", TICKETS, {}).status_code == status
    extend(stand)
    assert browser.call("POST", TICKETS, {}).status_code == 201


def test_an_open_page_hears_of_the_new_close_where_it_asks_anyway(stand: Stand) -> None:
    browser = stand.browser(OPERATOR)
    before = browser.get(STATE).json["clock"]
    assert 'data-left="1200"' in before
    assert "19.20 WIB" in before
    extend(stand, party="a")
    stand.clock.turn(seconds=21)
    after = browser.get(STATE).json["clock"]
    assert "21.20 WIB" in after
    other = stand.browser("koordinator.b").get(STATE).json["clock"]
    assert "19.20 WIB" in other
    # Nobody who is not signed in is told anything here.
    assert stand.client().get(STATE).json == {"signed_in": False}


@pytest.mark.parametrize("path", ["/dosir", "/unggah", "/kirim"])
def test_the_pages_where_it_matters_say_so_while_it_lasts(stand: Stand, path: str) -> None:
    browser = stand.browser(COORDINATOR)
    said = "diperpanjang sampai 14 Agustus 2026 21.20 WIB"
    assert said not in browser.get(path).text
    extend(stand, party="a")
    page = browser.get(path).text
    assert said in page
    assert BASIS in page
    assert said not in stand.browser("koordinator.b").get(path).text
    stand.clock.at = LATER
    assert said not in browser.get(path).text


def test_the_history_says_it_in_a_sentence(stand: Stand) -> None:
    extend(stand, party="a")
    page = stand.browser(COORDINATOR).get("/riwayat?jenis=dosir").text
    assert "Batas waktu pendaftaran diperpanjang sampai 14 Agustus 2026 21.20 WIB" in page
    assert "semula 14 Agustus 2026 19.20 WIB (khusus partai Anda)" in page
    assert BASIS in page
    assert "diperpanjang" not in stand.browser("koordinator.b").get("/riwayat").text


def test_what_was_closed_is_open_again_and_can_be_submitted(stand: Stand) -> None:
    stand.clock.at = CLOSE + timedelta(hours=1)
    browser = stand.browser(COORDINATOR)
    assert 'id="benar"' not in browser.get("/kirim").text
    assert "js/upload/page.js" not in browser.get("/unggah").text
    extend(stand)
    page = browser.get("/kirim").text
    sent = browser.send("/kirim", digest=hidden(page, "digest"), benar="ya")
    assert sent.status_code == 303
    assert "/tanda-terima/" in sent.location


def test_in_the_grace_what_was_begun_can_be_taken_up_again_and_nothing_else(stand: Stand) -> None:
    browser = stand.browser(OPERATOR)
    stand.clock.at = CLOSE + timedelta(minutes=5)
    assert "js/upload/page.js" not in browser.get("/unggah").text
    upload_id = leave_upload(stand, OPERATOR, "sk-kabupaten", "32.73")
    page = browser.get("/unggah").text
    assert "masih tepat waktu bila selesai sampai 14 Agustus 2026 19.50 WIB" in page
    assert "js/upload/page.js" in page
    assert f'data-unfinished="{upload_id}"' in page
    assert "data-again" in page
    stand.clock.at = CLOSE + timedelta(minutes=31)
    page = browser.get("/unggah").text
    assert "js/upload/page.js" not in page
    assert "data-again" not in page


def test_the_public_page_says_the_new_close_within_a_minute(stand: Stand) -> None:
    client = stand.client()
    assert "19.20 WIB" in client.get("/").text
    extend(stand)
    stand.clock.turn(seconds=21)
    reply = client.get("/")
    assert "21.20 WIB" in reply.text
    kept = reply.headers["Cache-Control"]
    assert "max-age=10, stale-while-revalidate=30" in kept
