"""Who may create which upload: credentials, scope, what is asked for, when, and how big."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal.models import Account, Reservation
from tests.builders import build_file, build_submission
from uploads.errors import CreationRefused
from uploads.policy import Claim
from verification.extending import NewTimes, move
from verification.journal import entries, facts_of
from verification.journal_kinds import Kind
from verification.models import Participation, Party, Roster, Window
from verification.reference import (
    current_election,
    participation_of,
    region_of,
    requirement_by_code,
)
from verification.schedule import stages, window_for
from verification.states import Role

from .conftest import HOST, NOW, World, arrival_of, asked

ORIGIN = f"http://{HOST}"
MINUTE = timedelta(minutes=1)


def refusal(world: World, **given: object) -> tuple[int, str]:
    """Status and code with which a creation is refused; nothing may be left behind."""
    with pytest.raises(CreationRefused) as refused:
        world.policy().may_create(asked(**given))
    with world.sessions.read() as session:
        assert session.scalar(select(func.count(Reservation.id))) == 0
    status, code, sentence = refused.value.answer()
    *_, english = refused.value.answer(english=True)
    assert english != sentence
    for said in (sentence, english):
        assert said[0].isupper()
        assert said.endswith(".")
    return status, code


def test_a_grant_freezes_the_claim_in_codes_and_public_ids(world: World) -> None:
    request = asked(authorization=world.token("koordinator.a"))
    grant = world.policy().may_create(request)
    with world.sessions.read() as session:
        party = session.get_one(Party, world.parties["a"])
        account = world.account(session, "koordinator.a")
    assert grant.claim == Claim(
        election="contoh-2029",
        party=party.public_id,
        requirement="sk-pengurus-kabupaten",
        region="32.73",
        purpose="document",
        account=account.public_id,
    )
    assert grant.owner == f"account:{account.public_id}"
    assert grant.expires_at == NOW + timedelta(days=7)
    assert grant.max_size == 256 * 1024**2


def test_a_granted_upload_is_reserved_and_in_the_partys_journal(world: World) -> None:
    request = asked(authorization=world.token("koordinator.a"), length=4711, batch="malam-1")
    world.policy().may_create(request)
    with world.sessions.read() as session:
        held = session.scalars(select(Reservation)).one()
        assert (held.upload_id, held.bytes, held.batch) == (request.upload_id, 4711, "malam-1")
        chain = session.get_one(Participation, held.participation_id).chain
        newest = entries(session, chain)[0]
        assert newest.kind == "upload.granted"
        assert "berkas contoh" not in newest.facts


@pytest.mark.parametrize("means", ["token", "ticket", "cookie"])
def test_each_credential_opens_the_door(world: World, means: str) -> None:
    if means == "cookie":
        given = {"cookie": world.cookie("operator.a"), "origin": ORIGIN}
    else:
        given = {"authorization": getattr(world, means)("operator.a")}
    assert world.policy().may_create(asked(**given)).claim.region == "32.73"


@pytest.mark.parametrize("origin", [None, "null", "https://elsewhere.example", f"ftp://{HOST}"])
def test_a_cookie_counts_from_the_portals_own_pages_only(world: World, origin: str | None) -> None:
    given = {"cookie": world.cookie("koordinator.a"), "origin": origin}
    assert refusal(world, **given) == (403, "foreign_origin")


def test_production_believes_cookies_from_https_only(world: World) -> None:
    policy = world.policy(production=True)
    cookie = world.cookie("koordinator.a")
    with pytest.raises(CreationRefused):
        policy.may_create(asked(cookie=cookie, origin=ORIGIN))
    policy.may_create(asked(cookie=cookie, origin=f"https://{HOST}"))


def test_a_wrong_token_does_not_fall_back_to_the_cookie(world: World) -> None:
    given = {"cookie": world.cookie("koordinator.a"), "origin": ORIGIN}
    assert refusal(world, authorization="Bearer salah", **given) == (401, "login_required")


def test_nobody_may_create_nothing(world: World) -> None:
    assert refusal(world) == (401, "login_required")


def test_a_token_without_the_scope_may_not(world: World) -> None:
    token = world.token("koordinator.a", "read")
    assert refusal(world, authorization=token) == (403, "scope_missing")


def test_a_ticket_is_good_until_its_hour(world: World) -> None:
    ticket = world.ticket("koordinator.a", hours=2)
    world.now = NOW + timedelta(hours=2, seconds=-1)
    world.policy().may_create(asked(authorization=ticket))
    world.now = NOW + timedelta(hours=2)
    with pytest.raises(CreationRefused):
        world.policy().may_create(asked(authorization=ticket))


def test_disabling_an_account_ends_its_tickets(world: World) -> None:
    ticket = world.ticket("koordinator.a")
    with world.sessions.begin() as session:
        session.execute(update(Account).values(disabled_at=NOW))
    assert refusal(world, authorization=ticket) == (401, "login_required")


def test_only_a_partys_people_upload(world: World) -> None:
    assert refusal(world, authorization=world.token("pengamat")) == (403, "wrong_role")


@pytest.mark.parametrize(
    ("region", "requirement"), [("81.71", "sk-pengurus-kabupaten"), ("32", "sk-pengurus-provinsi")]
)
def test_an_operator_stays_in_his_regions(world: World, region: str, requirement: str) -> None:
    token = world.token("operator.a")
    given = {"region": region, "requirement": requirement}
    assert refusal(world, authorization=token, **given) == (403, "out_of_scope")


def test_what_lies_below_an_operators_region_is_his(world: World) -> None:
    token = world.token("operator.a")
    request = asked(authorization=token, region="32.73.01", requirement="sk-pengurus-kecamatan")
    assert world.policy().may_create(request).claim.region == "32.73.01"


def test_an_operator_without_regions_works_on_nothing(world: World) -> None:
    token = world.token("operator.tanpa")
    assert refusal(world, authorization=token) == (403, "out_of_scope")


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"filename": None}, (400, "bad_metadata")),
        ({"filename": "a\nb.pdf"}, (400, "bad_metadata")),
        ({"purpose": "lain"}, (400, "bad_metadata")),
        ({"region": "32.7"}, (400, "bad_metadata")),
        ({"sha256": "AB"}, (400, "bad_metadata")),
        ({"corrects": "../../x"}, (400, "bad_metadata")),
        ({"region": "99"}, (400, "unknown_target")),
        ({"election": "lain"}, (400, "unknown_target")),
        ({"requirement": "tidak-ada"}, (400, "unknown_requirement")),
        ({"region": "32"}, (400, "unknown_requirement")),
        ({"purpose": "roster"}, (400, "unknown_requirement")),
        ({"filetype": "application/zip"}, (415, "unsupported_type")),
        ({"filetype": "", "filename": "berkas"}, (415, "unsupported_type")),
        ({"length": 256 * 1024**2 + 1}, (413, "too_large")),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    world: World, given: dict[str, object], answer: tuple[int, str]
) -> None:
    assert refusal(world, authorization=world.token("koordinator.a"), **given) == answer


@pytest.mark.parametrize(
    ("filename", "filetype"),
    [("a.csv", "application/vnd.ms-excel"), ("A.CSV", ""), ("a.csv", "text/csv; charset=utf-8")],
)
def test_a_list_may_be_for_the_whole_nation_and_called_what_windows_calls_it(
    world: World, filename: str, filetype: str
) -> None:
    request = asked(
        authorization=world.token("koordinator.a"),
        purpose="roster",
        requirement="anggota",
        region="ID",
        filename=filename,
        filetype=filetype,
    )
    assert world.policy().may_create(request).claim.region == "ID"


def test_scans_are_sent_for_their_own_requirement(world: World) -> None:
    token = world.token("operator.a")
    sent = {"purpose": "scans", "filename": "kartu.zip", "filetype": "application/zip"}
    refused = refusal(world, authorization=token, requirement="anggota", **sent)
    assert refused == (400, "unknown_requirement")
    request = asked(authorization=token, requirement="kartu-anggota", **sent)
    assert world.policy().may_create(request).claim.purpose == "scans"


def test_a_correction_names_a_list_of_ones_own(world: World) -> None:
    with world.sessions.begin() as session:
        election = current_election(session)
        own = session.scalars(
            select(Participation).where(Participation.party_id == world.parties["a"])
        ).one()
        roster = Roster(
            participation_id=own.id,
            requirement_id=requirement_by_code(session, election, "anggota").id,
            region_id=region_of(session, election, "32.73").id,
            created_at=NOW,
        )
        session.add(roster)
    sent = {"purpose": "roster", "requirement": "anggota", "filetype": "text/csv"}
    sent["corrects"] = roster.public_id
    theirs = world.token("koordinator.b")
    assert refusal(world, authorization=theirs, **sent) == (400, "unknown_target")
    world.policy().may_create(asked(authorization=world.token("koordinator.a"), **sent))


def test_a_closed_window_refuses(world: World) -> None:
    token = world.token("koordinator.a")
    with world.sessions.begin() as session:
        session.execute(update(Window).values(closes_at=NOW))
    assert refusal(world, authorization=token) == (403, "window_closed")


def test_a_dossier_that_was_sent_takes_nothing_more(world: World) -> None:
    token = world.token("koordinator.a")
    with world.sessions.begin() as session:
        party = session.scalars(
            select(Participation).where(Participation.party_id == world.parties["a"])
        ).one()
        build_file(session, party, now=NOW)
        build_submission(session, party, now=NOW, items=False)
    assert refusal(world, authorization=token) == (403, "dossier_locked")
    world.policy().may_create(asked(authorization=world.token("koordinator.b")))


def test_begun_before_the_old_close_or_after_it_the_new_close_decides(world: World) -> None:
    """One upload runs over the old close, another is refused then and comes again: both are in time."""
    policy, token = world.policy(), world.token("koordinator.a")
    with world.sessions.begin() as session:
        election = current_election(session)
        stage = stages(session, election)[0]
        held = window_for(session, stage, None)
        close = held.closes_at
        world.now = close - MINUTE
    running = asked(authorization=token)
    grant = policy.may_create(running)
    world.now = close + MINUTE
    late = asked(authorization=token)
    with pytest.raises(CreationRefused) as refused:
        policy.may_create(late)
    assert refused.value.answer()[1] == "window_closed"
    with world.sessions.begin() as session:
        times = NewTimes(
            stage=stage, participation=None, closes_at=close + timedelta(hours=3),
            grace_seconds=held.grace_seconds, legal_basis="Keputusan uji",
        )  # fmt: skip
        move(session, times, seen=1, actor="system", role=Role.ADMINISTRATOR, now=world.now)
    again = policy.may_create(late)
    world.now = close + timedelta(hours=2)
    policy.finished(
        replace(arrival_of(running, grant), created_at=close - MINUTE, finished_at=world.now)
    )
    policy.finished(arrival_of(late, again, world.now - timedelta(minutes=5)))
    with world.sessions.read() as session:
        chain = participation_of(session, world.parties["a"], election).chain
        received = entries(session, chain, kinds=[Kind.FILE_RECEIVED.value])
        assert [facts_of(entry)["late"] for entry in received] == [False, False]
    # What was granted is kept as long as before: an open upload's end follows no close.
    assert grant.expires_at > close + timedelta(hours=3)
