"""NIK at rest: found again, never shown."""

from __future__ import annotations

import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.secrets import (
    FieldKeys,
    NotANik,
    SealBroken,
    UnknownFieldKey,
    is_nik,
    mask_nik,
)

NIK = "3273015305870001"
OLD = FieldKeys("f1", {"f1": b"1" * 32})
KEYS = FieldKeys("f2", {"f1": b"1" * 32, "f2": b"2" * 32})
SEALED = KEYS.seal(b"3,27101E+15", b"roster 7 row 12")

niks = st.text("0123456789", min_size=16, max_size=16)


@given(niks)
def test_a_nik_comes_back(nik: str) -> None:
    blob = KEYS.encipher(nik)
    assert len(blob) == 16
    assert KEYS.decipher(blob, "f2") == nik


@given(st.lists(niks, max_size=20))
def test_many_are_the_same_as_one_by_one(many: list[str]) -> None:
    assert KEYS.encipher_many(many) == [KEYS.encipher(nik) for nik in many]


def test_equal_niks_are_equal_columns_under_one_key_only() -> None:
    assert KEYS.encipher(NIK) == KEYS.encipher(NIK)
    assert KEYS.encipher(NIK) != OLD.encipher(NIK)


def test_during_a_rotation_search_asks_with_both_keys() -> None:
    assert KEYS.search_terms(NIK) == (KEYS.encipher(NIK), OLD.encipher(NIK))
    assert KEYS.key_ids == ("f2", "f1")
    assert KEYS.decipher(OLD.encipher(NIK), "f1") == NIK


@pytest.mark.parametrize(
    "value", ["", NIK[:-1], NIK + "0", "3273 15305870001", "３" * 16, NIK + "\n"]
)
def test_what_is_no_nik_is_refused_without_being_repeated(value: str) -> None:
    assert not is_nik(value)
    for call in (KEYS.encipher, KEYS.search_terms, lambda v: KEYS.encipher_many([NIK, v])):
        with pytest.raises(NotANik) as caught:
            call(value)
        assert not value or value.strip() not in str(caught.value)


def test_no_exception_and_no_repr_holds_a_value_or_a_key() -> None:
    shown = repr(KEYS)
    try:
        KEYS.decipher(KEYS.encipher(NIK), "f1")
    except SealBroken:
        shown += traceback.format_exc()
    try:
        KEYS.open(SEALED, b"elsewhere")
    except SealBroken:
        shown += traceback.format_exc()
    assert NIK not in shown
    assert "1111" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(KEYS)


def test_a_damaged_column_or_a_wrong_key_is_noticed() -> None:
    with pytest.raises(SealBroken):
        KEYS.decipher(b"\0" * 16, "f2")
    with pytest.raises(SealBroken):
        KEYS.decipher(b"short", "f2")
    with pytest.raises(UnknownFieldKey):
        KEYS.decipher(KEYS.encipher(NIK), "f3")


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_is_sealed_is_opened_in_its_place(data: bytes, context: bytes) -> None:
    assert KEYS.open(KEYS.seal(data, context), context) == data


def test_equal_values_are_sealed_differently() -> None:
    assert KEYS.seal(b"x", b"c") != KEYS.seal(b"x", b"c")


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_any_changed_byte_of_a_seal_is_noticed(place: int, change: int) -> None:
    other = bytearray(SEALED)
    other[place] ^= change
    with pytest.raises((SealBroken, UnknownFieldKey)):
        KEYS.open(bytes(other), b"roster 7 row 12")


@pytest.mark.parametrize("cut", range(len(SEALED)))
def test_a_cut_seal_is_noticed(cut: int) -> None:
    with pytest.raises((SealBroken, UnknownFieldKey)):
        KEYS.open(SEALED[:cut], b"roster 7 row 12")


def test_a_seal_says_which_key_it_needs() -> None:
    assert KEYS.open(OLD.seal(b"old", b"c"), b"c") == b"old"
    with pytest.raises(UnknownFieldKey):
        OLD.open(SEALED, b"roster 7 row 12")


def test_a_mask_shows_four_digits_of_a_nik_and_nothing_of_anything_else() -> None:
    assert mask_nik(NIK) == "3273************"
    assert mask_nik(NIK[:-1]) == "*" * 16
    assert mask_nik("3,27101E+15") == "*" * 16


@pytest.mark.parametrize(
    ("current", "keys"),
    [("f1", {}), ("f1", {"f1": b"short"}), ("F 1", {"F 1": b"1" * 32}), ("", {"": b"1" * 32})],
)
def test_impossible_keys_are_refused(current: str, keys: dict[str, bytes]) -> None:
    with pytest.raises((ValueError, UnknownFieldKey)):
        FieldKeys(current, keys)
