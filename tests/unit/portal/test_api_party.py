"""A party through the API: dossier, uploads, files, lists, submission, receipts, journal; both databases."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from portal.models import Reservation
from portal.uploads_auth import CredentialKind, resolve
from tests.builders import build_file, build_roster, build_submission
from tests.portal_stand import Browser, Stand
from uploads.capability import id_from_path
from verification.chain_check import verify_export
from verification.issuing import issue_file_receipts
from verification.models import Party, Region, RejectedRow, Requirement, RosterVersion
from verification.receipts import verify
from verification.rosters.rejections import seal_context
from verification.states import FileState, ListStage

V1 = "/api/v1"


@pytest.fixture
def stand(stand_on_each: Stand) -> Stand:
    return stand_on_each


def reserve(stand: Stand, login: str, upload_id: str, region: str = "32.73") -> None:
    """An open upload of somebody, as the Policy leaves it."""
    with stand.sessions.begin() as session:
        requirement = session.scalars(
            select(Requirement).where(Requirement.code == "sk-kabupaten")
        ).one()
        session.add(
            Reservation(
                upload_id=upload_id,
                participation_id=stand.parties["a"].id,
                account_id=stand.people[login].id,
                requirement_id=requirement.id,
                region_id=session.scalars(select(Region.id).where(Region.code == region)).one(),
                purpose="document",
                filename="sk contoh.pdf",
                fingerprint="f" * 64,
                bytes=1000,
                created_at=stand.clock(),
                expires_at=stand.clock() + timedelta(days=7),
            )
        )


def test_me_names_the_account_and_what_closes_next(stand: Stand) -> None:
    me = stand.browser("operator.a").call("GET", f"{V1}/me").json
    assert (me["login"], me["role"], me["regions"]) == ("operator.a", "operator", ["32.73"])
    assert me["party"] == "Partai Contoh A"
    assert me["credential"] == "session"
    assert me["server_time"] == "2026-08-14T12:00:00Z"
    assert me["closes_next"]["stage"] == "pendaftaran"
    assert stand.browser("operator.a").call("GET", f"{V1}/me?election=lain").json[
        "participation"] is None  # fmt: skip


def test_the_dossier_is_a_task_list(stand: Stand, party: Browser) -> None:
    with stand.sessions.begin() as session:
        build_file(session, stand.party(session, "a"))
    dossier = party.call("GET", f"{V1}/dossier").json
    rows = {row["requirement"]: row for row in dossier["requirements"]}
    assert rows["ad-art"]["state"] == "complete"
    assert rows["sk-provinsi"]["needed"] == 2
    assert dossier["open_for_upload"] is True
    assert stand.browser("koordinator.a").call("GET", f"{V1}/dossier?election=x").status_code == 404


def test_requirements_and_regions_are_data(party: Browser) -> None:
    codes = [row["code"] for row in party.call("GET", f"{V1}/requirements").json["items"]]
    assert codes[:2] == ["ad-art", "berita-negara"]
    first = party.call("GET", f"{V1}/regions?parent=32&limit=3").json
    rest = party.call("GET", f"{V1}/regions?parent=32&cursor={first['next']}").json
    assert [row["code"] for row in first["items"] + rest["items"]] == [
        "32.01", "32.73", "32.78", "32.79"]  # fmt: skip
    assert rest["next"] is None


def test_a_ticket_outlives_the_login_and_only_serves_uploads(stand: Stand, party: Browser) -> None:
    made = party.call("POST", f"{V1}/tickets", {}).json
    assert made["expires_at"] == "2026-08-15T12:00:00Z"
    reserve(stand, "koordinator.a", "ab" * 16)
    stand.clock.turn(hours=5)
    client, bearer = stand.client(), {"Authorization": f"Bearer {made['ticket']}"}
    assert client.get(f"{V1}/uploads", headers=bearer).json["items"][0]["id"] == "ab" * 16
    assert client.get(f"{V1}/uploads/{'ab' * 16}", headers=bearer).json["state"] == "uploading"
    url = client.post(f"{V1}/uploads/{'ab' * 16}/url", headers=bearer).json["url"]
    assert id_from_path(stand.services.upload_secret, url) == "ab" * 16
    assert client.get(f"{V1}/me", headers=bearer).status_code == 401
    assert client.post(f"{V1}/tickets", headers=bearer).status_code == 401


def test_only_the_sender_gets_the_key_of_an_open_upload(stand: Stand, party: Browser) -> None:
    reserve(stand, "operator.a", "cd" * 16)
    path = f"{V1}/uploads/{'cd' * 16}"
    assert stand.browser("operator.a").call("POST", f"{path}/url", {}).status_code == 200
    assert party.call("GET", path).json["filename"] == "sk contoh.pdf"
    assert party.call("POST", f"{path}/url", {}).status_code == 404
    assert stand.browser("koordinator.b").call("GET", path).status_code == 404
    assert stand.browser("pengamat").call("GET", path).json["filename"] is None
    found = stand.browser("operator.a").call("GET", f"{V1}/uploads?fingerprint={'f' * 64}")
    assert [row["id"] for row in found.json["items"]] == ["cd" * 16]


def test_a_rejected_file_says_why_and_how_to_repair_it(stand: Stand, party: Browser) -> None:
    with stand.sessions.begin() as session:
        file = build_file(session, stand.party(session, "a"), state=FileState.REJECTED)
        file.rejection = "file.duplicate"
        public_id = file.public_id
    seen = party.call("GET", f"{V1}/uploads/{public_id}").json
    assert (seen["state"], seen["offset"]) == ("rejected", seen["length"])
    assert seen["reason_code"] == "file.duplicate"
    assert seen["reason"]
    assert seen["repair"]
    english = party.call("GET", f"{V1}/uploads/{public_id}", headers={"Accept-Language": "en"}).json
    assert english["reason"] == seen["reason"]  # the account's own language holds


def test_taking_a_file_back_needs_a_reason_and_can_be_undone(stand: Stand, party: Browser) -> None:
    with stand.sessions.begin() as session:
        public_id = build_file(session, stand.party(session, "a")).public_id
    path = f"{V1}/files/{public_id}"
    bare = party.call("POST", f"{path}/withdraw", {})
    assert (bare.status_code, list(bare.json["fields"])) == (422, ["reason"])
    gone = party.call("POST", f"{path}/withdraw", {"reason": "salah unggah"}).json
    assert gone["withdrawn_reason"] == "salah unggah"
    assert party.call("GET", f"{V1}/files").json["items"] == []
    assert len(party.call("GET", f"{V1}/files?withdrawn=true").json["items"]) == 1
    assert party.call("POST", f"{path}/restore", {}).json["withdrawn_at"] is None
    kinds = [row["kind"] for row in party.call("GET", f"{V1}/journal").json["items"]]
    assert kinds == ["file.restored", "file.withdrawn", "file.received"]


def test_lists_of_files_go_by_cursor_and_filter(stand: Stand, party: Browser) -> None:
    with stand.sessions.begin() as session:
        for region in ("32.01", "32.73", "73.71"):
            build_file(session, stand.party(session, "a"), "sk-kabupaten", region)
    first = party.call("GET", f"{V1}/files?limit=2").json
    rest = party.call("GET", f"{V1}/files?limit=2&cursor={first['next']}").json
    assert [row["region"] for row in first["items"] + rest["items"]] == ["73.71", "32.73", "32.01"]
    own = stand.browser("operator.a").call("GET", f"{V1}/files").json["items"]
    assert [row["region"] for row in own] == ["32.73"]
    one = party.call("GET", f"{V1}/files?region=73.71&requirement=sk-kabupaten").json["items"]
    assert len(one) == 1


def test_submitting_locks_and_repeating_gives_the_same_receipt(
    stand: Stand, party: Browser
) -> None:
    with stand.sessions.begin() as session:
        build_file(session, stand.party(session, "a"))
    draft = party.call("GET", f"{V1}/submissions/draft").json
    assert [entry["requirement"] for entry in draft["entries"]] == ["ad-art"]
    assert {row["requirement"] for row in draft["missing"]} >= {"berita-negara"}
    body = {"digest": draft["digest"]}
    assert stand.browser("operator.a").call("POST", f"{V1}/submissions", body).status_code == 403
    other = party.call("POST", f"{V1}/submissions", {"digest": "0" * 64})
    assert (other.status_code, other.json["code"]) == (409, "dossier_changed")
    key = {"Idempotency-Key": "kirim-1"}
    first = party.call("POST", f"{V1}/submissions", body, headers=key)
    again = party.call("POST", f"{V1}/submissions", body, headers=key)
    bare = party.call("POST", f"{V1}/submissions", body)
    assert first.status_code == again.status_code == bare.status_code == 201
    assert first.json == again.json == bare.json
    receipt = party.call("GET", f"{V1}/receipts/{first.json['receipt']}")
    manifest = party.call("GET", f"{V1}/receipts/{first.json['receipt']}/manifest").data
    verdict = verify(receipt.data, stand.trusted, io.BytesIO(manifest))
    assert verdict.genuine
    page = party.call("GET", f"{V1}/receipts/{first.json['receipt']}.pdf")
    assert (page.mimetype, page.data[:5]) == ("application/pdf", b"%PDF-")
    locked = party.call("POST", f"{V1}/submissions", {"digest": "1" * 64})
    assert locked.json["code"] == "dossier_locked"
    assert stand.browser("koordinator.b").call(
        "GET", f"{V1}/submissions/{first.json['id']}").status_code == 404  # fmt: skip


def test_a_files_receipt_is_handed_out_as_it_was_signed(stand: Stand, party: Browser) -> None:
    with stand.sessions.begin() as session:
        file = build_file(session, stand.party(session, "a"), "sk-kabupaten", "32.73",
                          content=b"isi")  # fmt: skip
        receipt = issue_file_receipts(session, stand.services.signer, [file], stand.clock())[0]
        serial, public_id = receipt.serial, file.public_id
    assert [row["serial"] for row in party.call("GET", f"{V1}/receipts").json["items"]] == [serial]
    operator = stand.browser("operator.a")
    assert operator.call("GET", f"{V1}/receipts").json["items"][0]["about"] == public_id
    document = operator.call("GET", f"{V1}/receipts/{public_id}").data
    assert document == party.call("GET", f"{V1}/receipts/{serial}").data
    trusted = stand.trusted
    assert verify(document, trusted, io.BytesIO(b"isi")).genuine
    assert not verify(document, trusted, io.BytesIO(b"lain")).genuine
    assert b"pdf" not in document
    assert party.call("GET", f"{V1}/receipts/{serial}.pdf").data.startswith(b"%PDF-")


def test_the_exported_journal_is_accepted_and_a_tampered_row_is_named(
    stand: Stand, party: Browser
) -> None:
    with stand.sessions.begin() as session:
        build_file(session, stand.party(session, "a"))
        build_submission(session, stand.party(session, "a"))
    reply = party.call("GET", f"{V1}/journal/export")
    assert reply.mimetype == "application/x-ndjson"
    trusted = stand.trusted
    assert verify_export(reply.text.splitlines(), trusted).genuine
    tampered = reply.text.replace('"ad-art"', '"ad-xrt"', 1)
    assert not verify_export(tampered.splitlines(), trusted).genuine
    assert stand.browser("operator.a").call("GET", f"{V1}/journal").status_code == 403


def test_a_list_says_sent_stored_rejected_and_hands_out_its_rejected_rows(
    stand: Stand, party: Browser
) -> None:
    with stand.sessions.begin() as session:
        version = build_roster(session, stand.party(session, "a"), 2)
        reject_row(stand, version)
        session.add(rejected := reject_row(stand, version))
        version.sent, version.rejected = 3, 1
        version.columns = {"headings": ["NIK", "Nama"]}
        roster, file, ref = version.roster.public_id, version.file.public_id, rejected.row_ref
    seen = party.call("GET", f"{V1}/rosters/{roster}").json
    assert (seen["sent"], seen["stored"], seen["rejected"]) == (3, 2, 1)
    assert seen["stage"] == ListStage.DONE.value
    assert party.call("GET", f"{V1}/rosters/{file}").json == seen
    rows = party.call("GET", f"{V1}/rosters/{roster}/rejected").json["items"]
    assert rows[0]["row_ref"] == ref
    assert rows[0]["problems"][0]["value"] == "3,27101E+15"
    assert rows[0]["problems"][0]["repair"]
    table = party.call("GET", f"{V1}/rosters/{roster}/rejected.csv")
    assert table.mimetype == "text/csv"
    assert "3,27101E+15" in table.text
    book = load_workbook(io.BytesIO(party.call("GET", f"{V1}/rosters/{roster}/rejected.xlsx").data))
    values = [cell.value for row in book.active.iter_rows() for cell in row]
    assert "3,27101E+15" in values
    book.close()
    assert stand.browser("pengamat").call("GET", f"{V1}/rosters/{roster}").json["rejected"] == 1
    assert stand.browser("pengamat").call(
        "GET", f"{V1}/rosters/{roster}/rejected").status_code == 403  # fmt: skip
    gone = party.call("POST", f"{V1}/rosters/{roster}/withdraw", {"reason": "keliru"})
    assert gone.json["withdrawn_at"] == "2026-08-14T12:00:00Z"
    assert party.call("POST", f"{V1}/rosters/{roster}/restore", {}).json["withdrawn_at"] is None


def reject_row(stand: Stand, version: RosterVersion) -> RejectedRow:
    """A row that Excel has damaged."""
    ref = "r9999"
    content = {"headings": ["NIK", "Nama"], "cells": ["3,27101E+15", "ANGGOTA CONTOH"]}
    sealed = stand.services.field_keys.seal(
        json.dumps(content).encode(), seal_context(version.roster.public_id, ref)
    )
    return RejectedRow(
        version_id=version.id, line=3, row_ref=ref, cells=sealed,
        errors=[{"code": "nik.scientific", "column": "NIK", "params": {}}],
    )  # fmt: skip


def test_a_list_that_waits_is_known_by_its_file(stand: Stand, party: Browser) -> None:
    with stand.sessions.begin() as session:
        party_a = stand.party(session, "a")
        file = build_file(session, party_a, "anggota", "32.73", purpose="roster",
                          state=FileState.RECEIVED)  # fmt: skip
        other = build_file(session, party_a).public_id
        public_id = file.public_id
    seen = party.call("GET", f"{V1}/rosters/{public_id}").json
    assert (seen["id"], seen["stage"], seen["sent"]) == (public_id, "stored", None)
    assert seen["position"] > 0
    assert party.call("GET", f"{V1}/rosters/{other}").status_code == 404


def test_each_credential_is_recognised_and_ends(stand: Stand, party: Browser) -> None:
    ticket = party.call("POST", f"{V1}/tickets", {}).json["ticket"]
    bearer = stand.bearer("koordinator.a", "upload")["Authorization"]
    session_cookie = party.get_cookie("sipol_session")
    assert session_cookie is not None
    cookie = f"a=b; sipol_session={session_cookie.value}; c"
    given = [
        (cookie, None, CredentialKind.SESSION),
        (None, bearer, CredentialKind.TOKEN),
        (None, f"bearer {ticket}", CredentialKind.TICKET),
    ]

    def kinds(days: int = 0) -> list[CredentialKind | None]:
        at = stand.clock() + timedelta(days=days)
        with stand.sessions.read() as session:
            found = [resolve(session, cookie=c, authorization=a, now=at) for c, a, _ in given]
            return [each and each.kind for each in found]

    assert kinds() == [kind for _, _, kind in given]
    assert kinds(2) == [None, CredentialKind.TOKEN, None]
    assert kinds(31) == [None, None, None]
    with stand.sessions.read() as session:
        assert session.scalar(select(Party.id)) is not None
        for wrong in ("Basic x", "Bearer", "Bearer sipol_a_" + "é" * 43, "Bearer " + "x" * 9999):
            assert resolve(
                session, cookie=cookie, authorization=wrong, now=stand.clock()
            ) is None  # fmt: skip
