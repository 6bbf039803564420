"""The signed counts of a list: on its page, on the receipt's page, in the API, for the party alone."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from tests.portal_stand import Stand
from verification import jobs
from verification.issuing import issue_file_receipts, issue_list_receipt
from verification.jobs import JobKind
from verification.models import RosterVersion
from verification.receipts import Kind, verify

V1 = "/api/v1"


@pytest.fixture
def issued(stand: Stand) -> tuple[str, str, str]:
    """Public ids of the list, of its file, and the serial of its receipt, 1 of 61 rows rejected."""
    with stand.sessions.begin() as session:
        version = session.scalars(select(RosterVersion)).one()
        version.sent, version.rejected, version.done_at = 61, 1, stand.clock()
        version.warned, version.added, version.removed, version.changed = 4, 60, 2, 3
        made = issue_list_receipt(session, stand.services.signer, version.file, stand.clock())
        assert made is not None
        # Later than the other one, and still what the file's id stands for.
        issue_file_receipts(session, stand.services.signer, [version.file], stand.clock())
        return version.roster.public_id, version.file.public_id, made.serial


def test_the_lists_page_shows_its_receipt(stand: Stand, issued: tuple[str, str, str]) -> None:
    roster, _, serial = issued
    page = stand.browser("koordinator.a").get(f"/anggota/{roster}").text
    assert "Tanda terima daftar" in page
    assert f"/tanda-terima/{serial}" in page
    assert f"/api/v1/receipts/{serial}.pdf" in page
    assert "sedang ditandatangani" not in page


def test_while_it_is_being_signed_the_page_says_so_and_looks_again(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        version = session.scalars(select(RosterVersion)).one()
        roster, file = version.roster.public_id, version.file.public_id
    browser = stand.browser("koordinator.a")
    page = browser.get(f"/anggota/{roster}").text
    assert "sedang ditandatangani" not in page
    assert "js/party-list.js" not in page
    with stand.sessions.begin() as session:
        jobs.enqueue(session, JobKind.ISSUE_LIST_RECEIPT, file, stand.clock())
    page = browser.get(f"/anggota/{roster}").text
    assert "Tanda terima daftar sedang ditandatangani." in page
    assert "js/party-list.js" in page


@pytest.mark.parametrize("login", ["koordinator.a", "operator.a"])
def test_the_receipts_page_says_the_counts(
    stand: Stand, issued: tuple[str, str, str], login: str
) -> None:
    roster, file, serial = issued
    browser = stand.browser(login)
    page = browser.get(f"/tanda-terima/{serial}").text
    assert "61 terkirim = 60 tersimpan + 1 ditolak" in page
    assert "60 ditambah, 2 dikeluarkan, 3 berubah" in page
    assert f"/anggota/{roster}" in page
    assert browser.get(f"/tanda-terima/{serial}/qr.svg").mimetype == "image/svg+xml"
    assert "Tanda terima berkas" in browser.get(f"/tanda-terima/{file}").text
    listed = browser.get("/tanda-terima").text
    assert "Jumlah daftar" in listed
    assert f"/tanda-terima/{serial}" in listed


def test_in_english_too(stand: Stand, issued: tuple[str, str, str]) -> None:
    browser = stand.browser("koordinator.a")
    browser.set_cookie("sipol_bahasa", "en")
    page = browser.get(f"/tanda-terima/{issued[2]}").text
    assert "61 sent = 60 stored + 1 rejected" in page
    assert "does not state that any member qualifies" in page


def test_the_api_names_it_and_hands_it_out_as_it_was_signed(
    stand: Stand, issued: tuple[str, str, str]
) -> None:
    roster, file, serial = issued
    browser = stand.browser("koordinator.a")
    assert browser.call("GET", f"{V1}/rosters/{roster}").json["receipt"] == serial
    document = browser.call("GET", f"{V1}/receipts/{serial}").data
    verdict = verify(document, stand.trusted)
    assert verdict.genuine
    assert verdict.receipt is not None
    assert verdict.receipt.kind is Kind.LIST
    facts = json.loads(json.loads(document)["signed"])["facts"]
    assert (facts["sent"], facts["stored"], facts["rejected"]) == (61, 60, 1)
    assert (facts["roster"], facts["file"]) == (roster, file)
    assert browser.call("GET", f"{V1}/receipts/{serial}.pdf").data.startswith(b"%PDF-")
    assert browser.call("GET", f"{V1}/receipts/{serial}/manifest").status_code == 404
    of_the_file = verify(browser.call("GET", f"{V1}/receipts/{file}").data, stand.trusted)
    assert of_the_file.receipt is not None
    assert of_the_file.receipt.kind is Kind.ARRIVAL


def test_another_party_never_sees_it(stand: Stand, issued: tuple[str, str, str]) -> None:
    other = stand.browser("koordinator.b")
    assert other.call("GET", f"{V1}/receipts/{issued[2]}").status_code == 404
    assert other.get(f"/tanda-terima/{issued[2]}").status_code == 404
