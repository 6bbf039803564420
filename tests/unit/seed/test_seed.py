"""What `sipol init` puts into a database: complete, the same twice, and honest about its sources."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from sqlalchemy import func, select

from portal.seed import REGION_SET, seed
from portal.seed.regions import SAMPLE_POPULATION, ZONE_OF_PROVINCE, rows, sample_population
from verification.chain import genesis
from verification.db import Base, Sessions
from verification.models import (
    Chain,
    Election,
    Office,
    ReasonCode,
    RegionSet,
    Requirement,
    Round,
    Stage,
    Window,
)

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def test_the_region_table_is_the_whole_nation() -> None:
    counts = Counter(row["level"] for row in rows(1))
    assert counts == {"national": 1, "province": 38, "regency": 514, "district": 7285}


def test_every_parent_comes_before_its_children() -> None:
    seen = {None}
    for row in rows(1):
        assert row["parent_code"] in seen, row["code"]
        seen.add(row["code"])


def test_every_province_has_a_zone_and_the_three_zones_are_where_they_are() -> None:
    by_code = {row["code"]: row["time_zone"] for row in rows(1)}
    assert len(ZONE_OF_PROVINCE) == 38
    assert by_code["32.73.01"] == by_code["61"] == "Asia/Jakarta"
    assert by_code["51.71"] == by_code["73.71.01"] == by_code["63"] == "Asia/Makassar"
    assert by_code["81.71"] == by_code["96"] == "Asia/Jayapura"


def test_sample_populations_never_change_and_say_that_they_are_samples() -> None:
    people = {row["code"]: row for row in rows(1) if row["population"] is not None}
    assert sample_population("32.73") == people["32.73"]["population"] == sample_population("32.73")
    assert {row["population_source"] for row in people.values()} == {SAMPLE_POPULATION}
    regencies = [row["population"] for row in people.values() if row["level"] == "regency"]
    assert people["ID"]["population"] == sum(regencies)
    assert min(regencies) < 1_000_000 < max(regencies)


def test_an_empty_database_is_filled(sessions: Sessions) -> None:
    with sessions.begin() as session:
        made = seed(session, NOW)
    assert (made.regions, made.offices) == (7838, 553)
    with sessions.read() as session:
        regions = session.scalars(select(RegionSet)).one()
        assert (regions.code, "ODbL" in regions.licence) == (REGION_SET, True)
        election = session.scalars(select(Election).where(Election.current)).one()
        assert election.region_set_id == regions.id
        bandung = session.scalars(select(Office).where(Office.code == "32.73")).one()
        assert (bandung.name, bandung.level) == ("KPU Kota Bandung", "regency")
        assert bandung.chain.head_hash == genesis(bandung.chain.public_id)
        kinds = select(Chain.kind, func.count()).group_by(Chain.kind)
        assert dict(session.execute(kinds).all()) == {"office": 553, "system": 1}


def test_seeding_again_adds_nothing(sessions: Sessions) -> None:
    with sessions.begin() as session:
        seed(session, NOW)
    with sessions.read() as session:
        before = _sizes(session)
    with sessions.begin() as session:
        seed(session, NOW.replace(year=2027))
    with sessions.read() as session:
        assert _sizes(session) == before


def test_the_process_is_rows_with_a_legal_basis(sessions: Sessions) -> None:
    with sessions.begin() as session:
        seed(session, NOW)
    with sessions.read() as session:
        for table in (Requirement, ReasonCode, Round, Window):
            assert all(row.legal_basis for row in session.scalars(select(table)))
        requirements = {row.code: row for row in session.scalars(select(Requirement))}
        assert requirements["sk-pengurus-kabupaten"].threshold["at_least"] == 0.75
        assert requirements["anggota"].purpose == "roster"
        assert not requirements["kartu-anggota"].reviewed
        letters = {row.legal_basis.split("huruf ")[1][0] for row in requirements.values()}
        assert letters == set("abcdefghijk")
        groups = list(dict.fromkeys(row.group for row in requirements.values()))
        assert groups == ["Dokumen pusat", "Kepengurusan", "Kantor", "Rekening", "Keanggotaan"]


def test_round_one_is_open_and_round_two_knows_no_bms(sessions: Sessions) -> None:
    with sessions.begin() as session:
        seed(session, NOW)
    with sessions.read() as session:
        first, second = session.scalars(select(Round).order_by(Round.number))
        assert (first.allowed_outcomes, first.opened_at) == (["MS", "BMS", "TMS"], NOW)
        assert (second.allowed_outcomes, second.opened_at) == (["MS", "TMS"], None)
        stage = session.get_one(Stage, first.stage_id)
        window = session.scalars(select(Window).where(Window.stage_id == stage.id)).one()
        # 20.00 UTC is 03.00 the next day in Jakarta: the window begins on that day, at midnight WIB.
        assert window.opens_at == datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
        assert (window.closes_at.hour, window.closes_at.minute) == (16, 59)


def test_each_reason_has_its_own_key_on_the_desk(sessions: Sessions) -> None:
    with sessions.begin() as session:
        seed(session, NOW)
    with sessions.read() as session:
        reasons = session.scalars(select(ReasonCode)).all()
    keys = Counter((row.applies_to, row.outcome, row.key) for row in reasons)
    assert set(keys.values()) == {1}
    assert {(row.applies_to, row.outcome) for row in reasons} == {
        ("document", "BMS"),
        ("document", "TMS"),
        ("member", "BMS"),
        ("member", "TMS"),
    }
    assert all(row.key in "123456789" for row in reasons)


def _sizes(session) -> dict[str, int]:
    return {
        table.name: session.scalar(select(func.count()).select_from(table))
        for table in Base.metadata.sorted_tables
    }
