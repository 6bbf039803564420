"""An exported journal: the first changed row is named, a missing one too, and the end is signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.proof import CHAIN, KEY, NOW, OTHER_KEY, TRUSTED, digest, exported, point_of, rows
from verification.canonical import NotCanonical, canonical, parse
from verification.chain import ChainPoint, Entry, entry_hash, export, genesis
from verification.chain_check import ChainProblem, looks_like_export, verify_export
from verification.receipt_keys import TrustedKeys
from verification.receipt_words import CHAIN_PROBLEMS

ROWS = rows(12)
LINES = exported(ROWS)


def changed(number: int, change: Callable[[dict[str, object]], None]) -> list[str]:
    """The export with one row's line edited as an editor of the file would."""
    lines = list(LINES)
    value = json.loads(lines[number])
    change(value)
    lines[number] = canonical(value) + "\n"
    return lines


def found(lines: list[str], *points: ChainPoint) -> list[tuple[ChainProblem, int | None]]:
    return [(f.problem, f.number) for f in verify_export(lines, TRUSTED, points).findings]


def test_an_untouched_export_is_genuine() -> None:
    verdict = verify_export(LINES, TRUSTED)
    assert verdict.genuine
    assert (verdict.chain, verdict.first, verdict.last) == (CHAIN, 1, 12)


def test_an_empty_chain_is_genuine() -> None:
    assert verify_export(exported([]), TRUSTED).genuine


@given(st.integers(1, 12), st.sampled_from(["actor", "kind", "at", "facts", "chain"]))
def test_a_changed_row_is_named(number: int, member: str) -> None:
    def edit(value: dict[str, object]) -> None:
        entry = value["entry"]
        assert isinstance(entry, dict)
        entry[member] = {"size": 99} if member == "facts" else "2022-08-14T00:00:00.000000Z"

    assert found(changed(number, edit)) == [(ChainProblem.TAMPERED, number)]


@given(st.integers(1, 12))
def test_a_changed_hash_is_one_finding(number: int) -> None:
    problems = found(changed(number, lambda value: value.update(hash="0" * 64)))
    assert problems == [(ChainProblem.TAMPERED, number)]


@given(st.integers(1, 12))
def test_a_missing_row_is_named(number: int) -> None:
    assert found(LINES[:number] + LINES[number + 1 :]) == [(ChainProblem.MISSING, number)]


@given(st.integers(1, 11))
def test_a_cut_end_is_noticed(number: int) -> None:
    assert found(LINES[:number]) == [(ChainProblem.NO_HEAD, None)]
    missing = [n for _, n in found(LINES[:number] + LINES[-1:])]
    assert missing == list(range(number, 13))


@given(st.integers(1, 11))
def test_a_row_changed_with_its_own_hash_shows_at_the_next(number: int) -> None:
    def edit(value: dict[str, object]) -> None:
        entry = ROWS[number - 1].entry
        other = replace(entry, actor="system")
        previous = ROWS[number - 2].hash if number > 1 else genesis(CHAIN)
        value.update(entry=other.spelled(), hash=entry_hash(previous, other))

    assert found(changed(number, edit))[0] == (ChainProblem.TAMPERED, number + 1)


