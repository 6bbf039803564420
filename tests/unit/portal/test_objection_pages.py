"""From the citizen's form to the office's last step, and what each chair sees of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.context import EXTENSION
from portal.public.nik import PAGE_BYTES
from tests.builders import items_of
from tests.citizens import LISTED, UNLISTED, fill
from tests.portal_stand import Stand
from verification.models import AccessEntry, DisputedMember, Item, Objection

NEW, LOOK = "/publik/keberatan/baru", "/publik/keberatan"
NAME, CONTACT = "WARGA CONTOH KITA", "warga.kita@contoh.invalid"
FORM = {"nik": LISTED.nik, "nama": NAME, "kontak": CONTACT, "bukan": "ya"}
MINUTE = "BA-12/2026"


@pytest.fixture
def listed(stand: Stand, tmp_path: Path) -> Stand:
    return fill(stand, tmp_path)


def file(stand: Stand, address: str = "192.0.2.1", **changes: str) -> TestResponse:
    return stand.client().post(NEW, data=FORM | changes, environ_base={"REMOTE_ADDR": address})


def filed(stand: Stand) -> tuple[str, str]:
    """Ticket and code as the page prints them."""
    page = file(stand)
    assert page.status_code == 200
    ticket = re.search(r">(KB-[0-9A-Z]{4}-[0-9A-Z]{4})<", page.text)
    code = re.search(r">((?:[0-9A-Z]{4}-){4}[0-9A-Z]{4})<", page.text)
    assert ticket is not None
    assert code is not None
    return ticket.group(1), code.group(1)


def looked(stand: Stand, ticket: str, code: str) -> TestResponse:
    return stand.client().post(LOOK, data={"nomor": ticket, "kode": code})


def dispute_id(stand: Stand) -> str:
    with stand.sessions.read() as session:
        return session.scalars(select(DisputedMember.public_id)).one()


def step(stand: Stand, word: str, login: str = "pengawas", minute: str = MINUTE) -> TestResponse:
    path = f"/keberatan/{dispute_id(stand)}"
    return stand.browser(login).send(path, langkah=word, acuan=minute)


def test_the_whole_way_of_an_objection(stand_on_each: Stand, tmp_path: Path) -> None:
    stand = fill(stand_on_each, tmp_path)
    ticket, code = filed(stand)
    before = looked(stand, ticket, code).text
    assert "Menunggu identitas" in before
    # Anybody may know a NIK: whoever only knows it does not learn the party.
    assert "Partai Contoh" not in before
    assert "KPU 32.73" in before

    office = stand.browser("pengawas")
    listing = office.get("/keberatan").text
    assert ticket in listing
    assert NAME not in listing
    sheet = office.get(f"/keberatan/{dispute_id(stand)}").text
    assert all(told in sheet for told in (NAME, CONTACT, LISTED.name, "masih memuat orang ini"))
    assert step(stand, "identify").status_code == 303
    assert "Ditangguhkan" in office.get("/keberatan").text

    known = looked(stand, ticket, code).text
    assert "Ditangguhkan" in known
    assert "Partai Contoh A" in known
    party = stand.browser("koordinator.a").get("/anggota").text
    assert "Keberatan warga" in party
    assert "Ditangguhkan" in party
    assert not [told for told in (NAME, CONTACT, ticket) if told in party]
    assert "Keberatan warga" not in stand.browser("koordinator.b").get("/anggota").text

    assert step(stand, "confirm-member").status_code == 303
    assert "Tetap anggota" in looked(stand, ticket, code).text
    assert ticket in office.get("/keberatan?keadaan=selesai").text
    assert ticket not in office.get("/keberatan").text
    assert ticket in office.get(f"/keberatan?nomor={ticket.lower()}").text


def test_the_verifier_sees_the_mark_and_not_who_objects(listed: Stand) -> None:
    filed(listed)
    with listed.sessions.read() as session:
        items = items_of(session, listed.world.offices["32.73"])
        item = next(each for each in items if each.member and each.member.line == 1)
        path = f"/periksa/{item.public_id}"
    verifier = listed.browser("verifikator.a")
    page = verifier.get(path).text
    assert "keberatan warga, identitas belum dikonfirmasi" in page
    assert not [told for told in (NAME, CONTACT) if told in page]
    step(listed, "identify")
    assert "keberatan warga: ditangguhkan" in verifier.get(path).text
    told = verifier.call("GET", f"/api/v1/items/{item.public_id}").json
    assert told["disputed"] == "suspended"
    assert verifier.get("/keberatan").status_code == 403


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("nik", "32730147", "Tulis 16 angka NIK"),
        ("nama", "   ", "Tulis nama seperti di KTP-el"),
        ("nama", "A" * 201, "Tulis nama seperti di KTP-el"),
        ("nama", "A\x00B", "Tulis nama seperti di KTP-el"),
        ("kontak", "di rumah", "Tulis alamat surel"),
        ("kontak", "a@b", "Tulis alamat surel"),
        ("kontak", "08-1", "Tulis alamat surel"),
        ("bukan", "", "Centang pernyataan"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_kept(
    listed: Stand, field: str, value: str, said: str
) -> None:
    page = file(listed, **{field: value})
    assert page.status_code == 422
    assert said in page.text
    assert f'href="#{field}"' in page.text
    assert LISTED.nik not in page.text
    with listed.sessions.read() as session:
        assert session.scalars(select(Objection)).all() == []


@pytest.mark.parametrize("contact", ["0812-3456-7890", "+62 812 3456 7890", "(021) 555 0100"])
def test_a_telephone_number_is_a_contact(listed: Stand, contact: str) -> None:
    assert file(listed, kontak=contact).status_code == 200


def test_who_is_not_listed_is_told_so_and_nothing_is_kept(listed: Stand) -> None:
    page = file(listed, nik=UNLISTED)
    assert "NIK ini tidak tercantum" in page.text
    assert len(page.data) == len(file(listed).data) == PAGE_BYTES
    with listed.sessions.read() as session:
        assert len(session.scalars(select(Objection)).all()) == 1


def test_answers_are_kept_nowhere_and_need_no_cookie(listed: Stand) -> None:
    client = listed.client()
    for reply in (client.get(NEW), client.get(LOOK), file(listed), looked(listed, "KB", "X")):
        assert reply.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in reply.headers
        assert "csrf" not in reply.text
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert client.post(NEW, data=FORM, headers=foreign).status_code == 403


def test_ticket_and_code_must_fit(listed: Stand) -> None:
    ticket, code = filed(listed)
    for wrong in ((ticket, code[:-1]), (ticket, ""), ("KB-0000-0000", code), ("", "")):
        page = looked(listed, *wrong)
        assert page.status_code == 422
        assert "Nomor atau kodenya tidak cocok" in page.text
    assert looked(listed, ticket.lower(), code.replace("-", "")).status_code == 200


def limited(stand: Stand, **limits: int) -> None:
    services = replace(stand.services, config=replace(stand.services.config, **limits))
    stand.app.extensions[EXTENSION] = services


def test_one_nik_and_one_network_object_so_often(listed: Stand) -> None:
    for_one = [file(listed, f"192.0.{n}.1").status_code for n in range(4)]
    assert for_one == [200, 200, 200, 429]
    strangers = [file(listed, "203.0.113.9", nik=f"32730155{n:08d}").status_code for n in range(11)]
    assert strangers == [200] * 10 + [429]


def test_the_country_objects_so_often_a_day(listed: Stand) -> None:
    limited(listed, objections_day=2)
    everybody = [file(listed, f"10.{n}.0.1", nik=f"32730166{n:08d}").status_code for n in range(3)]
    assert everybody == [200, 200, 429]


def test_a_form_is_a_question_as_well(listed: Stand) -> None:
    limited(listed, nik_checks_network_hour=1)
    assert file(listed, nik=UNLISTED).status_code == 200
    assert file(listed, nik=UNLISTED).status_code == 429
    assert listed.client().post("/publik/nik", data={"nik": UNLISTED}).status_code == 200


def test_every_reading_of_who_objects_is_logged(listed: Stand) -> None:
    filed(listed)
    path = f"/keberatan/{dispute_id(listed)}"
    listed.browser("pengawas").get("/keberatan")
    listed.browser("pengawas").get(path)
    listed.browser("administrator").call("GET", f"/api/v1/objections/{dispute_id(listed)}")
    with listed.sessions.read() as session:
        read = select(AccessEntry.actor).where(AccessEntry.action == "objection.read")
        assert session.scalars(read.order_by(AccessEntry.id)).all() == [
            listed.people[login].actor for login in ("pengawas", "administrator")
        ]


@pytest.mark.parametrize("login", ["pengawas.ri", "verifikator.a", "koordinator.a", "pengamat"])
def test_nobody_else_opens_or_moves_it(listed: Stand, login: str) -> None:
    filed(listed)
    page = f"/keberatan/{dispute_id(listed)}"
    call = f"/api/v1/objections/{dispute_id(listed)}"
    browser = listed.browser(login)
    assert browser.get(page).status_code in (403, 404)
    assert browser.send(page, langkah="identify", acuan=MINUTE).status_code in (403, 404)
    assert browser.call("GET", call).status_code in (403, 404)
    body = {"action": "identify", "reference": MINUTE}
    assert browser.call("POST", f"{call}/steps", body).status_code in (403, 404)
    with listed.sessions.read() as session:
        assert session.scalars(select(DisputedMember.state)).all() == ["filed"]


def test_a_step_that_cannot_be_is_refused_in_words(listed: Stand) -> None:
    filed(listed)
    assert step(listed, "identify", minute=" ").status_code == 422
    assert step(listed, "dance").status_code == 422
    assert step(listed, "confirm-member").status_code == 409
    assert step(listed, "identify").status_code == 303
    refused = step(listed, "strike")
    assert refused.status_code == 409
    assert "Masih ada di daftar partai" in refused.text


def test_programs_of_office_and_party_do_the_same(listed: Stand) -> None:
    ticket, _ = filed(listed)
    office, party = listed.browser("pengawas"), listed.browser("koordinator.a")
    [row] = office.call("GET", "/api/v1/offices/32.73/objections").json["items"]
    assert (row["ticket"], row["state"]) == (ticket.replace("-", ""), "filed")
    opened = office.call("GET", f"/api/v1/objections/{row['id']}").json
    assert (opened["person_name"], opened["person_contact"]) == (NAME, CONTACT)
    assert opened["member_nik"].replace(" ", "") == LISTED.nik
    assert opened["possible"] == ["identify", "not-identified", "strike", "withdraw"]
    body = {"action": "identify", "reference": MINUTE}
    done = office.call("POST", f"/api/v1/objections/{row['id']}/steps", body)
    assert (done.status_code, done.json["state"]) == (200, "suspended")
    [own] = party.call("GET", "/api/v1/objections").json["items"]
    assert (own["state"], own["line"], own["region"]) == ("suspended", 1, "32.73")
    assert listed.browser("koordinator.b").call("GET", "/api/v1/objections").json["items"] == []
    assert office.call("GET", "/api/v1/offices/32.01/objections").status_code == 404
    ended = office.call("GET", "/api/v1/offices/32.73/objections?open=false").json["items"]
    assert ended == []


def test_what_is_overdue_says_so(listed: Stand) -> None:
    filed(listed)
    assert "lewat batas" not in listed.browser("pengawas").get("/keberatan").text
    listed.clock.turn(days=8)
    office = listed.browser("pengawas")
    assert "lewat batas" in office.get("/keberatan").text
    assert "lewat batas" in office.get(f"/keberatan/{dispute_id(listed)}").text


def test_the_desk_of_somebody_else_has_no_mark(listed: Stand) -> None:
    filed(listed)
    with listed.sessions.read() as session:
        beside = session.scalars(select(Item)).all()
        item = next(each for each in beside if each.member and each.member.line == 2)
    told = listed.browser("verifikator.a").call("GET", f"/api/v1/items/{item.public_id}").json
    assert told["disputed"] is None


def test_name_contact_and_code_are_in_the_clear_nowhere(
    listed: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    _, code = filed(listed)
    step(listed, "identify")
    listed.browser("koordinator.a").get("/riwayat")
    folder = listed.services.config.home.parent
    database = b"".join(path.read_bytes() for path in folder.glob("sipol.db*"))
    written = "".join(capsys.readouterr())
    for hidden in (NAME, CONTACT, LISTED.nik, code, code.replace("-", "")):
        assert hidden.encode() not in database
        assert hidden not in written


def test_a_party_with_many_disputed_rows_has_a_page_for_them(
    listed: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    party = listed.browser("koordinator.a")
    assert "Tidak ada keberatan yang menunggu" in party.get("/anggota/keberatan").text
    filed(listed)
    filed(listed)
    assert "/anggota/keberatan" not in party.get("/anggota").text
    monkeypatch.setattr("portal.party.lists.FEW", 1)
    page = party.get("/anggota").text
    assert page.count(LISTED.name) == 1
    assert "/anggota/keberatan" in page
    monkeypatch.setattr("portal.party.disputes.PAGE", 1)
    first = party.get("/anggota/keberatan").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = party.get(following.group(1)).text
    assert (first.count(LISTED.name), second.count(LISTED.name)) == (1, 1)
    assert 'rel="next"' not in second
    outside = listed.browser("koordinator.b").get("/anggota/keberatan").text
    assert LISTED.name not in outside
