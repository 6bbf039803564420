"""Who may what, at the worst moment: lost replies, ended logins, disabled accounts, other people's ids."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from portal.clock import system_clock
from portal.models import Account, LoginSession
from tests.files import pdf
from tests.large_files import padded_pdf
from tests.rosters import people, write_rows
from tests.stack import Stack
from tests.traffic import (
    AD_ART,
    MEMBERS,
    OFFICE,
    TUS,
    Answer,
    Caller,
    OpenPatch,
    Visitor,
    ask,
    assert_proven,
    spelled,
    upload_id,
    wait_for,
)
from verification.db import Sessions

SIZE = 1_000_000
MIB = 1024**2
# A header that differs from request to request, or says when.
PASSING = {"date", "x-request-id", "retry-after"}


@pytest.fixture(scope="module")
def stack(seeded_home: Path) -> Iterator[Stack]:
    with Stack(seeded_home) as stack:
        yield stack


def caller(stack: Stack, login: str) -> Caller:
    return Caller(stack.base_url, stack.logins[login].token)


def ticket_of(person: Caller) -> Caller:
    """The same person, holding a ticket only."""
    made = person.api("POST", "tickets", {}).expect(201).json()
    return Caller(person.address, made["ticket"])


def end_sessions(sessions: Sessions) -> None:
    """What half an hour does: every login's time is over."""
    with sessions.begin() as session:
        session.execute(update(LoginSession).values(expires_at=system_clock()))


def test_a_night_on_a_ticket_after_the_login_has_ended(
    stack: Stack, sessions: Sessions, tmp_path: Path
) -> None:
    """File 1 of 20 is on its way when the login ends; all 20 arrive."""
    person = Visitor(stack.base_url, stack.logins["koordinator.a"])
    ticket = ticket_of(person)
    contents = [pdf(text=f"malam {number}") for number in range(20)]
    path = ticket.create(len(contents[0]), AD_ART, fingerprint="f" * 64)
    half = len(contents[0]) // 2
    ticket.patch(path, 0, contents[0][:half]).expect(204)

    end_sessions(sessions)
    assert person.api("GET", "me").expect(401).json()["code"] == "login_required"
    assert person.post(SIZE, AD_ART).expect(401).json()["code"] == "login_required"

    open_ones = ticket.api("GET", f"uploads?fingerprint={'f' * 64}").expect(200).json()["items"]
    assert [(one["id"], one["offset"]) for one in open_ones] == [(upload_id(path), half)]
    again = ticket.api("POST", f"uploads/{upload_id(path)}/url", {}).expect(200).json()["url"]
    assert again == path
    ticket.patch(path, half, contents[0][half:]).expect(204)
    uploads = [upload_id(path)]
    uploads += [ticket.send(content, AD_ART) for content in contents[1:]]
    back = Visitor(stack.base_url, stack.logins["koordinator.a"])
    for upload, content in zip(uploads, contents, strict=True):
        told = back.wait_until(upload, "passed")
        assert told["length"] == len(content)
    assert_proven(stack, back, uploads[-1], contents[-1], tmp_path)


def test_a_ticket_creates_and_does_nothing_else(party: Caller) -> None:
    ticket = ticket_of(party)
    for method, path, body in (
        ("GET", "me", None),
        ("GET", "dossier", None),
        ("GET", "receipts", None),
        ("POST", "submissions", {"digest": "0" * 64}),
        ("POST", "tickets", {}),
    ):
        assert ticket.api(method, path, body).status == 401, path


