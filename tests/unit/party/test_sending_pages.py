"""Checking, sending once, the receipt, the journal, the results: what a coordinator can show."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from tests.builders import ADMINISTRATOR, LEASE, SUPERVISOR, VERIFIER, build_file, build_submission
from tests.portal_stand import Stand, hidden
from verification import decisions, files, materialise, publication, queue
from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import Item, Participation, ReceivedFile, Submission
from verification.states import FileState, ItemState, Outcome, Role

COORDINATOR = "koordinator.a"


def test_everything_that_will_be_locked_and_all_that_is_short(stand: Stand) -> None:
    page = stand.browser(COORDINATOR).get("/kirim").text
    assert "Yang akan dikunci" in page
    assert "60 anggota" in page
    assert "kurang" in page
    assert "/dosir/sk-kabupaten/32.01" in page  # refused by the system: not included
    assert "Contoh koordinator.a (koordinator.a)" in page


def test_only_the_coordinator_sends(stand: Stand) -> None:
    operator = stand.browser("operator.a")
    assert operator.get("/kirim").status_code == 403
    assert operator.send("/kirim", benar="ya", digest="0" * 64).status_code == 403


def test_without_the_tick_nothing_is_sent(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    digest = hidden(browser.get("/kirim").text, "digest")
    reply = browser.send("/kirim", digest=digest)
    assert reply.status_code == 422
    assert "Dosir belum dikirim" in reply.text
    assert sent(stand) == 0


def test_what_changed_since_it_was_checked_is_not_sent(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    digest = hidden(browser.get("/kirim").text, "digest")
    with stand.sessions.begin() as session:
        build_file(
            session, session.get_one(Participation, stand.parties["a"].id), "berita-negara", "ID"
        )
    reply = browser.send("/kirim", digest=digest, benar="ya")
    assert reply.status_code == 409
    assert hidden(reply.text, "digest") != digest
    assert sent(stand) == 0


def test_sending_twice_leads_to_one_receipt(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    digest = hidden(browser.get("/kirim").text, "digest")
    first, second = (browser.send("/kirim", digest=digest, benar="ya") for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert sent(stand) == 1
    page = browser.get(first.location).text
    assert "Dosir terkirim dan terkunci" in page
    assert digest in page
    assert "Bagian ini tidak terbuka" in browser.get("/unggah").text


def test_a_form_survives_the_end_of_the_session(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    digest = hidden(browser.get("/kirim").text, "digest")
    stand.clock.turn(days=2)
    reply = browser.send("/kirim", digest=digest, benar="ya")
    assert reply.status_code == 303
    assert "tersimpan=1" in reply.location
    assert sent(stand) == 0


def sent(stand: Stand) -> int:
    with stand.sessions.read() as session:
        return len(session.scalars(select(Submission)).all())


def test_a_receipt_has_its_code_its_files_and_its_bounds(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    digest = hidden(browser.get("/kirim").text, "digest")
    address = browser.send("/kirim", digest=digest, benar="ya").location.partition("?")[0]
    page = browser.get(address).text
    serial = address.rpartition("/")[2]
    for path in (f"{address}/qr.svg", f"/api/v1/receipts/{serial}.pdf",
                 f"/api/v1/receipts/{serial}/manifest"):  # fmt: skip
        assert path in page
        assert browser.get(path).status_code == 200
    assert "bukan pernyataan bahwa isinya memenuhi" in page
    assert f"/tanda-terima/{serial}" in browser.get("/tanda-terima").text
    assert stand.browser("koordinator.b").get(address).status_code == 404
    assert stand.browser("koordinator.b").get(f"{address}/qr.svg").status_code == 404
    assert stand.browser("operator.a").get(address).status_code == 404


def test_the_contents_are_a_list_one_can_keep(stand: Stand) -> None:
    reply = stand.browser(COORDINATOR).get("/kirim/isi.csv")
    lines = reply.get_data(as_text=True).splitlines()
    assert len(lines) == 1 + 3
    assert "attachment" in reply.headers["Content-Disposition"]


def test_the_journal_tells_it_in_words(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    page = browser.get("/riwayat").text
    assert "Berkas tersimpan: ad-art, ID, 16 B" in page
    with stand.sessions.begin() as session:
        file = session.scalars(select(ReceivedFile).order_by(ReceivedFile.id).limit(1)).one()
        name, address = (
            file.requirement.name_id,
            f"/dosir/{file.requirement.code}/{file.region.code}",
        )
        files.withdraw(
            session, file, actor="account:contoh", reason="salah unggah", now=stand.clock.at
        )
    page = browser.get("/riwayat").text
    assert f'href="{address}">Berkas dikeluarkan dari dosir</a> · {name}' in page
    assert ": salah unggah" in page
    assert "Berkas tersimpan" not in browser.get("/riwayat?jenis=dosir").text
    assert stand.browser("operator.a").get("/riwayat").status_code == 403


def test_a_refusal_in_the_journal_says_what_was_wrong_with_which_file(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        refused = session.scalars(
            select(ReceivedFile).where(ReceivedFile.state == FileState.REJECTED)
        ).one()
        refused.rejection, refused.rejection_params = "document.damaged", {"type": "PDF"}
        record(
            session, refused.participation.chain, "system", Kind.FILE_REJECTED,
            now=stand.clock.at, file=refused.public_id, code="document.damaged",
        )  # fmt: skip
        place = refused.region.name
    page = stand.browser(COORDINATOR).get("/riwayat").text
    assert "Berkas ini tidak dapat dibuka sebagai PDF: rusak atau terpotong." in page
    assert f", {place}" in page


def test_results_stay_unseen_until_they_are_published(stand: Stand) -> None:
    decide_everything(stand, Outcome.BMS)
    browser = stand.browser(COORDINATOR)
    page = browser.get("/hasil").text
    assert "Belum ada hasil" in page
    assert "BMS <" not in page
    publish(stand)
    page = browser.get("/hasil").text
    assert re.search(r"Diumumkan \d+ dari \d+ butir", page)
    assert "ANGGOTA CONTOH 1" in page
    assert "Belum ada hasil" in stand.browser("koordinator.b").get("/hasil").text


def test_what_is_bms_leads_to_its_repair_once_the_round_is_open(stand: Stand) -> None:
    decide_everything(stand, Outcome.BMS)
    publish(stand)
    browser = stand.browser(COORDINATOR)
    assert "waktunya tertulis di sini" in browser.get("/hasil").text
    with stand.sessions.begin() as session:
        publication.open_next_round(
            session, session.merge(stand.world.election),
            actor=ADMINISTRATOR, role=Role.ADMINISTRATOR, now=stand.clock(),
        )  # fmt: skip
    page = browser.get("/hasil?babak=1&hasil=BMS&jenis=document").text
    assert "terbuka untuk diperbaiki sampai" in page
    assert 'href="/dosir/sk-kabupaten/32.73">Perbaiki' in page
    assert "js/upload/page.js" in browser.get("/dosir/sk-kabupaten/32.73").text
    assert "js/upload/page.js" not in browser.get("/dosir/berita-negara/ID").text


def test_an_operator_reads_the_results_of_his_regions(stand: Stand) -> None:
    decide_everything(stand, Outcome.MS)
    publish(stand)
    page = stand.browser("operator.a").get("/hasil").text
    assert "ANGGOTA CONTOH 1" in page
    assert "ad-art" not in page


@pytest.mark.parametrize("path", ["/hasil?babak=9", "/hasil?hasil=LULUS", "/riwayat?setelah=x"])
def test_questions_that_make_no_sense_are_refused(stand: Stand, path: str) -> None:
    assert stand.browser(COORDINATOR).get(path).status_code in (404, 422)


def decide_everything(stand: Stand, outcome: Outcome) -> None:
    with stand.sessions.begin() as session:
        made = build_submission(
            session, session.get_one(Participation, stand.parties["a"].id), now=stand.clock()
        )
        assert materialise.make_items(session, made, 500, stand.clock())
    with stand.sessions.begin() as session:
        for item in list(session.scalars(select(Item))):
            queue.claim_item(session, item, VERIFIER, Role.VERIFIER, stand.clock(), LEASE)
            reason = decisions.reasons_for(session, item)
            code = next((row.code for row in reason if row.outcome == outcome), None)
            decisions.decide(
                session, item, outcome=outcome, reason=code, note=None,
                actor=VERIFIER, role=Role.VERIFIER, now=stand.clock(),
            )  # fmt: skip


def publish(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        offices = {item.office for item in session.scalars(select(Item))}
        for office in offices:
            publication.publish(
                session, office, session.merge(stand.world.round),
                actor=SUPERVISOR, role=Role.SUPERVISOR, now=stand.clock(),
            )  # fmt: skip
        assert all(item.state == ItemState.PUBLISHED for item in session.scalars(select(Item)))
