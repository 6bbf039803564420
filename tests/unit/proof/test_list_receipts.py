"""The receipt of a list's counts: sent = stored + rejected, signed, and no other number is believed."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal.cli.verify import verify as sipol_verify
from tests.proof import (
    CONTENT,
    KEY,
    TRUSTED,
    arrival_receipt,
    digest,
    list_receipt,
    submission_receipt,
)
from tests.unit.proof.test_receipt_pdf import NAMES, text_of
from verification.canonical import canonical
from verification.receipt_pdf import receipt_pdf
from verification.receipt_qr import qr_text, verify_qr
from verification.receipts import Kind, NotAReceipt, Problem, Receipt, sign, verify
from verification.signed import Purpose, sign_text

SIGNED = sign(list_receipt(), KEY)
COUNTS = ("version", "size", "sent", "stored", "rejected", "warned", "added", "removed", "changed")


def test_what_was_signed_is_read_back() -> None:
    verdict = verify(SIGNED.to_json(), TRUSTED, io.BytesIO(CONTENT))
    assert verdict.genuine
    assert verdict.receipt == list_receipt()
    assert list_receipt().kind is Kind.LIST
    assert verify_qr(qr_text(SIGNED), TRUSTED, SIGNED).genuine


def test_another_file_is_not_the_one_that_was_read() -> None:
    assert verify(SIGNED.to_json(), TRUSTED, io.BytesIO(CONTENT[:-1])).problems == (
        Problem.WRONG_SIZE, Problem.WRONG_DIGEST,
    )  # fmt: skip


@pytest.mark.parametrize("name", COUNTS)
def test_a_changed_number_is_refused(name: str) -> None:
    value = json.loads(SIGNED.signed)
    value["facts"][name] += 1
    if name in ("stored", "rejected"):
        value["facts"]["sent"] += 1
    elif name == "sent":
        value["facts"]["stored"] += 1
    forged = replace(SIGNED, signed=canonical(value))
    assert verify(forged.to_json(), TRUSTED).problems == (Problem.WRONG_SIGNATURE,)


@pytest.mark.parametrize("name", ["roster", "file", "sha256", "rows_digest", "party", "region"])
def test_a_changed_digest_or_id_is_refused(name: str) -> None:
    value = json.loads(SIGNED.signed)
    value["facts"][name] = digest("another")[: len(value["facts"][name])]
    forged = replace(SIGNED, signed=canonical(value))
    assert verify(forged.to_json(), TRUSTED).problems == (Problem.WRONG_SIGNATURE,)


@pytest.mark.parametrize("change", [{"sent": 41}, {"stored": 40}, {"rejected": 0}])
def test_a_row_that_is_neither_stored_nor_rejected_is_never_signed(change: dict[str, int]) -> None:
    with pytest.raises(NotAReceipt):
        sign(list_receipt(**change), KEY)
    value = json.loads(SIGNED.signed)
    value["facts"] |= change
    forged = sign_text(Purpose.RECEIPT, canonical(value), KEY)
    assert verify(forged.to_json(), TRUSTED).problems == (Problem.NOT_A_RECEIPT,)


@pytest.mark.parametrize(
    "change",
    [{"sent": -1}, {"warned": "3"}, {"added": True}, {"rows_digest": ""}, {"name": "x"}],
)
def test_an_unknown_content_is_no_receipt_even_when_signed(change: dict[str, object]) -> None:
    value = json.loads(SIGNED.signed)
    value["facts"] |= change
    forged = sign_text(Purpose.RECEIPT, canonical(value), KEY)
    assert verify(forged.to_json(), TRUSTED).problems == (Problem.NOT_A_RECEIPT,)


def test_neither_names_nor_personal_numbers_have_a_place() -> None:
    assert set(json.loads(SIGNED.signed)["facts"]) == {
        *COUNTS, "roster", "election", "party", "requirement", "region", "file", "sha256",
        "rows_digest", "finished_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("receipt", "frozen"),
    [
        (arrival_receipt(), "ff3a9ee30071a04c90daa04abb556ab533720ea4b929f1ab29d088e8f67bb3f0"),
        (submission_receipt(), "bcc6e4bfae4b0cdbd3d8619db7a32334bb72269496692652b7e1ddeb4d164892"),
    ],
)
def test_receipts_handed_out_before_are_byte_for_byte_the_same(
    receipt: Receipt, frozen: str
) -> None:
    text = sign(receipt, KEY).to_json()
    assert hashlib.sha256(text.encode()).hexdigest() == frozen
    assert verify(text, TRUSTED).receipt == receipt


def test_on_paper_every_number_can_be_read() -> None:
    pages, text = text_of(receipt_pdf(SIGNED, NAMES))
    assert pages == 1
    for part in (
        "Tanda terima daftar anggota",
        "40 = 39 tersimpan / stored + 1 ditolak / rejected",
        "4 ditambah / added, 5 dikeluarkan / removed, 6 berubah / changed",
        "versi / version 2",
        "setiap baris yang terkirim tersimpan atau ditolak",
    ):
        assert part in text
    assert digest("rows") in text.replace(" ", "")


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("id", ("terkirim 40 = tersimpan 39 + ditolak 1 · dengan peringatan 3",
                "ditambah 4 · dikeluarkan 5 · berubah 6", "versi 2")),
        ("en", ("sent 40 = stored 39 + rejected 1 · with a warning 3",
                "added 4 · removed 5 · changed 6", "version 2")),
    ],
)  # fmt: skip
def test_the_command_says_the_counts_in_words(
    lang: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    receipt, keys, file = tmp_path / "r.json", tmp_path / "k.json", tmp_path / "a.csv"
    receipt.write_text(SIGNED.to_json())
    keys.write_text(TRUSTED.to_json())
    file.write_bytes(CONTENT)
    asked = [str(receipt), str(file), "--keys", str(keys), "--lang", lang]
    result = CliRunner().invoke(sipol_verify, asked)
    assert result.exit_code == 0
    for each in words:
        assert each in result.output
    receipt.write_text(SIGNED.to_json().replace('\\"sent\\":40', '\\"sent\\":41'))
    assert CliRunner().invoke(sipol_verify, asked).exit_code == 1