def test_a_chain_rewritten_to_its_end_fails_at_the_signed_head() -> None:
    forged = rows(12)
    previous = genesis(CHAIN)
    for index, row in enumerate(forged):
        entry = replace(row.entry, actor="system") if index == 4 else row.entry
        previous = entry_hash(previous, entry)
        forged[index] = replace(row, entry=entry, hash=previous)
    lines = exported(forged)[:-1] + LINES[-1:]
    assert found(lines) == [(ChainProblem.WRONG_HEAD, 12)]
    signed_by_another = exported(forged, OTHER_KEY)
    assert found(signed_by_another) == [(ChainProblem.KEY_NOT_TRUSTED, None)]
    # Even where the keeper of the key rewrites it, whoever holds a receipt can tell.
    resigned = exported(forged)
    assert verify_export(resigned, TRUSTED).genuine
    assert found(resigned, point_of(ROWS, 8)) == [(ChainProblem.RECEIPT_NOT_IN_CHAIN, 8)]
    assert verify_export(resigned, TRUSTED, [point_of(ROWS, 4)]).genuine


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(LINES) - 1))
    raw = bytearray(LINES[number].rstrip("\n").encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    line = raw.decode("utf-8", "surrogateescape")
    if line.strip("\r\n") != LINES[number].strip("\n"):
        assert not verify_export([*LINES[:number], line, *LINES[number + 1 :]], TRUSTED).genuine


def test_two_rows_exchanged_are_noticed() -> None:
    lines = list(LINES)
    lines[4], lines[5] = lines[5], lines[4]
    assert found(lines)[0] == (ChainProblem.MISSING, 4)


def test_an_unreadable_row_does_not_hide_the_others() -> None:
    lines = list(LINES)
    lines[5] = "{\n"
    assert found(lines) == [(ChainProblem.UNREADABLE, 5)]


def test_free_text_may_be_erased_but_not_changed() -> None:
    def erase(value: dict[str, object]) -> None:
        del value["text"], value["salt"]

    assert found(changed(3, erase)) == []
    wrong = changed(3, lambda value: value.update(text="alasan lain"))
    assert found(wrong) == [(ChainProblem.TEXT_CHANGED, 3)]
    added = changed(4, lambda value: value.update(text="alasan", salt="00"))
    assert found(added) == [(ChainProblem.TEXT_CHANGED, 4)]


def test_a_part_of_a_chain_is_bound_to_the_signed_head() -> None:
    part = list(export(point_of(ROWS), ROWS[5:], KEY, issuer="x", at=NOW, first=6,
                       previous=ROWS[4].hash))  # fmt: skip
    assert verify_export(part, TRUSTED, [point_of(ROWS, 5), point_of(ROWS, 9)]).genuine
    part[0] = part[0].replace(ROWS[4].hash, digest("other"))
    assert found(part) == [(ChainProblem.TAMPERED, 6)]


@pytest.mark.parametrize(
    "first_line", ["", "{}\n", "[]\n", LINES[1], '{"sipol":"journal","v":1}\n']
)
def test_what_does_not_begin_as_an_export_is_none(first_line: str) -> None:
    assert found([first_line, *LINES[1:]])[0] == (ChainProblem.NOT_AN_EXPORT, None)


def test_no_lines_are_no_export() -> None:
    assert found([]) == [(ChainProblem.NOT_AN_EXPORT, None)]


def test_lines_after_the_head_are_not_taken() -> None:
    assert found([*LINES, LINES[3]]) == [(ChainProblem.UNREADABLE, None)]


def test_windows_line_ends_do_no_harm() -> None:
    assert verify_export([line.replace("\n", "\r\n") for line in LINES], TRUSTED).genuine


def test_without_keys_nothing_is_claimed() -> None:
    verdict = verify_export(LINES, TrustedKeys())
    assert [f.problem for f in verdict.findings] == [ChainProblem.KEY_NOT_TRUSTED]


def test_another_chains_receipt_is_not_in_this_one() -> None:
    strange = ChainPoint(chain="cd" * 16, number=3, head=ROWS[2].hash)
    assert found(LINES, strange) == [(ChainProblem.RECEIPT_NOT_IN_CHAIN, 3)]
    beyond = ChainPoint(chain=CHAIN, number=99, head=ROWS[2].hash)
    assert found(LINES, beyond) == [(ChainProblem.RECEIPT_NOT_IN_CHAIN, 99)]


def test_an_export_is_recognised_by_its_first_line() -> None:
    assert looks_like_export(LINES[0])
    assert not looks_like_export(LINES[1])
    assert not looks_like_export("no json")


def test_every_problem_has_its_words() -> None:
    assert set(CHAIN_PROBLEMS) == set(ChainProblem)
    assert all(words.keys() == {"id", "en"} for words in CHAIN_PROBLEMS.values())


def test_a_float_has_no_place_in_a_chain() -> None:
    entry = replace(ROWS[0].entry, facts={"share": 0.5})  # type: ignore[dict-item]
    with pytest.raises(NotCanonical):
        entry_hash(genesis(CHAIN), entry)


def test_the_hash_is_what_the_format_says() -> None:
    entry = Entry(chain="c", number=1, at=NOW, actor="system", kind="k", facts={})
    text = (
        '{"actor":"system","at":"2022-08-14T16:59:07.250000Z","chain":"c","facts":{},"kind":"k",'
        '"number":1,"text_digest":null}'
    )
    before = digest("sipol chain 1 genesis\nc")
    assert entry_hash(genesis("c"), entry) == digest(f"sipol chain 1\n{before}\n{text}")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab c"), inner),
)


@given(st.dictionaries(st.text("xyz"), json_values))
def test_canonical_json_is_read_back_and_has_one_spelling(value: dict[str, object]) -> None:
    text = canonical(value)  # type: ignore[arg-type]
    assert parse(text) == value
    with pytest.raises(NotCanonical):
        parse(" " + text)
