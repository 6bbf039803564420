"""Tanda terima: signed proof of what the server received and when.

A receipt says *received*, never *accepted*. Its signed text is canonical JSON:

    v, kind ("arrival" | "submission" | "list"), says ("received"), alg, key_id, issuer, serial, issued_at,
    facts    of an arrival: upload, election, party, requirement, region, purpose, created_at,
             finished_at, size (bytes), sha256
             of a submission: submission, election, party, round, submitted_at, files,
             manifest_size (bytes), manifest_sha256
             of a member list's version: `ListFacts`; sent = stored + rejected, or it is no receipt
    journal  chain, number and head (hex) of the chain the event stands in

No file name and no personal number is ever part of it. The manifest of a submission is a file
beside the receipt. Part of the base install: cryptography and the standard library only.

Next station: `verification.receipt_qr` and `receipt_pdf` print one; `sipol verify` checks one; `submission`
pins what receipts stand for.
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, BinaryIO, TypeVar

from verification.canonical import HEX_SHA256, Json, NotCanonical, canonical, instant, moment, parse
from verification.chain import ChainPoint
from verification.receipt_facts import ArrivalFacts, Facts, ListFacts, SubmissionFacts
from verification.receipt_keys import ALGORITHM, SigningKey, TrustedKeys
from verification.signed import NotSigned, Purpose, SignedText, sign_text

__all__ = [
    "ArrivalFacts",
    "ChainPoint",
    "Kind",
    "ListFacts",
    "NotAReceipt",
    "Problem",
    "Receipt",
    "SubmissionFacts",
    "Verdict",
    "new_serial",
    "read",
    "sign",
    "verify",
]

VERSION = 1
SAYS = "received"
SERIAL = re.compile(r"[0-9a-f]{32}")
READ_SIZE = 1 << 20

FACTS: dict[str, type[Facts]] = {
    "arrival": ArrivalFacts,
    "submission": SubmissionFacts,
    "list": ListFacts,
}
Part = TypeVar("Part", bound=Facts | ChainPoint)


class NotAReceipt(ValueError):
    """The text is not a receipt of a version this program knows."""


class Kind(StrEnum):
    """What was received: one file, a whole dossier, or the rows of a member list."""

    ARRIVAL = "arrival"
    SUBMISSION = "submission"
    LIST = "list"


class Problem(StrEnum):
    """Why a receipt is not believed. `verification.receipt_words` has the sentences."""

    NOT_A_RECEIPT = "not_a_receipt"
    KEY_NOT_TRUSTED = "key_not_trusted"
    WRONG_SIGNATURE = "wrong_signature"
    KEY_NOT_VALID_THEN = "key_not_valid_then"
    WRONG_SIZE = "wrong_size"
    WRONG_DIGEST = "wrong_digest"
    OTHER_RECEIPT = "other_receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The content of a receipt; `serial` is its public id (32 hex digits)."""

    issuer: str
    serial: str
    issued_at: datetime
    facts: Facts
    journal: ChainPoint

    @property
    def kind(self) -> Kind:
        return next(Kind(word) for word, facts in FACTS.items() if isinstance(self.facts, facts))

    @property
    def size(self) -> int:
        """Bytes of the file the receipt speaks of: the upload, or the manifest."""
        facts = self.facts
        return facts.manifest_size if isinstance(facts, SubmissionFacts) else facts.size

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of that file."""
        facts = self.facts
        return facts.manifest_sha256 if isinstance(facts, SubmissionFacts) else facts.sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check found. `receipt` is there only when the signature is a trusted key's."""

    problems: tuple[Problem, ...]
    key_id: str | None = None
    receipt: Receipt | None = None

    @property
    def genuine(self) -> bool:
        """Nothing is wrong: signed by a trusted key, and the file, if given, is the one meant."""
        return not self.problems


def new_serial() -> str:
    """32 random hex digits."""
    return secrets.token_hex(16)


