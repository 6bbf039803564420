"""A receipt is believed for what was signed, by keys the reader holds, and for nothing else."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from tests.proof import (
    CONTENT,
    KEY,
    NOW,
    OTHER_KEY,
    TRUSTED,
    arrival_receipt,
    submission_receipt,
)
from verification.canonical import canonical
from verification.receipt_keys import PublicKey, TrustedKeys, UnusableKeys
from verification.receipt_qr import qr_text, verify_qr
from verification.receipt_words import (
    KINDS,
    PROBLEMS,
    RECEIVED_NOT_ACCEPTED,
    local_time,
    size_in_words,
)
from verification.receipts import Kind, NotAReceipt, Problem, read, sign, verify
from verification.signed import Purpose, SignedText, sign_text

SIGNED = sign(arrival_receipt(), KEY)
FILE = SIGNED.to_json().encode()
QR = qr_text(SIGNED)


@pytest.mark.parametrize("receipt", [arrival_receipt(), submission_receipt()])
def test_what_was_signed_is_read_back(receipt: object) -> None:
    verdict = verify(sign(receipt, KEY).to_json(), TRUSTED)  # type: ignore[arg-type]
    assert verdict.genuine
    assert verdict.receipt == receipt


def test_the_file_meant_is_recognised() -> None:
    assert verify(FILE, TRUSTED, io.BytesIO(CONTENT)).genuine


@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_any_changed_byte_of_the_file_is_noticed(place: int, change: int) -> None:
    other = bytearray(CONTENT)
    other[place] ^= change
    assert verify(FILE, TRUSTED, io.BytesIO(other)).problems == (Problem.WRONG_DIGEST,)


def test_a_longer_file_is_noticed_twice() -> None:
    problems = verify(FILE, TRUSTED, io.BytesIO(CONTENT + b"x")).problems
    assert problems == (Problem.WRONG_SIZE, Problem.WRONG_DIGEST)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_any_changed_byte_of_the_receipt_is_noticed(place: int, change: int) -> None:
    other = bytearray(FILE)
    other[place] ^= change
    verdict = verify(bytes(other), TRUSTED)
    if verdict.genuine:
        # Only where JSON itself does not care, such as the newline at the end.
        assert json.loads(bytes(other)) == json.loads(FILE)
        assert verdict.receipt == arrival_receipt()


@given(st.integers(0, len(QR) - 1), st.characters(codec="ascii"))
def test_any_changed_letter_of_the_qr_code_is_noticed(place: int, letter: str) -> None:
    other = QR[:place] + letter + QR[place + 1 :]
    assert verify_qr(other, TRUSTED, SIGNED).genuine == (other.strip() == QR)


def test_another_layout_of_the_same_json_is_the_same_receipt() -> None:
    pretty = json.dumps(json.loads(FILE), indent=4)
    assert verify("\ufeff".encode() + pretty.encode(), TRUSTED).genuine


def test_trust_comes_from_the_readers_keys_alone() -> None:
    forged = sign(arrival_receipt(), OTHER_KEY)
    assert verify(forged.to_json(), TRUSTED).problems == (Problem.KEY_NOT_TRUSTED,)
    assert verify(FILE, TrustedKeys()).problems == (Problem.KEY_NOT_TRUSTED,)
    assert verify(FILE, TrustedKeys()).receipt is None


def test_another_keys_signature_under_a_trusted_name_is_wrong() -> None:
    forged = replace(SIGNED, signature=OTHER_KEY.sign(b"anything"))
    assert verify(forged.to_json(), TRUSTED).problems == (Problem.WRONG_SIGNATURE,)


def test_a_signature_for_another_purpose_is_wrong() -> None:
    head = sign_text(Purpose.JOURNAL_HEAD, SIGNED.signed, KEY)
    assert verify(head.to_json(), TRUSTED).problems == (Problem.WRONG_SIGNATURE,)


def test_a_key_signs_only_in_its_time() -> None:
    ended = TrustedKeys([
        PublicKey(
            public=KEY.public, not_before=NOW - timedelta(9), not_after=NOW - timedelta(1)
        )
    ])  # fmt: skip
    assert verify(FILE, ended).problems == (Problem.KEY_NOT_VALID_THEN,)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"says": "accepted"},
        {"kind": "decision"},
        {"alg": "none"},
        {"key_id": "0" * 16},
        {"serial": "x"},
        {"extra": 1},
        {"issued_at": "2022-08-14T16:59:07Z"},
        {"facts": {}},
        {"journal": None},
    ],
)
def test_an_unknown_content_is_no_receipt_even_when_signed(change: dict[str, object]) -> None:
    value = {**json.loads(SIGNED.signed), **change}
    text = sign_text(Purpose.RECEIPT, canonical(value), KEY)
    assert verify(text.to_json(), TRUSTED).problems == (Problem.NOT_A_RECEIPT,)


@pytest.mark.parametrize("cut", range(0, len(FILE) - 2, 37))
def test_half_a_receipt_is_none(cut: int) -> None:
    assert verify(FILE[:cut], TRUSTED).problems == (Problem.NOT_A_RECEIPT,)


@pytest.mark.parametrize("junk", [b"", b"\xff\xfe", b"[]", b"[" * 100_000, b"null", b'{"a":1e999}'])
def test_junk_is_no_receipt(junk: bytes) -> None:
    assert verify(junk, TRUSTED).problems == (Problem.NOT_A_RECEIPT,)


def test_a_member_given_twice_is_no_receipt() -> None:
    twice = FILE.decode().replace('{"key_id"', '{"key_id":"0000000000000000","key_id"', 1)
    assert verify(twice, TRUSTED).problems == (Problem.NOT_A_RECEIPT,)


def test_what_could_not_be_read_back_is_not_signed() -> None:
    with pytest.raises(NotAReceipt):
        sign(replace(arrival_receipt(), serial="7"), KEY)


def test_a_receipt_says_received_and_nothing_reads_as_accepted() -> None:
    assert json.loads(SIGNED.signed)["says"] == "received"
    for words in RECEIVED_NOT_ACCEPTED.values():
        assert "bukan pernyataan bahwa" in words["id"]
        assert "does not state" in words["en"]
    assert set(KINDS) == set(Kind)
    assert set(PROBLEMS) == set(Problem)


def test_neither_file_names_nor_personal_numbers_have_a_place() -> None:
    facts = json.loads(SIGNED.signed)["facts"]
    assert not {"filename", "name", "nik", "account", "metadata"} & set(facts)


def test_the_qr_code_is_small_and_checks_alone() -> None:
    code = segno.make(QR, error="m", boost_error=False)
    assert code.mode == "alphanumeric"
    assert int(code.version) <= 8
    assert verify_qr(QR, TRUSTED).genuine
    assert verify_qr(QR, TrustedKeys()).problems == (Problem.KEY_NOT_TRUSTED,)
    other = qr_text(sign(submission_receipt(), KEY))
    assert verify_qr(other, TRUSTED, SIGNED).problems == (Problem.OTHER_RECEIPT,)


def test_a_third_party_can_check_with_the_documented_message_alone() -> None:
    value = json.loads(FILE)
    digest = hashlib.sha256(value["signed"].encode()).hexdigest()
    message = f"sipol receipt 1\n{digest}\n".encode()
    assert TRUSTED[value["key_id"]].verifies(SignedText.from_json(FILE).signature, message)


def test_published_keys_are_read_back_and_damage_is_named() -> None:
    text = TRUSTED.to_json()
    assert dict(TrustedKeys.from_json(text)) == dict(TRUSTED)
    for broken in ("", "[]", '{"v":2}', '{"v":1}', text.replace('"Ed', '"ed'),
                   text.replace(KEY.key_id, "0" * 16), text.replace("+00:00", "")[:-9]):  # fmt: skip
        with pytest.raises(UnusableKeys):
            TrustedKeys.from_json(broken)


def test_times_and_sizes_read_as_people_write_them() -> None:
    assert local_time(NOW) == "14 Agustus 2022 23.59.07 WIB"
    assert local_time(NOW, "en", "WIT") == "15 August 2022 01:59:07 WIT"
    assert size_in_words(8_388_608) == "8.388.608 byte (8,4 MB)"
    assert size_in_words(1, "en") == "1 byte"


def test_reading_does_not_mean_believing() -> None:
    forged = sign(arrival_receipt(), OTHER_KEY)
    assert read(forged) == arrival_receipt()
