"""Judges an exported journal: which row was changed, which is missing, whether the end is real.

Streams, so that a journal of millions of entries needs no memory. What it cannot know it does
not claim: where a row and its own hash were changed together, the row after it is the one that
no longer fits. Holding a receipt helps: it fixes the chain's hash at one number.
Part of the base install: cryptography and the standard library only.

Next station: `sipol verify`, which says it in words.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from verification.canonical import Json, NotCanonical, moment, parse
from verification.chain import HEAD_KIND, VERSION, ChainPoint, genesis, hash_of, text_digest
from verification.receipt_keys import ALGORITHM, TrustedKeys
from verification.signed import NotSigned, Purpose, SignedText

__all__ = ["ChainProblem", "ChainVerdict", "Finding", "looks_like_export", "verify_export"]

ENTRY_MEMBERS = {"chain", "number", "at", "actor", "kind", "facts", "text_digest"}
HEAD_MEMBERS = {"v", "kind", "alg", "key_id", "issuer", "chain", "number", "head", "at"}
MOST_FINDINGS = 50


class ChainProblem(StrEnum):
    """Why an export is not believed. `verification.receipt_words` has the sentences."""

    NOT_AN_EXPORT = "not_an_export"
    UNREADABLE = "unreadable"
    TAMPERED = "tampered"
    TEXT_CHANGED = "text_changed"
    MISSING = "missing"
    OUT_OF_ORDER = "out_of_order"
    NO_HEAD = "no_head"
    WRONG_HEAD = "wrong_head"
    WRONG_SIGNATURE = "wrong_signature"
    KEY_NOT_VALID_THEN = "key_not_valid_then"
    KEY_NOT_TRUSTED = "key_not_trusted"
    RECEIPT_NOT_IN_CHAIN = "receipt_not_in_chain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong: the entry's number where it has one, and the line of the file (from 1)."""

    problem: ChainProblem
    number: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainVerdict:
    """The findings in the order of the file (at most 50), and what the export covers."""

    findings: tuple[Finding, ...]
    chain: str | None = None
    first: int = 0
    last: int = 0
    key_id: str | None = None

    @property
    def genuine(self) -> bool:
        """Every row follows from the one before it up to a head signed by a trusted key."""
        return not self.findings