def sign(receipt: Receipt, key: SigningKey) -> SignedText:
    """Sign a receipt; `.to_json()` of the result is the file to hand out and to keep verbatim.

    Raises NotAReceipt when the content would not be taken back by `read`.
    """
    value: dict[str, Json] = {
        "v": VERSION,
        "kind": receipt.kind.value,
        "says": SAYS,
        "alg": ALGORITHM,
        "key_id": key.key_id,
        "issuer": receipt.issuer,
        "serial": receipt.serial,
        "issued_at": instant(receipt.issued_at),
        "facts": _spelled(receipt.facts),
        "journal": _spelled(receipt.journal),
    }
    signed = sign_text(Purpose.RECEIPT, canonical(value), key)
    read(signed)
    return signed


def read(document: SignedText) -> Receipt:
    """The content of a receipt, believed or not. Raises NotAReceipt."""
    try:
        value = parse(document.signed)
        facts = _facts(value["kind"], value["facts"])
        receipt = Receipt(
            issuer=_text(value["issuer"]),
            serial=_text(value["serial"]),
            issued_at=moment(_text(value["issued_at"])),
            facts=facts,
            journal=_build(ChainPoint, value["journal"]),
        )
        rest = (value["v"], value["says"], value["alg"], value["key_id"], len(value))
    except (NotCanonical, KeyError, TypeError) as error:
        raise NotAReceipt(str(error)) from None
    if rest != (VERSION, SAYS, ALGORITHM, document.key_id, 10):
        raise NotAReceipt("another version, or another key than the one named outside")
    hashes = [receipt.sha256, receipt.journal.head]
    if isinstance(facts, ListFacts):
        hashes.append(facts.rows_digest)
        if facts.sent != facts.stored + facts.rejected:
            raise NotAReceipt("rows were sent that are neither stored nor rejected")
    if not SERIAL.fullmatch(receipt.serial) or not all(re.fullmatch(HEX_SHA256, h) for h in hashes):
        raise NotAReceipt("serial or digest is not hex of its length")
    return receipt


def verify(
    document: str | bytes, trusted_keys: TrustedKeys, file: BinaryIO | None = None
) -> Verdict:
    """Judge a receipt file and, when given, whether `file` (read from where it stands) is meant.

    Trust comes from `trusted_keys` alone; nothing in the document can add to it.
    """
    try:
        signed = SignedText.from_json(document)
        receipt = read(signed)
    except (NotSigned, NotAReceipt):
        return Verdict(problems=(Problem.NOT_A_RECEIPT,))
    if signed.key_id not in trusted_keys:
        return Verdict(problems=(Problem.KEY_NOT_TRUSTED,), key_id=signed.key_id)
    key = signed.verified_by(Purpose.RECEIPT, trusted_keys)
    if key is None:
        return Verdict(problems=(Problem.WRONG_SIGNATURE,), key_id=signed.key_id)
    problems = [] if key.valid_at(receipt.issued_at) else [Problem.KEY_NOT_VALID_THEN]
    if file is not None:
        problems += _compare(receipt, file)
    return Verdict(problems=tuple(problems), key_id=signed.key_id, receipt=receipt)


def _compare(receipt: Receipt, file: BinaryIO) -> list[Problem]:
    digest, size = hashlib.sha256(), 0
    while block := file.read(READ_SIZE):
        digest.update(block)
        size += len(block)
    problems = []
    if size != receipt.size:
        problems.append(Problem.WRONG_SIZE)
    if digest.hexdigest() != receipt.sha256:
        problems.append(Problem.WRONG_DIGEST)
    return problems


def _spelled(part: Facts | ChainPoint) -> dict[str, Json]:
    return {
        name: instant(value) if isinstance(value, datetime) else value
        for name, value in asdict(part).items()
    }


def _facts(kind: object, value: object) -> Facts:
    if not isinstance(kind, str) or kind not in FACTS:
        raise NotCanonical("a kind of receipt this program does not know")
    return _build(FACTS[kind], value)


def _build(part: type[Part], value: object) -> Part:
    if not isinstance(value, dict):
        raise NotCanonical("not an object")
    content: dict[str, Any] = {}
    for field in fields(part):
        content[field.name] = READERS[field.type](value.pop(field.name))
    if value:
        raise NotCanonical("more than this version knows")
    return part(**content)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise NotCanonical("not a text")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise NotCanonical("not a count")
    return value


READERS: dict[Any, Callable[[object], object]] = {
    str: _text,
    int: _count,
    datetime: lambda value: moment(_text(value)),
}
