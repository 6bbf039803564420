"""The hash chain of a journal: pure functions, so that a party can check what the table says.

    hash(0)  = SHA-256("sipol chain 1 genesis\\n" + chain)
    hash(n)  = SHA-256("sipol chain 1\\n" + hash(n-1) in hex + "\\n" + canonical entry n)

An entry is canonical JSON: chain, number (from 1), at, actor, kind, facts, text_digest. Free text
is no part of it, only SHA-256(salt + text), so that text can be erased and the chain still holds.

An export is JSON lines: a first line {"sipol": "journal", "v": 1, "chain", "first", "previous"};
a line {"entry", "hash"} for each entry, with "text" and "salt" while they are kept; a last line
{"head": {signed, signature, key_id}} whose signed text is canonical JSON: v, kind
("journal-head"), alg, key_id, issuer, chain, number, head, at.
Part of the base install: cryptography and the standard library only.

Next station: `verification.journal` writes entries through `entry_hash`; `verification.chain_check`
and `sipol verify` judge exports.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from verification.canonical import Json, canonical, instant, sha256_hex
from verification.receipt_keys import ALGORITHM, SigningKey
from verification.signed import Purpose, sign_text

__all__ = [
    "HEAD_KIND",
    "VERSION",
    "ChainPoint",
    "Entry",
    "ExportRow",
    "entry_hash",
    "export",
    "genesis",
    "hash_of",
    "text_digest",
]

VERSION = 1
HEAD_KIND = "journal-head"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPoint:
    """Where a chain stood: the number of its last entry and that entry's hash (hex)."""

    chain: str
    number: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a journal. `facts` are ids, counts and digests, never free text or names."""

    chain: str
    number: int
    at: datetime
    actor: str
    kind: str
    facts: Mapping[str, Json]
    text_digest: str | None = None

    def spelled(self) -> dict[str, Json]:
        """What is hashed and exported. Raises NotCanonical for floats or foreign types."""
        return {
            "chain": self.chain,
            "number": self.number,
            "at": instant(self.at),
            "actor": self.actor,
            "kind": self.kind,
            "facts": self.facts,
            "text_digest": self.text_digest,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """An entry as the table holds it, with its free text unless that was erased."""

    entry: Entry
    hash: str
    text: str | None = None
    salt: str | None = None


def genesis(chain: str) -> str:
    """The hash before the first entry (hex), different for each chain."""
    return sha256_hex(f"sipol chain 1 genesis\n{chain}".encode())


def entry_hash(previous: str, entry: Entry) -> str:
    """The hash (hex) of `entry` after `previous`. Raises NotCanonical."""
    return hash_of(previous, entry.spelled())


def hash_of(previous: str, spelled: Mapping[str, Json]) -> str:
    """As `entry_hash`, for an entry already spelled out."""
    return sha256_hex(f"sipol chain 1\n{previous}\n{canonical(spelled)}".encode())


def text_digest(salt: str, text: str) -> str:
    """What stands in the chain for a free text. The salt (hex) hides short texts from guessing."""
    return sha256_hex(f"{salt}{text}".encode())


def export(
    point: ChainPoint,
    rows: Iterable[ExportRow],
    key: SigningKey,
    *,
    issuer: str,
    at: datetime,
    first: int = 1,
    previous: str | None = None,
) -> Iterator[str]:
    """The lines of an export, each with its newline, from entry `first` to the chain's head.

    `point` is the head read in the same transaction as `rows`; `previous` is the hash before
    `first` and may be left out for a whole chain.
    """
    before = genesis(point.chain) if previous is None else previous
    opening: dict[str, Json] = {"sipol": "journal", "v": VERSION, "chain": point.chain,
                                "first": first, "previous": before}  # fmt: skip
    yield canonical(opening) + "\n"
    for row in rows:
        line: dict[str, Json] = {"entry": row.entry.spelled(), "hash": row.hash}
        if row.text is not None:
            line |= {"text": row.text, "salt": row.salt}
        yield canonical(line) + "\n"
    head: dict[str, Json] = {
        "v": VERSION,
        "kind": HEAD_KIND,
        "alg": ALGORITHM,
        "key_id": key.key_id,
        "issuer": issuer,
        "chain": point.chain,
        "number": point.number,
        "head": point.head,
        "at": instant(at),
    }
    signed = sign_text(Purpose.JOURNAL_HEAD, canonical(head), key)
    yield canonical({"head": signed.as_json()}) + "\n"