def looks_like_export(line: str) -> bool:
    """Whether a file that starts with this line means to be an exported journal."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("sipol") == "journal"


def verify_export(
    lines: Iterable[str], trusted_keys: TrustedKeys, points: Iterable[ChainPoint] = ()
) -> ChainVerdict:
    """Judge an export; `points` are chain heads from receipts that must lie on it."""
    check = _Check(trusted_keys, {point.number: point for point in points})
    for line in lines:
        check.take(line)
    return check.verdict()


class _Check:
    def __init__(self, trusted: TrustedKeys, points: dict[int, ChainPoint]) -> None:
        self.trusted = trusted
        self.points = points
        self.findings: list[Finding] = []
        self.line = 0
        self.chain: str | None = None
        self.first = self.expected = 1
        self.previous: tuple[str, ...] = ()
        self.ended = False
        self.key_id: str | None = None

    def find(self, problem: ChainProblem, number: int | None = None) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(problem=problem, number=number, line=self.line or None))

    def take(self, line: str) -> None:
        self.line += 1
        try:
            value = parse(line.rstrip("\r\n"))
        except NotCanonical:
            value = {}
        if self.line == 1:
            self.open(value)
        elif self.chain is None:
            return
        elif self.ended:
            self.find(ChainProblem.UNREADABLE)
        elif value.keys() == {"head"}:
            self.close(value["head"])
        else:
            self.entry(value)

    def open(self, value: dict[str, Json]) -> None:
        chain, first, previous = value.get("chain"), value.get("first"), value.get("previous")
        whole = (value.get("sipol"), value.get("v")) == ("journal", VERSION) and len(value) == 5
        if not (whole and isinstance(chain, str) and isinstance(previous, str)):
            return self.find(ChainProblem.NOT_AN_EXPORT)
        if not isinstance(first, int) or isinstance(first, bool) or first < 1:
            return self.find(ChainProblem.NOT_AN_EXPORT)
        if first == 1 and previous != genesis(chain):
            self.find(ChainProblem.NOT_AN_EXPORT)
        self.chain, self.first, self.expected, self.previous = chain, first, first, (previous,)
        return self.compare_points(first - 1, (previous,))

    def entry(self, value: dict[str, Json]) -> None:
        entry, stated = value.get("entry"), value.get("hash")
        if not isinstance(entry, dict) or entry.keys() != ENTRY_MEMBERS:
            return self.unreadable()
        number = entry["number"]
        if not isinstance(stated, str) or not isinstance(number, int) or isinstance(number, bool):
            return self.unreadable()
        if not value.keys() <= {"entry", "hash", "text", "salt"}:
            return self.unreadable()
        if number < self.expected:
            return self.find(ChainProblem.OUT_OF_ORDER, number)
        hashes: tuple[str, ...] = (stated,)
        if number > self.expected:
            for absent in range(self.expected, min(number, self.expected + MOST_FINDINGS)):
                self.find(ChainProblem.MISSING, absent)
        else:
            followed = [hash_of(previous, entry) for previous in self.previous]
            # After an unreadable row nothing is known to follow from.
            follows = stated in followed or not followed
            if not follows or entry["chain"] != self.chain:
                self.find(ChainProblem.TAMPERED, number)
                # Either the row or its hash was changed: the next row may follow from both.
                hashes = (stated, *followed)
        self.check_text(value, entry["text_digest"], number)
        self.compare_points(number, hashes)
        self.expected, self.previous = number + 1, hashes
        return None

    def unreadable(self) -> None:
        # It takes the place of the row that was to come here, so that one fault is one finding.
        self.find(ChainProblem.UNREADABLE, self.expected)
        self.expected += 1
        self.previous = ()

    def check_text(self, value: dict[str, Json], digest: Json, number: int) -> None:
        text, salt = value.get("text"), value.get("salt")
        if text is None and salt is None:
            return
        both = isinstance(text, str) and isinstance(salt, str)
        if not both or text_digest(str(salt), str(text)) != digest:
            self.find(ChainProblem.TEXT_CHANGED, number)

    def compare_points(self, number: int, hashes: tuple[str, ...]) -> None:
        point = self.points.pop(number, None)
        if point is not None and (point.chain != self.chain or point.head not in hashes):
            self.find(ChainProblem.RECEIPT_NOT_IN_CHAIN, number)

    def close(self, value: Json) -> None:
        self.ended = True
        try:
            signed = SignedText.from_value(value)
            head = parse(signed.signed)
            self.key_id = signed.key_id
            at = moment(str(head["at"])) if head.keys() == HEAD_MEMBERS else None
        except (NotSigned, NotCanonical):
            return self.find(ChainProblem.NO_HEAD)
        if at is None or (head["v"], head["kind"], head["alg"], head["key_id"]) != (
            VERSION, HEAD_KIND, ALGORITHM, signed.key_id,
        ):  # fmt: skip
            return self.find(ChainProblem.NO_HEAD)
        self.compare_head(head)
        if signed.key_id not in self.trusted:
            return self.find(ChainProblem.KEY_NOT_TRUSTED)
        key = signed.verified_by(Purpose.JOURNAL_HEAD, self.trusted)
        if key is None:
            return self.find(ChainProblem.WRONG_SIGNATURE)
        if not key.valid_at(at):
            self.find(ChainProblem.KEY_NOT_VALID_THEN)
        return None

    def compare_head(self, head: dict[str, Json]) -> None:
        number = head["number"]
        if head["chain"] == self.chain and isinstance(number, int) and number >= self.expected:
            for absent in range(self.expected, min(number + 1, self.expected + MOST_FINDINGS)):
                self.find(ChainProblem.MISSING, absent)
        elif (head["chain"], number) != (self.chain, self.expected - 1) or (
            # After an unreadable last row nothing is known to compare with, and it is named.
            self.previous and head["head"] not in self.previous
        ):
            self.find(ChainProblem.WRONG_HEAD, self.expected - 1)

    def verdict(self) -> ChainVerdict:
        if self.line == 0:
            self.find(ChainProblem.NOT_AN_EXPORT)
        elif self.chain is not None:
            if not self.ended:
                self.find(ChainProblem.NO_HEAD)
            for number in sorted(self.points):
                self.find(ChainProblem.RECEIPT_NOT_IN_CHAIN, number)
        return ChainVerdict(
            findings=tuple(self.findings),
            chain=self.chain,
            first=self.first,
            last=self.expected - 1,
            key_id=self.key_id,
        )
