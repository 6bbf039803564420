"""`sipol verify`: plain words and an exit code, from keys the reader trusts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal.cli.verify import verify
from tests.proof import (
    CONTENT,
    KEY,
    OTHER_KEY,
    TRUSTED,
    arrival_receipt,
    exported,
    point_of,
    rows,
    submission_receipt,
)
from verification.receipt_qr import qr_text
from verification.receipts import sign

ROWS = rows(12)


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("SIPOL_HOME", raising=False)
    monkeypatch.delenv("SIPOL_RECEIPT_KEYS", raising=False)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "kunci.json"
    path.write_text(TRUSTED.to_json())
    return path


@pytest.fixture
def receipt(tmp_path: Path) -> Path:
    path = tmp_path / "tanda-terima.json"
    path.write_text(sign(arrival_receipt(point_of(ROWS, 7)), KEY).to_json())
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "SK.pdf"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "riwayat.jsonl"
    path.write_text("".join(exported(ROWS)))
    return path


def sipol(*arguments: object) -> Result:
    return CliRunner().invoke(verify, [str(argument) for argument in arguments])


def test_a_genuine_receipt(receipt: Path, keys: Path) -> None:
    result = sipol(receipt, "--keys", keys)
    assert result.exit_code == 0
    assert result.output.startswith("ASLI.")
    assert "14 Agustus 2022 23.59.07 WIB" in result.output
    assert "bukan pernyataan bahwa berkas memenuhi syarat" in result.output


def test_with_its_file(receipt: Path, file: Path, keys: Path) -> None:
    result = sipol(receipt, file, "--keys", keys)
    assert result.exit_code == 0
    assert "sama dengan yang diterima server" in result.output


def test_with_another_file(receipt: Path, keys: Path) -> None:
    result = sipol(receipt, keys, "--keys", keys)
    assert result.exit_code == 1
    assert "TIDAK ASLI, ATAU TIDAK COCOK" in result.output
    assert "SHA-256 tidak sama" in result.output


def test_a_submission_with_its_manifest(tmp_path: Path, keys: Path) -> None:
    receipt, manifest = tmp_path / "r.json", tmp_path / "manifest.json"
    manifest.write_bytes(b'{"files":[]}')
    receipt.write_text(sign(submission_receipt(b'{"files":[]}'), KEY).to_json())
    assert sipol(receipt, manifest, "--keys", keys).exit_code == 0


def test_a_changed_receipt(receipt: Path, keys: Path) -> None:
    receipt.write_text(receipt.read_text().replace("32.73", "32.74"))
    result = sipol(receipt, "--keys", keys, "--lang", "en")
    assert result.exit_code == 1
    assert "the content was changed after signing" in result.output


def test_without_keys_nothing_can_be_said(receipt: Path) -> None:
    result = sipol(receipt)
    assert result.exit_code == 3
    assert "TIDAK DAPAT DIPASTIKAN" in result.output
    assert KEY.key_id in result.output
    assert "32.73" not in result.output


def test_a_key_nobody_trusts(receipt: Path, keys: Path) -> None:
    receipt.write_text(sign(arrival_receipt(), OTHER_KEY).to_json())
    assert sipol(receipt, "--keys", keys).exit_code == 3


@pytest.mark.parametrize("where", ["environment", "home", "configuration"])
def test_configured_keys_are_found(
    where: str, receipt: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "environment":
        monkeypatch.setenv("SIPOL_RECEIPT_KEYS", str(keys))
    elif where == "home":
        (tmp_path / "keys").mkdir()
        keys.rename(tmp_path / "keys" / "receipt-keys.json")
        monkeypatch.setenv("SIPOL_HOME", str(tmp_path))
    else:
        place = tmp_path / "config" / "sipol"
        place.mkdir(parents=True)
        keys.rename(place / "receipt-keys.json")
    assert sipol(receipt).exit_code == 0


def test_a_damaged_key_file_is_wrong_use(receipt: Path, file: Path) -> None:
    assert sipol(receipt, "--keys", file).exit_code == 2


def test_what_is_no_receipt(file: Path, keys: Path) -> None:
    assert sipol(file, "--keys", keys).exit_code == 1


def test_the_qr_code_of_the_paper_is_compared(receipt: Path, keys: Path) -> None:
    text = qr_text(sign(arrival_receipt(point_of(ROWS, 7)), KEY))
    assert sipol(receipt, "--keys", keys, "--qr", text).exit_code == 0
    other = sipol(receipt, "--keys", keys, "--qr", qr_text(sign(submission_receipt(), KEY)))
    assert other.exit_code == 1
    assert "milik tanda terima lain" in other.output


def test_a_genuine_journal(journal: Path, keys: Path) -> None:
    result = sipol(journal, "--keys", keys)
    assert result.exit_code == 0
    assert "12 catatan, nomor 1 sampai 12" in result.output


def test_a_tampered_row_is_named(journal: Path, keys: Path) -> None:
    lines = journal.read_text().splitlines(keepends=True)
    lines[5] = lines[5].replace('"size":5', '"size":6')
    journal.write_text("".join(lines))
    result = sipol(journal, "--keys", keys)
    assert result.exit_code == 1
    assert "catatan nomor 5 (baris 6)" in result.output
    found = json.loads(sipol(journal, "--keys", keys, "--json").output)
    assert found["problems"] == [{"problem": "tampered", "number": 5, "line": 6}]


def test_a_journal_without_keys(journal: Path) -> None:
    result = sipol(journal)
    assert result.exit_code == 3
    assert KEY.key_id in result.output


def test_a_receipt_pins_its_journal(journal: Path, receipt: Path, keys: Path) -> None:
    assert sipol(journal, receipt, "--keys", keys).exit_code == 0
    receipt.write_text(sign(arrival_receipt(), KEY).to_json())
    result = sipol(journal, receipt, "--keys", keys)
    assert result.exit_code == 1
    assert "catatan nomor 3" in result.output


def test_json_for_scripts(receipt: Path, keys: Path) -> None:
    value = json.loads(sipol(receipt, "--keys", keys, "--json").output)
    assert value["genuine"] is True
    assert value["problems"] == []
    assert value["key_id"] == KEY.key_id
