"""`sipol upload` against the real upload server, through a front that breaks on purpose."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from portal.cli.upload import upload
from tests.tus_stand import Cut, Say, Stand

CLAIM = ("--requirement", "sk_kab", "--region", "32.73", "--purpose", "document")
MIB = 1024 * 1024

pytestmark = pytest.mark.usefixtures("home")


def sipol(*arguments: object) -> Result:
    claim = () if "--region" in arguments else CLAIM
    return CliRunner().invoke(upload, [*map(str, arguments), *claim])


def events(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "anggota 32.73.csv"
    path.write_bytes(os.urandom(3 * MIB + 5))
    return path


def test_a_file_arrives_is_checked_and_its_receipt_is_kept(stand: Stand, file: Path) -> None:
    result = sipol(file)
    assert result.exit_code == 0, result.output
    arrival = stand.arrival()
    assert arrival.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert "Lolos pemeriksaan sistem" in result.output
    assert "1 dari 1 berkas tersimpan" in result.output
    assert stand.seen.received == file.stat().st_size


def test_the_claim_travels_in_the_metadata(stand: Stand, file: Path) -> None:
    sipol(file, "--corrects", "a" * 32, "--election", "2034")
    metadata = stand.arrival().metadata
    assert metadata["filename"] == file.name
    assert metadata["filetype"] == "text/csv"
    assert metadata["corrects"] == "a" * 32
    assert metadata["election"] == "2034"
    assert metadata["sha256"] == stand.arrival().sha256
    assert len(metadata["batch"]) == 32


def test_creation_carries_the_ticket_and_nothing_else_carries_a_secret(
    stand: Stand, file: Path
) -> None:
    sipol(file)
    by_path = dict(stand.seen.tokens)
    assert by_path["/files/"] == "Bearer ticket-1"
    assert {token for path, token in stand.seen.tokens if "~" in path} == {None}


def test_what_is_remembered_holds_no_name_and_no_key(stand: Stand, file: Path, home: Path) -> None:
    sipol(file)
    address = next(path for method, path in stand.seen.requests if method == "PATCH")
    texts = [p.name + p.read_text("utf-8") for p in (home / "uploads").iterdir()]
    assert any(stand.arrival().upload_id in text for text in texts)
    assert not any(address.partition("~")[2] in text or "anggota" in text for text in texts)


def test_cut_lines_go_on_from_the_last_byte(stand: Stand, file: Path) -> None:
    stand.faults.extend([Cut(700_000), Cut(300_001), Cut(100)])
    result = sipol(file, "--json")
    assert result.exit_code == 0, result.output
    assert stand.arrival().sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert stand.seen.received <= 1.02 * file.stat().st_size
    assert stand.seen.count("POST", "/files/") == 1
    assert [event["event"] for event in events(result)].count("waiting") == 3


@pytest.mark.parametrize("status", [409, 423, 429, 460, 500, 502, 503, 504])
def test_trouble_that_passes_leads_to_head(stand: Stand, file: Path, status: int) -> None:
    stand.faults.append(Say(status))
    assert sipol(file).exit_code == 0
    assert stand.seen.count("HEAD", "/files/") == 1
    assert stand.seen.count("POST", "/files/") == 1


def test_creation_is_tried_again_too(stand: Stand, file: Path) -> None:
    stand.faults.extend([
        Say(503, "POST", at="/api/v1/tickets"),
        Say(503, "POST", retry_after="0"),
        Cut(0, "POST", reply_lost=True),
    ])  # fmt: skip
    assert sipol(file).exit_code == 0
    assert stand.seen.count("POST", "/files/") == 3
    assert stand.seen.received == file.stat().st_size


def test_the_reply_to_the_last_byte_is_lost(stand: Stand, file: Path) -> None:
    stand.faults.append(Cut(10 * MIB, reply_lost=True))
    assert sipol(file).exit_code == 0
    assert stand.seen.received == file.stat().st_size


def test_an_upload_the_server_no_longer_knows_starts_anew_and_says_so(
    stand: Stand, file: Path
) -> None:
    stand.faults.extend([Cut(MIB), Say(404, "HEAD")])
    result = sipol(file)
    assert result.exit_code == 0, result.output
    assert "mulai lagi dari awal" in result.output
    assert stand.seen.count("POST", "/files/") == 2


def test_an_ended_ticket_is_replaced(stand: Stand, file: Path) -> None:
    stand.expired_tickets = 1
    assert sipol(file).exit_code == 0
    assert stand.seen.tickets == 2


def test_an_unknown_token_is_its_own_exit_code(stand: Stand, file: Path) -> None:
    stand.known_token = "another"
    result = sipol(file)
    assert result.exit_code == 4
    assert "minta token baru" in result.output


def test_a_token_that_ends_during_the_night_ends_nothing(stand: Stand, file: Path) -> None:
    stand.watch = (MIB, lambda: setattr(stand, "known_token", "another"))
    result = sipol(file)
    assert result.exit_code == 0, result.output
    assert "Lolos pemeriksaan sistem" in result.output


def test_a_server_that_stays_away_is_its_own_exit_code(stand: Stand, file: Path) -> None:
    stand.faults.extend([Cut(MIB), *(Say(503, "HEAD") for _ in range(50))])
    result = sipol(file, "--patience", "0.5")
    assert result.exit_code == 3
    assert "jalankan perintah yang sama" in result.output


def test_a_refusal_is_told_in_the_servers_words_and_not_repeated(stand: Stand, file: Path) -> None:
    result = sipol(file, "--region", "99", *CLAIM[:2], *CLAIM[4:])
    assert result.exit_code == 1
    assert "Wilayah ini tidak termasuk wilayah Anda." in result.output
    assert stand.seen.count("POST", "/files/") == 1


def test_a_rejection_by_the_system_says_why(stand: Stand, file: Path) -> None:
    stand.verdict = ("rejected", "PDF tidak dapat dibuka.")
    result = sipol(file)
    assert result.exit_code == 1
    assert "Ditolak sistem: PDF tidak dapat dibuka. Simpan ulang sebagai PDF." in result.output


def test_a_check_that_takes_long_is_its_own_exit_code(stand: Stand, file: Path) -> None:
    stand.verdict = ("checking", None)
    result = sipol(file, "--wait", "1")
    assert result.exit_code == 6
    assert stand.seen.polls >= 1


def test_no_wait_does_not_ask(stand: Stand, file: Path) -> None:
    assert sipol(file, "--no-wait").exit_code == 0
    assert stand.seen.polls == 0


def test_the_same_command_again_sends_nothing(stand: Stand, file: Path) -> None:
    sipol(file)
    received = stand.seen.received
    result = sipol(file)
    assert result.exit_code == 0
    assert "Lolos pemeriksaan sistem" in result.output
    assert stand.seen.received == received


def test_the_same_content_for_another_region_is_another_upload(stand: Stand, file: Path) -> None:
    sipol(file)
    sipol(file, "--region", "32.74", *CLAIM[:2], *CLAIM[4:])
    assert stand.seen.received == 2 * file.stat().st_size


def test_two_names_for_one_content_are_sent_once(stand: Stand, file: Path, tmp_path: Path) -> None:
    twin = tmp_path / "kembar.csv"
    twin.write_bytes(file.read_bytes())
    result = sipol(file, twin, "--json")
    assert result.exit_code == 0
    states = sorted(row["state"] for row in events(result)[-1]["files"])
    assert states == ["passed", "same"]
    assert stand.seen.received == file.stat().st_size


def test_many_files_at_once(stand: Stand, tmp_path: Path) -> None:
    files = []
    for number in range(6):
        files.append(tmp_path / f"{number}.pdf")
        files[-1].write_bytes(os.urandom(100_000 + number))
    result = sipol(*files, "--parallel", "3", "--json")
    assert result.exit_code == 0, result.output
    rows = events(result)[-1]["files"]
    assert [row["file"] for row in rows] == [str(path) for path in files]
    assert {row["state"] for row in rows} == {"passed"}
    assert stand.seen.tickets == 1


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "sk.pdf"
    path.write_bytes(os.urandom(200_000))
    return path


def test_a_small_file_goes_with_its_creation_in_one_request(stand: Stand, small: Path) -> None:
    result = sipol(small)
    assert result.exit_code == 0, result.output
    assert [path for _, path in stand.seen.requests if path.startswith("/files/")] == ["/files/"]
    assert stand.arrival().sha256 == hashlib.sha256(small.read_bytes()).hexdigest()
    assert sipol(small).exit_code == 0
    assert stand.seen.received == small.stat().st_size


@pytest.mark.parametrize("arguments", [(), ("--again",)])
def test_a_small_file_whose_reply_is_lost_is_found_and_not_sent_twice(
    stand: Stand, small: Path, arguments: tuple[str, ...]
) -> None:
    if arguments:
        sipol(small)
    before = stand.seen.received
    stand.faults.append(Cut(MIB, "POST", reply_lost=True))
    result = sipol(small, *arguments)
    assert result.exit_code == 0, result.output
    assert stand.seen.received - before == small.stat().st_size


@pytest.mark.parametrize("fault", [Cut(70_000, "POST"), Say(503, "POST"), Say(401, "POST")])
def test_a_small_file_that_did_not_arrive_goes_the_long_way(
    stand: Stand, small: Path, fault: Cut | Say
) -> None:
    stand.faults.append(fault)
    result = sipol(small)
    assert result.exit_code == 0, result.output
    assert stand.seen.count("PATCH", "/files/") == 1
    assert stand.arrival().sha256 == hashlib.sha256(small.read_bytes()).hexdigest()


def test_a_small_file_begun_by_a_run_that_was_killed_is_looked_for(
    stand: Stand, small: Path, home: Path
) -> None:
    sipol(small)
    (record,) = (home / "uploads").glob("*.json")
    record.write_text(
        json.dumps(json.loads(record.read_text()) | {"upload": "", "batch": batch(stand)})
    )
    assert sipol(small).exit_code == 0
    assert stand.seen.received == small.stat().st_size


def batch(stand: Stand) -> str:
    return stand.arrival().metadata["batch"]


def test_a_small_file_that_is_refused_says_why_at_once(stand: Stand, small: Path) -> None:
    result = sipol(small, "--region", "99", *CLAIM[:2], *CLAIM[4:])
    assert result.exit_code == 1
    assert "Wilayah ini tidak termasuk wilayah Anda." in result.output
    assert stand.seen.count("POST", "/files/") == 1


def test_an_empty_file_needs_no_patch(stand: Stand, tmp_path: Path) -> None:
    empty = tmp_path / "kosong.csv"
    empty.touch()
    assert sipol(empty).exit_code == 0
    assert stand.seen.count("PATCH", "/files/") == 0


def test_a_file_written_to_while_it_is_sent_is_not_finished(stand: Stand, file: Path) -> None:
    stand.faults.append(Cut(MIB))

    def write() -> None:
        with file.open("ab") as opened:
            opened.write(b"more")

    stand.watch = (MIB, write)
    result = sipol(file)
    assert result.exit_code == 2
    assert "berubah selagi diunggah" in result.output


def test_a_receipt_for_another_file_is_pointed_out(
    stand: Stand, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.cli.client.run._fits", lambda *_: False)
    assert "PERINGATAN: tanda terima" in sipol(file).output


def test_a_receipt_that_cannot_be_fetched_yet_is_asked_for_again(stand: Stand, file: Path) -> None:
    stand.faults.append(Say(503, "GET", at="/api/v1/receipts/"))
    assert "Tanda terima:" in sipol(file).output


def test_receipts_go_where_they_are_wanted(stand: Stand, file: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "bukti"
    sipol(file, "--receipts", wanted)
    upload_id = stand.arrival().upload_id
    assert [path.name for path in wanted.iterdir()] == [f"tanda-terima-{upload_id}.json"]


def test_english_is_one_option_away(stand: Stand, file: Path) -> None:
    assert "Passed the system check" in sipol(file, "--lang", "en").output


@pytest.mark.parametrize(
    "arguments",
    [("--server", "portal.contoh.id"), ("--server", "https://a:b@c/"), ("nowhere.pdf",)],
)
def test_wrong_use_is_exit_code_two(file: Path, arguments: tuple[str, ...]) -> None:
    assert sipol(file, *arguments).exit_code == 2


def test_without_a_token_nothing_is_sent(
    stand: Stand, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIPOL_TOKEN")
    assert sipol(file).exit_code == 4
    assert not stand.seen.requests


def test_a_file_name_cannot_drive_the_terminal(stand: Stand, tmp_path: Path) -> None:
    evil = tmp_path / "a\x1b[2Jb[red].pdf"
    evil.write_bytes(b"x")
    output = sipol(evil).output
    assert "\x1b[2J" not in output
    assert "a?[2Jb[red].pdf" in output


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_file_name_that_is_no_text_still_arrives(
    stand: Stand, tmp_path: Path, form: list[str]
) -> None:
    strange = tmp_path / os.fsdecode(b"sk\xff.pdf")
    strange.write_bytes(b"x")
    assert sipol(strange, *form).exit_code == 0
    assert stand.arrival().metadata["filename"] == "sk?.pdf"
