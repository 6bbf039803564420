"""Supervisors, administrators, observers and the public: who sees what, and who may do what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event, select

from portal.manage.machine import JOB_WORDS
from portal.models import Account
from portal.office.journal_words import WORDS
from tests.builders import build_roster, build_submission
from tests.office_stand import NIK
from tests.portal_stand import Browser, Stand
from verification.jobs import JobKind
from verification.journal_kinds import Kind
from verification.models import AccessEntry, Item, Job
from verification.models.jobs import JobState

OFFICE = "/pengawas/kantor/32.73"
MANAGE = ("/kelola", "/kelola/akun", "/kelola/akun/baru", "/kelola/partai", "/kelola/kantor",
          "/kelola/tahapan", "/kelola/syarat", "/kelola/alasan", "/kelola/aturan", "/kelola/babak",
          "/kelola/mesin", "/kelola/riwayat")  # fmt: skip


def decide_all(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    address = browser.send("/antrean/ambil").location
    while address != "/antrean":
        address = browser.send(f"{address}/keputusan", outcome="MS").location


def claimed(stand: Stand) -> str:
    return str(stand.browser("verifikator.a").send("/antrean/ambil").location).rpartition("/")[2]


BEYOND = "9" * 30


@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("administrator", f"/kelola/akun?dari={BEYOND}"),
        ("administrator", f"/kelola/riwayat?sebelum={BEYOND}"),
        ("pengawas", f"{OFFICE}/butir?dari={BEYOND}"),
        ("pengawas", f"{OFFICE}/riwayat?sebelum=-{BEYOND}"),
    ],
)
def test_a_number_no_row_can_have_means_the_first_page(stand: Stand, login: str, path: str) -> None:
    assert stand.browser(login).get(path).status_code == 200


def test_a_job_no_database_can_count_to_is_not_found(stand: Stand) -> None:
    reply = stand.browser("administrator").send(f"/kelola/mesin/pekerjaan/{BEYOND}/ulang")
    assert reply.status_code == 404


def test_the_supervisor_sees_his_people_and_what_is_held(stand: Stand) -> None:
    claimed(stand)
    page = stand.browser("pengawas").get("/pengawas").text
    assert "5 belum diputuskan" in page
    assert "Contoh verifikator.a" in page
    assert "Cabut klaim" in page


def test_a_chief_takes_an_item_from_its_holder(stand: Stand) -> None:
    item = claimed(stand)
    assert stand.browser("pengawas").send(f"/pengawas/butir/{item}/cabut").status_code == 303
    with stand.sessions.read() as session:
        assert session.scalars(select(Item).where(Item.public_id == item)).one().holder is None


def test_a_chief_gives_an_item_to_one_of_his_verifiers(stand: Stand) -> None:
    item, chief = claimed(stand), stand.browser("pengawas")
    other = stand.people["verifikator.b"]
    page = chief.get(f"{OFFICE}/butir").text
    assert page.count("/serahkan") == 5
    assert page.count(f'<option value="{other.public_id}">') == 5
    assert "/serahkan" not in stand.browser("pengawas.ri").get(f"{OFFICE}/butir").text
    reply = chief.send(f"/pengawas/butir/{item}/serahkan", akun=other.public_id)
    assert (reply.status_code, reply.location) == (303, f"{OFFICE}/butir?keadaan=dipegang")
    assert "Butir diserahkan kepada Contoh verifikator.b." in chief.get(reply.location).text
    begun = stand.browser("verifikator.b").send("/antrean/ambil")
    assert begun.location == f"/periksa/{item}"
    assert "Butir diserahkan kepada verifikator" in chief.get(f"{OFFICE}/riwayat").text


def test_the_national_supervisor_sees_offices_and_a_kabupaten_only_itself(stand: Stand) -> None:
    board = stand.browser("pengawas.ri").get("/pengawas").text
    assert OFFICE in board
    assert stand.browser("pengawas.ri").get(OFFICE).status_code == 200
    assert stand.browser("pengawas").get("/pengawas/kantor/73.71").status_code == 404


def test_a_board_of_three_offices_asks_no_more_than_one_of_one(stand: Stand) -> None:
    browser = stand.browser("pengawas.ri")
    browser.get("/pengawas")  # what is read once a process is read
    asked = [statements(stand, browser)]
    with stand.sessions.begin() as session:
        party = session.merge(stand.parties["b"])
        for region in ("32.78", "73.71"):
            build_roster(session, party, 2, region=region)
        build_submission(session, party)
    asked.append(statements(stand, browser))
    assert "/pengawas/kantor/73.71" in browser.get("/pengawas").text
    assert asked[0] == asked[1]


def statements(stand: Stand, browser: Browser) -> int:
    seen: list[str] = []
    with listening(stand.sessions.engine, seen):
        assert browser.get("/pengawas").status_code == 200
    return len(seen)


@contextmanager
def listening(engine: Engine, seen: list[str]) -> Iterator[None]:
    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield
    event.remove(engine, "before_cursor_execute", note)


def test_publishing_is_refused_while_something_is_undecided(stand: Stand) -> None:
    chief = stand.browser("pengawas")
    reply = chief.send(f"{OFFICE}/umumkan")
    assert reply.status_code == 409
    assert f"{OFFICE}/butir?keadaan=terbuka" in reply.text
    assert "keputusan</button>" not in chief.get(f"{OFFICE}/umumkan").text


def test_publishing_is_one_action_after_a_page_with_counts(stand: Stand) -> None:
    decide_all(stand)
    chief = stand.browser("pengawas")
    assert "Umumkan 5 keputusan" in chief.get(f"{OFFICE}/umumkan").text
    assert chief.send(f"{OFFICE}/umumkan").status_code == 303
    assert "5 butir kini terlihat" in chief.get(OFFICE).text
    assert chief.send(f"{OFFICE}/umumkan").status_code == 409


@pytest.mark.parametrize("login", ["pengawas.ri", "verifikator.a", "pengamat"])
def test_nobody_else_publishes(stand: Stand, login: str) -> None:
    decide_all(stand)
    assert stand.browser(login).send(f"{OFFICE}/umumkan").status_code in (403, 404)


@pytest.mark.parametrize("state", ["terbuka", "menunggu", "dipegang", "ditandai", "diumumkan"])
def test_items_are_listed_without_anybodys_data(stand: Stand, state: str) -> None:
    claimed(stand)
    page = stand.browser("pengawas").get(f"{OFFICE}/butir?keadaan={state}").text
    assert NIK not in page.replace(" ", "")


def test_the_offices_journal_tells_and_exports(stand: Stand) -> None:
    decide_all(stand)
    chief = stand.browser("pengawas")
    page = chief.get(f"{OFFICE}/riwayat?jenis=item.decided").text
    assert page.count("<details") == 5
    export = re.search(r'href="(/api/v1/journal/export[^"]+)"', page)
    assert export is not None
    assert chief.get(export.group(1)).status_code == 200


def test_every_kind_of_event_has_words() -> None:
    assert set(WORDS) == set(Kind)


@pytest.mark.parametrize("path", MANAGE)
def test_administration_is_the_administrators(stand: Stand, path: str) -> None:
    assert stand.browser("administrator").get(path).status_code == 200
    assert stand.browser("pengawas").get(path).status_code == 403


def make(browser: Browser, **fields: str) -> tuple[int, str]:
    given = {"role": "verifier", "login": "verifikator.baru", "name": "Contoh Baru",
             "office": "32.73", "party": "", "regions": ""} | fields  # fmt: skip
    reply = browser.send("/kelola/akun/baru", **given)
    return reply.status_code, reply.text


def test_an_account_is_made_and_its_password_shown_once(stand: Stand) -> None:
    browser = stand.browser("administrator")
    status, page = make(browser)
    assert status == 200
    password = re.search(r"<code>([a-z0-9-]{19})</code>", page)
    assert password is not None
    signed_in = stand.client().post(
        "/masuk", json={"login": "verifikator.baru", "password": password.group(1)},
        headers={"Origin": "http://localhost"},
    )  # fmt: skip
    assert signed_in.status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"office": ""}, {"office": "99"}, {"login": "pengawas"}, {"role": "operator"},
              {"role": "system"}, {"regions": "99.99"}]
)  # fmt: skip
def test_a_wrong_form_is_given_back_with_what_was_typed(
    stand: Stand, wrong: dict[str, str]
) -> None:
    status, page = make(stand.browser("administrator"), **wrong)
    assert status == 422
    assert "Contoh Baru" in page
    assert "Akun belum dibuat" in page


def test_disabling_gives_back_what_was_held(stand: Stand) -> None:
    item = claimed(stand)
    account = stand.people["verifikator.a"].public_id
    browser = stand.browser("administrator")
    assert browser.send(f"/kelola/akun/{account}/keadaan").status_code == 303
    with stand.sessions.read() as session:
        assert session.scalars(select(Item).where(Item.public_id == item)).one().holder is None
        row = session.scalars(select(Account).where(Account.public_id == account)).one()
        assert row.disabled_at is not None


def test_nobody_disables_himself(stand: Stand) -> None:
    own = stand.people["administrator"].public_id
    assert stand.browser("administrator").send(f"/kelola/akun/{own}/keadaan").status_code == 409


def test_every_kind_of_work_has_its_words() -> None:
    assert set(JOB_WORDS) == set(JobKind)


def test_failed_work_is_called_up_again(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        job = session.scalars(select(Job).limit(1)).one()
        job.state, job.error, key = JobState.FAILED.value, "contoh", job.id
    browser = stand.browser("administrator")
    assert f"/kelola/mesin/pekerjaan/{key}/ulang" in browser.get("/kelola/mesin").text
    assert browser.send(f"/kelola/mesin/pekerjaan/{key}/ulang").status_code == 303
    with stand.sessions.read() as session:
        assert session.get_one(Job, key).state == JobState.WAITING.value


def test_the_next_round_waits_for_every_office(stand: Stand) -> None:
    browser = stand.browser("administrator")
    assert browser.send("/kelola/babak").status_code == 409
    decide_all(stand)
    stand.browser("pengawas").send(f"{OFFICE}/umumkan")
    with stand.sessions.begin() as session:
        for item in session.scalars(select(Item).where(Item.outcome.is_(None))):
            session.delete(item)
    assert browser.send("/kelola/babak").status_code == 303
    assert "Babak 2" in browser.get("/kelola/babak").text


def test_an_observer_reads_everything_masked_and_every_reading_is_logged(stand: Stand) -> None:
    browser = stand.browser("pengamat")
    party = re.search(r'href="(/pengamat/partai/[0-9a-f]{32})"', browser.get("/pengamat").text)
    assert party is not None
    page = browser.get(party.group(1)).text
    item = re.search(r'href="(/pengamat/butir/[0-9a-f]{32})"', page)
    assert item is not None
    seen = browser.get(item.group(1)).text
    assert "3273************" in seen
    assert NIK not in seen.replace(" ", "")
    assert "/images/" not in seen
    with stand.sessions.read() as session:
        actions = session.scalars(select(AccessEntry.action)).all()
    assert {"party.read", "item.read"} <= set(actions)


@pytest.mark.parametrize("path", ["/publik", "/status"])
def test_public_pages_may_be_kept_and_name_nobody(stand: Stand, path: str) -> None:
    reply = stand.client().get(path)
    assert reply.status_code == 200
    assert reply.headers["Cache-Control"] == (
        "public, max-age=10, stale-while-revalidate=30, stale-if-error=86400"
    )
    assert "Vary" not in reply.headers
    assert "Set-Cookie" not in reply.headers
    assert "csrf" not in reply.text
    assert "Data per" in reply.text


def test_the_front_page_is_kept_for_strangers_only(stand: Stand) -> None:
    stranger = stand.client().get("/")
    assert "stale-while-revalidate=30" in stranger.headers["Cache-Control"]
    assert stranger.headers["Vary"] == "Cookie"
    assert stand.browser("pengawas").get("/").headers["Cache-Control"] == "no-store"


def test_a_partys_public_page_tells_nothing_before_publication(stand: Stand) -> None:
    decide_all(stand)
    client = stand.client()
    found = re.search(r'href="(/publik/[0-9a-f]{32})"', client.get("/publik").text)
    assert found is not None
    assert re.search(r"MS 0, BMS 0, TMS 0 dari \d+ butir", client.get(found.group(1)).text)
    assert client.get(f"/publik/{'0' * 32}").status_code == 404


def test_status_notes_a_change_once(stand: Stand) -> None:
    client = stand.client()
    client.get("/status")
    page = client.get("/status").text
    assert page.count("Pemeriksaan sistem tertunda") == 2
