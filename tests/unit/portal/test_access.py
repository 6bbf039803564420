"""Role × route, and foreign objects: nobody learns from an answer whether a thing exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from portal.api.calls import Call
from portal.api.views import CALLS
from portal.credentials import ApiScope
from tests.builders import SIGNER, build_file, build_items, build_roster, items_of
from tests.portal_stand import PEOPLE, Stand
from verification.issuing import issue_file_receipts
from verification.models import Chain

UNKNOWN = "0" * 32
ROLES = {
    "koordinator.a": "coordinator", "operator.a": "operator", "verifikator.a": "verifier",
    "pengawas": "supervisor", "administrator": "administrator", "pengamat": "observer",
}  # fmt: skip


def address(call: Call, **parts: str) -> str:
    def fill(found: re.Match[str]) -> str:
        kind, name = found.group(1), found.group(2)
        return parts.get(name) or {"region": "32.73", "int": "1"}.get(kind, UNKNOWN)

    return "/api/v1" + re.sub(r"<(?:(\w+):)?(\w+)>", fill, call.path)


@pytest.mark.parametrize("login", ROLES)
def test_every_call_is_open_to_its_roles_and_to_no_other(stand: Stand, login: str) -> None:
    browser = stand.browser(login)
    for call in CALLS:
        reply = browser.call(call.method, address(call), None if call.method == "GET" else {})
        code = reply.json.get("code") if reply.is_json and isinstance(reply.json, dict) else None
        assert (code == "wrong_role") == (ROLES[login] not in call.roles), (call.name, code)
        assert reply.status_code < 500, call.name


def test_no_call_is_open_to_nobody(stand: Stand) -> None:
    client = stand.client()
    for call in CALLS:
        reply = client.open(address(call), method=call.method, json={})
        assert (reply.status_code, reply.json["code"]) == (401, "login_required"), call.name


def test_a_token_does_nothing_beyond_its_scopes(stand: Stand) -> None:
    for login, role in ROLES.items():
        for scope in ApiScope:
            bearer = stand.bearer(login, scope.value)
            for call in CALLS:
                if role not in call.roles or scope in (call.scope, call.also):
                    continue
                reply = stand.client().open(
                    address(call), method=call.method, json={}, headers=bearer
                )
                assert reply.json["code"] == "scope_missing", call.name
        break  # the scopes are judged before the role; one account tries them all


@pytest.mark.parametrize("path", ["/dosir", "/antrean", "/pengawas", "/kelola", "/pengamat"])
def test_pages_send_whoever_is_not_signed_in_to_sign_in(stand: Stand, path: str) -> None:
    reply = stand.client().get(path)
    if reply.status_code != 404:  # the page is there
        assert reply.headers["Location"] == f"/masuk?lanjut={path}"


def test_an_api_token_opens_no_page(stand: Stand) -> None:
    guarded = [
        rule.rule
        for rule in stand.app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] in {"party", "desk", "office", "manage", "observer"}
        and "GET" in (rule.methods or ())
        and "<" not in rule.rule
    ]
    for path in guarded:
        reply = stand.client().get(path, headers=stand.bearer("koordinator.a"))
        assert reply.status_code == 303, path


@pytest.fixture
def things(stand: Stand) -> dict[str, str]:
    """One of everything that belongs to party `a` or office 32.73, by the name in the path."""
    with stand.sessions.begin() as session:
        party = stand.party(session, "a")
        file = build_file(session, party, "sk-kabupaten", "73.71")
        receipt = issue_file_receipts(session, SIGNER, [file], stand.clock())[0]
        roster = build_roster(session, party, 1, region="73.71").roster
        build_items(session, stand.world, party, 1)
        return {
            "file_id": file.public_id,
            "upload_id": file.public_id,
            "serial": receipt.serial,
            "roster_id": roster.public_id,
            "item_id": items_of(session, stand.world.offices["32.73"])[0].public_id,
            "chain": session.get_one(Chain, party.chain_id).public_id,
            "account_id": stand.people["operator.a"].public_id,
        }


def foreign_calls() -> Iterator[tuple[str, str]]:
    outsiders = {
        "file_id": ["koordinator.b", "operator.a", "verifikator.a"],
        "upload_id": ["koordinator.b", "operator.a"],
        "serial": ["koordinator.b", "operator.a", "pengawas"],
        "roster_id": ["koordinator.b", "operator.a"],
        "item_id": ["verifikator.lain", "pengawas.ri"],
        "account_id": ["koordinator.b", "pengawas"],
    }
    for call in CALLS:
        for name, logins in outsiders.items():
            if f":{name}>" in call.path:
                for login in logins:
                    if PEOPLE[login][0] in call.roles:
                        yield call.name, login


@pytest.mark.parametrize(("name", "login"), sorted(set(foreign_calls())))
def test_a_foreign_object_and_an_unknown_one_are_the_same_bytes(
    stand: Stand, things: dict[str, str], name: str, login: str
) -> None:
    call = next(call for call in CALLS if call.name == name)
    browser = stand.browser(login)
    body = {
        "reason": "x", "note": "x", "outcome": "MS", "columns": {"nik": 0}, "account": "0" * 32,
        "step": "distinct", "reference": "x", "kind": "ktp", "member": "x", "version": 1,
    }  # fmt: skip
    fields = call.body().fields if call.body is not None else {}
    given = None if call.method == "GET" else {k: v for k, v in body.items() if k in fields}
    foreign = browser.call(call.method, address(call, **things), given)
    unknown = browser.call(call.method, address(call), given)
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.data == unknown.data


def test_another_partys_journal_is_unknown(stand: Stand, things: dict[str, str]) -> None:
    for login in ("koordinator.b", "pengawas"):
        browser = stand.browser(login)
        foreign = browser.call("GET", f"/api/v1/journal?chain={things['chain']}")
        unknown = browser.call("GET", f"/api/v1/journal?chain={UNKNOWN}")
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.data == unknown.data
    assert (
        stand.browser("pengamat")
        .call("GET", f"/api/v1/journal?chain={things['chain']}")
        .json["items"]
    )


def test_pages_about_foreign_and_unknown_things_are_the_same_bytes(stand: Stand) -> None:
    browser = stand.browser("koordinator.b")
    one, two = browser.get(f"/formulir/{UNKNOWN}"), browser.get("/tidak/ada/di/sini")
    assert one.status_code == two.status_code == 404
    assert one.data == two.data
