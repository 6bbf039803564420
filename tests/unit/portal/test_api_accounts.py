"""Accounts and tokens: who may make which, and what ends with them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.portal_stand import PASSWORD, Stand

V1 = "/api/v1"
NEW: dict[str, Any] = {"login": "baru.1", "name": "Contoh Baru", "password": PASSWORD}


def test_a_coordinator_makes_operators_of_his_party_and_nobody_else(stand_on_each: Stand) -> None:
    stand = stand_on_each
    party = stand.browser("koordinator.a")
    made = party.call(
        "POST", f"{V1}/accounts", {**NEW, "role": "operator", "regions": ["32.73", "32.01"]}
    )
    assert made.status_code == 201
    assert made.json["party"] == stand.parties["a"].party.public_id
    assert made.json["regions"] == ["32.01", "32.73"]
    taken = party.call("POST", f"{V1}/accounts", {**NEW, "role": "operator"})
    assert (taken.status_code, taken.json["code"]) == (409, "login_taken")
    for role, more in (
        ("coordinator", {}),
        ("verifier", {"office": "32.73"}),
        ("administrator", {}),
        ("operator", {"party": stand.parties["b"].party.public_id}),
    ):
        refused = party.call(
            "POST", f"{V1}/accounts", {**NEW, "login": "lain.1", "role": role, **more}
        )
        assert (refused.status_code, refused.json["code"]) == (409, "not_allowed_now")
    listed = party.call("GET", f"{V1}/accounts").json["items"]
    assert [row["login"] for row in listed] == ["operator.a", "baru.1"]


def test_a_supervisor_makes_verifiers_of_his_office(stand: Stand) -> None:
    chief = stand.browser("pengawas")
    made = chief.call("POST", f"{V1}/accounts", {**NEW, "role": "verifier"})
    assert (made.status_code, made.json["office"]) == (201, "32.73")
    other = chief.call(
        "POST", f"{V1}/accounts", {**NEW, "login": "baru.2", "role": "verifier", "office": "73.71"}
    )
    assert other.status_code == 409


def test_an_administrator_sees_everybody_and_pages(stand: Stand) -> None:
    admin = stand.browser("administrator")
    first = admin.call("GET", f"{V1}/accounts?limit=6").json
    rest = admin.call("GET", f"{V1}/accounts?cursor={first['next']}").json
    assert len(first["items"]) + len(rest["items"]) == len(stand.people)
    only = admin.call("GET", f"{V1}/accounts?role=observer").json["items"]
    assert [row["login"] for row in only] == ["pengamat"]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"password": "pendek"}, None), ({"role": "system"}, "role"), ({"login": "x"}, "login"),
     ({"regions": ["99.99.99.99"]}, "regions"), ({"time_zone": "Mars/Olympus"}, "time_zone"),
     ({"name": "a\0b"}, "name"), ({"unknown": 1}, "unknown")],
)  # fmt: skip
def test_what_does_not_fit_is_named(
    stand: Stand, change: dict[str, object], field: str | None
) -> None:
    reply = stand.browser("administrator").call(
        "POST", f"{V1}/accounts", {**NEW, "role": "observer", **change}
    )
    assert reply.status_code == 422
    if field is None:
        assert reply.json["code"] == "weak_password"
    else:
        assert field in reply.json["fields"]


def test_disabling_ends_sessions_and_tickets_and_gives_back_items(stand: Stand) -> None:
    operator, party = stand.browser("operator.a"), stand.browser("koordinator.a")
    ticket = operator.call("POST", f"{V1}/tickets", {}).json["ticket"]
    bearer = {"Authorization": f"Bearer {ticket}"}
    assert stand.client().get(f"{V1}/uploads", headers=bearer).status_code == 200
    path = f"{V1}/accounts/{stand.people['operator.a'].public_id}"
    assert party.call("PATCH", path, {"disabled": True}).json["disabled_at"] is not None
    assert operator.call("GET", f"{V1}/me").status_code == 401
    assert stand.client().get(f"{V1}/uploads", headers=bearer).status_code == 401
    assert party.call("PATCH", path, {"disabled": False}).json["disabled_at"] is None
    assert operator.call("GET", f"{V1}/me").status_code == 401


def test_a_new_scope_or_password_ends_the_sessions_and_a_new_name_does_not(stand: Stand) -> None:
    party = stand.browser("koordinator.a")
    path = f"{V1}/accounts/{stand.people['operator.a'].public_id}"
    for change, ends in (({"name": "Lain"}, False), ({"regions": ["73.71"]}, True),
                         ({"password": "gamelan-senja-41"}, True)):  # fmt: skip
        operator = stand.browser("operator.a")
        assert party.call("PATCH", path, change).status_code == 200
        assert (operator.call("GET", f"{V1}/me").status_code == 401) is ends


def test_nobody_disables_or_promotes_himself(stand: Stand) -> None:
    admin = stand.browser("administrator")
    path = f"{V1}/accounts/{stand.people['administrator'].public_id}"
    for change in ({"disabled": True}, {"role": "observer"}):
        reply = admin.call("PATCH", path, change)
        assert (reply.status_code, reply.json["code"]) == (409, "not_on_yourself")


def test_a_role_of_another_kind_needs_another_account(stand: Stand) -> None:
    path = f"{V1}/accounts/{stand.people['operator.a'].public_id}"
    reply = stand.browser("administrator").call("PATCH", path, {"role": "verifier"})
    assert reply.status_code == 409
    assert stand.browser("administrator").call(
        "PATCH", path, {"role": "coordinator"}
    ).json["role"] == "coordinator"  # fmt: skip


def test_a_token_is_shown_once_and_ends_when_revoked(stand: Stand) -> None:
    browser = stand.browser("koordinator.a")
    made = browser.call("POST", f"{V1}/tokens", {"label": "CI", "scopes": ["read"]})
    assert made.status_code == 201
    bearer = {"Authorization": f"Bearer {made.json['token']}"}
    assert stand.client().get(f"{V1}/me", headers=bearer).json["scopes"] == ["read"]
    listed = browser.call("GET", f"{V1}/tokens").json["items"]
    assert [row["id"] for row in listed] == [made.json["id"]]
    assert "token" not in listed[0]
    assert stand.browser("koordinator.b").call(
        "DELETE", f"{V1}/tokens/{made.json['id']}").status_code == 404  # fmt: skip
    assert browser.call("DELETE", f"{V1}/tokens/{made.json['id']}").status_code == 204
    assert stand.client().get(f"{V1}/me", headers=bearer).status_code == 401


def test_a_token_makes_no_token_with_more_than_its_own_scopes(stand: Stand) -> None:
    bearer = stand.bearer("koordinator.a", "manage")
    client = stand.client()
    more = client.post(f"{V1}/tokens", json={"label": "x", "scopes": ["submit"]}, headers=bearer)
    assert (more.status_code, more.json["code"]) == (422, "bad_input")
    own = client.post(f"{V1}/tokens", json={"label": "x", "scopes": ["manage"]}, headers=bearer)
    assert own.status_code == 201


@pytest.mark.parametrize("at", ["2026-08-14T11:00:00Z", "2028-08-14T12:00:00Z", "besok",
                                "2026-09-01T00:00:00", "0001-01-01T00:00:00+14:00"])  # fmt: skip
def test_a_token_has_an_end_that_makes_sense(stand: Stand, at: str) -> None:
    reply = stand.browser("koordinator.a").call(
        "POST", f"{V1}/tokens", {"label": "x", "scopes": ["read"], "expires_at": at}
    )
    assert (reply.status_code, list(reply.json["fields"])) == (422, ["expires_at"])
