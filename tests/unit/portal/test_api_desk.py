"""The desk through the API: claim, unmask, decide, undo, publish; on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.models import IdempotentReply
from tests.builders import (
    OTHER_REASON,
    add_other_reason,
    build_file,
    build_items,
    build_submission,
    items_of,
)
from tests.portal_stand import Stand
from verification.jobs import JobKind, is_open
from verification.models import AccessEntry, Item, Member

NIK = "3273015305870001"
CLAIM = "/api/v1/queue/claim"


@pytest.fixture
def stand(stand_on_each: Stand) -> Stand:
    """Three members of party `a` wait before the office 32.73."""
    with stand_on_each.sessions.begin() as session:
        party = stand_on_each.party(session, "a")
        build_items(session, stand_on_each.world, party, 3)
        keys = stand_on_each.services.field_keys
        for member in session.scalars(select(Member)):
            member.nik, member.key_id = keys.encipher(NIK), keys.current_id
    return stand_on_each


def test_the_holder_sees_the_member_in_clear_and_claiming_was_logged(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    reply = browser.call("POST", CLAIM, {})
    assert reply.status_code == 200
    item = reply.json
    assert item["clear"] is True
    assert item["member"]["nik"] == "327301 530587 0001"
    assert item["member"]["nik_says"] == {"district": "32.73.01", "sex": "P", "birth": "13-05-87"}
    assert item["party"] == "Partai Contoh A"
    assert reply.headers["ETag"] == f'"{item["version"]}"'
    assert [reason["key"] for reason in item["reasons"]] == ["1", "1"]
    assert logged(stand) == [("item.claim", item["id"])]
    again = browser.call("POST", CLAIM, {})
    assert again.json["id"] == item["id"]


@pytest.mark.parametrize("login", ["verifikator.b", "pengawas", "administrator", "pengamat"])
def test_everybody_else_sees_it_masked_and_that_reading_is_logged(stand: Stand, login: str) -> None:
    item = stand.browser("verifikator.a").call("POST", CLAIM, {}).json
    seen = stand.browser(login).call("GET", f"/api/v1/items/{item['id']}")
    assert seen.status_code == 200
    assert seen.json["clear"] is False
    assert seen.json["member"]["nik"] == "3273************"
    assert seen.json["member"]["birth_date"] is None
    assert item["member"]["name"] not in seen.text
    assert NIK[6:] not in seen.text.replace(" ", "")
    assert logged(stand)[-1] == ("item.read", item["id"])


@pytest.mark.parametrize("login", ["verifikator.lain"])
def test_a_foreign_item_and_an_unknown_one_are_the_same_bytes(stand: Stand, login: str) -> None:
    item = stand.browser("verifikator.a").call("POST", CLAIM, {}).json
    browser = stand.browser(login)
    for method, path in (("GET", ""), ("POST", "/heartbeat"), ("POST", "/undo"), ("POST", "/claim"),
                         ("GET", "/images/1")):  # fmt: skip
        body = None if method == "GET" else {}
        foreign = browser.call(method, f"/api/v1/items/{item['id']}{path}", body)
        unknown = browser.call(method, f"/api/v1/items/{'0' * 32}{path}", body)
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.data == unknown.data


def test_a_decision_needs_a_reason_and_the_version_that_was_read(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    item = browser.call("POST", CLAIM, {}).json
    path = f"/api/v1/items/{item['id']}/decision"
    bare = browser.call("POST", path, {"outcome": "BMS"})
    assert (bare.status_code, bare.json["code"]) == (422, "reason_required")
    stale = browser.call("POST", path, {"outcome": "MS"}, headers={"If-Match": '"999"'})
    assert (stale.status_code, stale.json["code"]) == (412, "stale")
    body = {"outcome": "BMS", "reason": "ktp-tidak-terbaca", "note": "buram"}
    done = browser.call("POST", path, body, headers={"If-Match": f'"{item["version"]}"'})
    assert done.status_code == 200
    assert (done.json["state"], done.json["outcome"]) == ("decided", "BMS")
    assert done.json["clear"] is False


def test_the_same_key_gets_the_same_reply_and_decides_once(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    item = browser.call("POST", CLAIM, {}).json
    path, key = f"/api/v1/items/{item['id']}/decision", {"Idempotency-Key": "satu"}
    first = browser.call("POST", path, {"outcome": "MS"}, headers=key)
    again = browser.call("POST", path, {"outcome": "MS"}, headers=key)
    assert first.status_code == again.status_code == 200
    assert first.json == again.json
    other = browser.call("POST", path, {"outcome": "TMS", "reason": "ganda-identik"}, headers=key)
    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")


def test_a_repeated_claim_gets_the_item_again_and_no_table_holds_its_nik(stand: Stand) -> None:
    browser, key = stand.browser("verifikator.a"), {"Idempotency-Key": "klaim"}
    first = browser.call("POST", CLAIM, {}, headers=key)
    again = browser.call("POST", CLAIM, {}, headers=key)
    assert first.json == again.json
    with stand.sessions.read() as session:
        bodies = session.scalars(select(IdempotentReply.body)).all()
    assert bodies == [{"id": first.json["id"]}]
    stand.clock.turn(hours=1)
    late = stand.browser("verifikator.a").call("POST", CLAIM, {}, headers=key)
    assert late.json["clear"] is False


def test_an_undone_decision_is_held_again_and_seen_in_clear(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    item = browser.call("POST", CLAIM, {}).json
    browser.call("POST", f"/api/v1/items/{item['id']}/decision", {"outcome": "MS"})
    assert browser.call("GET", "/api/v1/queue").json["undoable"] == [item["id"]]
    undone = browser.call("POST", f"/api/v1/items/{item['id']}/undo", {}).json
    assert (undone["state"], undone["clear"]) == ("claimed", True)
    assert [line["outcome"] for line in undone["history"]] == ["MS", None]


def test_two_clients_never_hold_the_same_item(stand: Stand) -> None:
    one, two = stand.bearer("verifikator.a", "review"), stand.bearer("verifikator.b", "review")
    client = stand.client()
    held = [client.post(CLAIM, headers=headers).json["id"] for headers in (one, two)]
    assert len(set(held)) == 2


def test_signing_out_gives_the_item_back(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    item = browser.call("POST", CLAIM, {}).json
    browser.send("/keluar")
    with stand.sessions.read() as session:
        row = session.scalars(select(Item).where(Item.public_id == item["id"])).one()
        assert (row.state, row.holder) == ("queued", None)


def test_an_empty_queue_says_so(stand: Stand) -> None:
    reply = stand.browser("verifikator.lain").call("POST", CLAIM, {})
    assert (reply.status_code, reply.json["code"]) == (404, "nothing_to_claim")


def test_flag_return_revoke_by_those_who_may(stand: Stand) -> None:
    verifier, chief = stand.browser("verifikator.a"), stand.browser("pengawas")
    item = verifier.call("POST", CLAIM, {}).json["id"]
    flagged = verifier.call("POST", f"/api/v1/items/{item}/flag", {"note": "ragu"})
    assert flagged.status_code == 204
    assert verifier.call("POST", f"/api/v1/items/{item}/return", {}).status_code == 403
    assert chief.call("POST", f"/api/v1/items/{item}/return", {}).status_code == 204
    item = verifier.call("POST", CLAIM, {}).json["id"]
    admin = stand.browser("administrator")
    assert admin.call("POST", f"/api/v1/items/{item}/revoke", {"note": "x"}).status_code == 204
    lost = verifier.call("POST", f"/api/v1/items/{item}/heartbeat", {})
    assert (lost.status_code, lost.json["code"]) == (409, "lease_lost")


def test_a_chief_gives_an_item_to_a_verifier_of_its_office_only(stand: Stand) -> None:
    verifier, chief = stand.browser("verifikator.a"), stand.browser("pengawas")
    item = verifier.call("POST", CLAIM, {}).json["id"]
    path = f"/api/v1/items/{item}/reassign"
    ids = {login: person.public_id for login, person in stand.people.items()}
    assert verifier.call("POST", path, {"account": ids["verifikator.b"]}).status_code == 403
    wrong = ("verifikator.lain", "pengawas", "koordinator.a")
    replies = [chief.call("POST", path, {"account": account})
               for account in (*(ids[login] for login in wrong), "0" * 32)]  # fmt: skip
    assert {(reply.status_code, reply.data) for reply in replies} == {(404, replies[0].data)}
    assert chief.call("POST", path, {"account": ids["verifikator.b"]}).status_code == 204
    assert stand.browser("verifikator.b").call("POST", CLAIM, {}).json["id"] == item
    lost = verifier.call("POST", f"/api/v1/items/{item}/heartbeat", {})
    assert (lost.status_code, lost.json["code"]) == (409, "lease_lost")
    body = {"account": ids["verifikator.a"]}
    assert stand.browser("pengawas.ri").call("POST", path, body).status_code == 404
    assert stand.browser("administrator").call("POST", path, body).status_code == 204


def test_the_party_sees_nothing_before_publication_and_the_reason_after(stand: Stand) -> None:
    verifier, party = stand.browser("verifikator.a"), stand.browser("koordinator.a")
    for _ in range(3):
        item = verifier.call("POST", CLAIM, {}).json["id"]
        verifier.call("POST", f"/api/v1/items/{item}/decision",
                      {"outcome": "BMS", "reason": "ktp-tidak-terbaca"})  # fmt: skip
    assert party.call("GET", "/api/v1/results").json == {"items": [], "next": None}
    publish = "/api/v1/offices/32.73/publish"
    assert stand.browser("pengawas.ri").call("POST", publish, {}).status_code == 404
    done = stand.browser("pengawas").call("POST", publish, {})
    assert done.status_code == 200
    assert done.json["counts"]["published"] == 3
    results = party.call("GET", "/api/v1/results?limit=2").json
    assert [row["outcome"] for row in results["items"]] == ["BMS", "BMS"]
    assert results["items"][0]["reason"] == "ktp-tidak-terbaca"
    assert results["items"][0]["row_ref"].startswith("r")
    rest = party.call("GET", f"/api/v1/results?cursor={results['next']}").json
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert stand.browser("koordinator.b").call("GET", "/api/v1/results").json["items"] == []
    assert "verifikator" not in str(results)
    opened = stand.browser("administrator").call("POST", "/api/v1/rounds", {})
    assert (opened.status_code, opened.json["number"]) == (201, 2)


def test_another_reason_needs_a_note_and_the_party_reads_it_once_published(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        add_other_reason(session, stand.world)
    verifier, party = stand.browser("verifikator.a"), stand.browser("koordinator.a")
    body, note = {"outcome": "TMS", "reason": OTHER_REASON}, "pindaian <tertukar>"
    for _ in range(3):
        item = verifier.call("POST", CLAIM, {}).json
        assert [row["needs_note"] for row in item["reasons"]] == [False, False, True]
        for address in (f"/api/v1/items/{item['id']}/decision", f"/periksa/{item['id']}/keputusan"):
            bare = verifier.call("POST", address, body)
            assert (bare.status_code, bare.json["code"]) == (422, "reason_required")
        verifier.call("POST", f"/api/v1/items/{item['id']}/decision", {**body, "note": note})
    assert "tertukar" not in party.get("/hasil").text
    stand.browser("pengawas").call("POST", "/api/v1/offices/32.73/publish", {})
    results = party.call("GET", "/api/v1/results").json["items"]
    assert [row["note"] for row in results] == [note] * 3
    assert "Catatan petugas: pindaian &lt;tertukar&gt;" in party.get("/hasil").text


def test_an_image_is_the_derived_one_and_a_card_is_the_holders(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        party = stand.party(session, "b")
        file = build_file(session, party, "sk-kabupaten", "32.73")
        file.pages = 1
        build_submission(session, party)
        item = items_of(session, stand.world.offices["32.73"])[-1].public_id
        public_id = file.public_id
    place = stand.services.config.derived_dir / public_id[:2] / public_id
    place.mkdir(parents=True)
    (place / "0001.page.webp").write_bytes(b"RIFF....WEBP")
    path = f"/api/v1/items/{item}/images/1"
    seen = stand.browser("verifikator.b").call("GET", path)
    assert (seen.status_code, seen.data, seen.mimetype) == (200, b"RIFF....WEBP", "image/webp")
    assert stand.browser("pengamat").call("GET", path).status_code == 404
    zoom = stand.browser("verifikator.b").call("GET", f"{path}?size=zoom")
    assert (zoom.status_code, zoom.json["code"]) == (404, "not_found")
    with stand.sessions.read() as session:
        assert not is_open(session, JobKind.DRAW_IMAGES, public_id)
    (place / "0001.page.webp").unlink()
    for size in ("page", "zoom", "thumb"):
        told = stand.browser("verifikator.b").call("GET", f"{path}?size={size}")
        assert (told.status_code, told.json["code"]) == (404, "image_not_drawn")
        assert told.headers["Retry-After"] == "2"
    with stand.sessions.read() as session:
        assert is_open(session, JobKind.DRAW_IMAGES, public_id)


def logged(stand: Stand) -> list[tuple[str, str]]:
    with stand.sessions.read() as session:
        rows = session.execute(
            select(AccessEntry.action, AccessEntry.object_id).order_by(AccessEntry.id)
        )
        return [(action, object_id) for action, object_id in rows]