def test_a_disabled_account_creates_nothing_more_and_its_uploads_still_arrive(
    stack: Stack, sessions: Sessions, tmp_path: Path, party: Caller
) -> None:
    operator = stack.logins["operator.a.bandung"]
    person = Visitor(stack.base_url, operator)
    ticket = ticket_of(person)
    file = padded_pdf(tmp_path / "kantor.pdf", SIZE, seed="disabled")
    content = file.read_bytes()
    path = ticket.create(SIZE, OFFICE)
    ticket.patch(path, 0, content[: SIZE // 2]).expect(204)
    account = person.api("GET", "me").expect(200).json()["account"]

    administrator = caller(stack, "administrator.pusat")
    administrator.api("PATCH", f"accounts/{account}", {"disabled": True}).expect(200)
    token = Caller(stack.base_url, operator.token)
    for credential in (person, ticket, token):
        assert credential.post(SIZE, OFFICE).expect(401).json()["code"] == "login_required"
    ticket.patch(path, SIZE // 2, content[SIZE // 2 :]).expect(204)
    assert_proven(stack, party, upload_id(path), file, tmp_path)
    with sessions.read() as session:
        assert session.query(Account).filter_by(login=operator.login).one().disabled_at
    administrator.api("PATCH", f"accounts/{account}", {"disabled": False}).expect(200)


def test_a_cookie_creates_from_pages_of_this_portal_only(stack: Stack) -> None:
    person = Visitor(stack.base_url, stack.logins["koordinator.a"])
    person.create(SIZE, AD_ART)
    wanted = {
        "Cookie": person.cookie,
        "Upload-Length": str(SIZE),
        "Upload-Metadata": spelled(AD_ART.metadata()),
    }
    for origin in ({"Origin": "http://lain.test"}, {}):
        answer = ask(stack.base_url, "POST", "/files/", {**TUS, **wanted, **origin})
        assert answer.expect(403).json()["code"] == "foreign_origin"
    ask(stack.base_url, "POST", "/files/", {**wanted, "Origin": stack.base_url}).expect(412)


def test_two_clients_send_the_same_file_at_once(stack: Stack, tmp_path: Path) -> None:
    """Two people, one office file: both get a receipt, one counts, the other is told so."""
    people_ = [caller(stack, login) for login in ("koordinator.a", "operator.a.bandung")]
    content = padded_pdf(tmp_path / "sama.pdf", SIZE, seed="twice").read_bytes()
    paths = [each.create(SIZE, OFFICE) for each in people_]
    with (
        OpenPatch(stack.base_url, paths[0], 0, SIZE) as one,
        OpenPatch(stack.base_url, paths[1], 0, SIZE) as two,
    ):
        for begin in range(0, SIZE, 100_000):
            for line in (one, two):
                line.feed(content[begin : begin + 100_000])
        assert (one.status(), two.status()) == (204, 204)
    told = [people_[0].wait_until(upload_id(path), "passed", "rejected") for path in paths]
    assert sorted(each["state"] for each in told) == ["passed", "rejected"]
    refused = next(each for each in told if each["state"] == "rejected")
    assert refused["reason_code"] == "file.duplicate"
    assert refused["repair"]
    assert all(each["receipt"] for each in told)


def test_of_two_clients_on_one_upload_the_latest_wins_and_no_byte_is_lost(
    stack: Stack, party: Caller, tmp_path: Path
) -> None:
    size, half = 4 * MIB, 2 * MIB
    file = padded_pdf(tmp_path / "rebut.pdf", size, seed="latest")
    content = file.read_bytes()
    path = party.create(size, AD_ART)
    with OpenPatch(stack.base_url, path, 0, size) as first:
        first.feed(content[:half])
        wait_for(lambda: stored(stack, path) >= MIB, "the first bytes")
        offset = party.offset(path)
        assert MIB <= offset <= half
        party.patch(path, offset, content[offset:]).expect(204)
        assert first.status() in (0, 423)
    assert_proven(stack, party, upload_id(path), file, tmp_path)


def stored(stack: Stack, path: str) -> int:
    return (stack.config.upload_root / "data" / upload_id(path)).stat().st_size


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers tell no difference."""
    heads = [
        {name: value for name, value in answer.headers.items() if name not in PASSING}
        for answer in (one, other)
    ]
    return (one.status, one.body) == (other.status, other.body) and heads[0] == heads[1]


def test_the_right_id_with_a_wrong_key_is_no_upload_at_all(stack: Stack, party: Caller) -> None:
    path = party.create(SIZE, AD_ART)
    right, _, key = path.rpartition("~")
    wrong_key = f"{right}~{key[:-1]}{'0' if key[-1] != '0' else '1'}"
    unknown = f"/files/{secrets.token_hex(16)}~{key}"
    for method in ("HEAD", "PATCH", "DELETE"):
        fields = dict(TUS)
        if method == "PATCH":
            fields |= {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        body = b"x" * 10 if method == "PATCH" else None
        answers = [
            ask(stack.base_url, method, p, fields, body) for p in (wrong_key, unknown, right)
        ]
        assert answers[0].status == 404
        assert same(answers[0], answers[1])
        assert same(answers[0], answers[2])
    assert party.offset(path) == 0


@pytest.fixture(scope="module")
def owned(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Things of party A in Bandung: an open upload, a file with its receipt, a list."""
    party = caller(stack, "koordinator.a")
    rows = write_rows(tmp_path_factory.mktemp("rows") / "anggota.csv", people(3))
    file = party.send(pdf(text="milik A"), OFFICE)
    listed = party.send(rows.read_bytes(), MEMBERS)
    told = party.wait_until(file, "passed")
    party.wait_until(listed, "passed")
    roster = party.api("GET", "rosters").expect(200).json()["items"][0]["id"]
    return {
        "upload": upload_id(party.create(SIZE, OFFICE)),
        "file": file,
        "receipt": told["receipt"],
        "roster": roster,
    }


CALLS = [
    ("upload", "GET", "uploads/{}"),
    ("upload", "POST", "uploads/{}/url"),
    ("file", "GET", "uploads/{}"),
    ("file", "GET", "files/{}"),
    ("file", "POST", "files/{}/withdraw"),
    ("file", "POST", "files/{}/restore"),
    ("receipt", "GET", "receipts/{}"),
    ("file", "GET", "receipts/{}"),
    ("receipt", "GET", "receipts/{}.pdf"),
    ("receipt", "GET", "receipts/{}/manifest"),
    ("roster", "GET", "rosters/{}"),
    ("roster", "GET", "rosters/{}/rejected"),
    ("roster", "GET", "rosters/{}/rejected.csv"),
    ("roster", "GET", "rosters/{}/rejected.xlsx"),
    ("roster", "GET", "rosters/{}/results.csv"),
    ("roster", "GET", "rosters/{}/results.xlsx"),
]


@pytest.mark.parametrize("login", ["koordinator.b", "operator.a.ambon", "verifikator.ambon.1"])
def test_what_is_anothers_is_like_what_is_not(
    stack: Stack, owned: dict[str, str], login: str
) -> None:
    """Another party, another region, another office; in the API with a token and signed in."""
    # A verifier may not make some of the calls at all and is told so, whatever they name.
    wanted = {403, 404} if login.startswith("verifikator") else {404}
    for stranger in (caller(stack, login), Visitor(stack.base_url, stack.logins[login])):
        for thing, method, path in CALLS:
            body = {"reason": "bukan milik saya"} if path.endswith("withdraw") else {}
            sent = body if method == "POST" else None
            foreign = stranger.api(method, path.format(owned[thing]), sent)
            unknown = stranger.api(method, path.format(secrets.token_hex(16)), sent)
            assert foreign.status in wanted, (path, foreign)
            assert same(foreign, unknown), (path, foreign, unknown)
            assert owned[thing].encode() not in foreign.body


PAGES = [
    ("receipt", "GET", "/tanda-terima/{}"),
    ("receipt", "GET", "/tanda-terima/{}/qr.svg"),
    ("roster", "GET", "/anggota/{}"),
    ("roster", "POST", "/anggota/{}/hapus"),
    ("roster", "POST", "/anggota/{}/pulihkan"),
    ("roster", "POST", "/anggota/{}/kolom"),
    ("file", "POST", "/berkas/{}/hapus"),
    ("file", "POST", "/berkas/{}/pulihkan"),
]


@pytest.mark.parametrize("login", ["koordinator.b", "operator.a.ambon"])
def test_a_page_of_anothers_is_like_a_page_that_is_not(
    stack: Stack, owned: dict[str, str], login: str
) -> None:
    owner, person = (
        Visitor(stack.base_url, stack.logins[each]) for each in ("koordinator.a", login)
    )
    for thing, method, path in PAGES:
        if method == "GET":
            ask(stack.base_url, "GET", path.format(owned[thing]), owner.bearer).expect(200)
        answers = []
        for name in (owned[thing], secrets.token_hex(16)):
            fields = {**person.bearer, "Content-Type": "application/x-www-form-urlencoded"}
            form = f"csrf_token={person.csrf}&alasan=bukan+milik+saya".encode()
            body = form if method == "POST" else None
            answers.append(ask(stack.base_url, method, path.format(name), fields, body))
        foreign, unknown = answers
        assert foreign.status == 404, (path, foreign)
        assert same(foreign, unknown), (path, foreign, unknown)


def test_a_submission_whose_reply_was_lost_is_sent_again_and_gives_the_same_receipt(
    stack: Stack, tmp_path: Path
) -> None:
    party = caller(stack, "koordinator.b")
    upload = party.send(pdf(text="kirim"), AD_ART)
    party.wait_until(upload, "passed")
    digest = party.api("GET", "submissions/draft").expect(200).json()["digest"]
    body = json.dumps({"digest": digest}).encode()
    key = secrets.token_hex(16)
    place = urlsplit(stack.base_url)
    with socket.create_connection((place.hostname, place.port or 80)) as line:
        line.sendall(
            f"POST /api/v1/submissions HTTP/1.1\r\nHost: {place.netloc}\r\n"
            f"Authorization: Bearer {party.token}\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def listed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = party.api("GET", "submissions").expect(200).json()["items"]
        return found

    wait_for(lambda: len(listed()) == 1, "the submission whose reply nobody read")
    again = party.api("POST", "submissions", {"digest": digest}, {"Idempotency-Key": key})
    once_more = party.api("POST", "submissions", {"digest": digest})
    assert {again.status, once_more.status} <= {200, 201}, (again, once_more)
    told = [answer.json() for answer in (again, once_more)]
    assert told[0]["id"] == told[1]["id"] == listed()[0]["id"]
    assert told[0]["receipt"] == told[1]["receipt"]
    assert len(listed()) == 1
    receipts = party.api("GET", "receipts").expect(200).json()["items"]
    assert [each["serial"] for each in receipts if each["kind"] == "submission"] == [
        told[0]["receipt"]
    ]


def test_an_item_of_another_office_or_of_ones_own_party_is_like_none(stack: Stack) -> None:
    """After the submission above: its one item lies with the national office."""
    holder = caller(stack, "verifikator.pusat.1")
    wait_for(lambda: holder.api("GET", "queue").json()["counts"]["waiting"] > 0, "the item")
    item = holder.api("POST", "queue/claim", {}).expect(200).json()
    calls = [
        ("GET", "items/{}", None),
        ("POST", "items/{}/claim", {}),
        ("POST", "items/{}/heartbeat", {}),
        ("POST", "items/{}/release", {}),
        ("POST", "items/{}/decision", {"outcome": "MS"}),
        ("POST", "items/{}/undo", {}),
        ("GET", "items/{}/images/1", None),
    ]
    fields = {"If-Match": f'"{item["version"]}"'}
    for login, wanted in (("verifikator.bandung.1", {404}), ("koordinator.b", {403, 404})):
        stranger = caller(stack, login)
        for method, path, body in calls:
            foreign = stranger.api(method, path.format(item["id"]), body, fields)
            unknown = stranger.api(method, path.format(secrets.token_hex(16)), body, fields)
            assert foreign.status in wanted, (path, foreign)
            assert same(foreign, unknown), (path, foreign, unknown)
    assert holder.api("GET", f"items/{item['id']}").expect(200).json()["state"] == item["state"]
