"""The Ed25519 keys of receipts: the one that signs, and the public ones a reader trusts.

Only the worker and the submission service hold a SigningKey; everybody may hold TrustedKeys,
which is what `receipt-keys.json` contains. Old public keys stay in it with their validity.
Part of the base install: cryptography and the standard library only.

Next station: `verification.receipts`, which signs and verifies with them.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["ALGORITHM", "PublicKey", "SigningKey", "TrustedKeys", "UnusableKeys"]

ALGORITHM = "Ed25519"
KEYS_VERSION = 1


class UnusableKeys(ValueError):
    """A key file is not what it should be; the message says where, never what a key is."""


def key_id_of(public: bytes) -> str:
    """The name of a public key (32 raw bytes): the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """One key to verify with. `not_after` is None for the key in use; both UTC."""

    public: bytes
    not_before: datetime
    not_after: datetime | None = None

    @property
    def key_id(self) -> str:
        """Follows from the key itself, so a file cannot give a key another key's name."""
        return key_id_of(self.public)

    def valid_at(self, moment: datetime) -> bool:
        """Whether a signature dated `moment` may have been made by this key."""
        return self.not_before <= moment and (self.not_after is None or moment <= self.not_after)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's over exactly `message`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """The private half. Signs bytes, tells its public half, and shows nothing else."""

    __slots__ = ("_private", "key_id", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public: bytes = private.public_key().public_bytes_raw()
        self.key_id: str = key_id_of(self.public)

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """From the 32 secret bytes of RFC 8032. Raises UnusableKeys."""
        try:
            return cls(Ed25519PrivateKey.from_private_bytes(seed))
        except ValueError:
            raise UnusableKeys("an Ed25519 private key is exactly 32 bytes") from None

    def __repr__(self) -> str:
        return f"SigningKey(key_id={self.key_id!r})"

    def __reduce__(self) -> str:
        raise TypeError("signing keys are never pickled")

    def sign(self, message: bytes) -> bytes:
        """64 bytes, deterministic (RFC 8032)."""
        return self._private.sign(message)


class TrustedKeys(Mapping[str, PublicKey]):
    """Key id → public key: the whole basis on which a receipt is believed."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[PublicKey] = ()) -> None:
        self._keys = {key.key_id: key for key in keys}

    def __getitem__(self, key_id: str) -> PublicKey:
        return self._keys[key_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read `receipt-keys.json`. Raises UnusableKeys with the place of the fault."""
        try:
            document = json.loads(text)
        except ValueError:
            raise UnusableKeys("the key file is not JSON") from None
        if not isinstance(document, dict) or document.get("v") != KEYS_VERSION:
            raise UnusableKeys(f"the key file is not version {KEYS_VERSION}")
        rows = document.get("keys")
        if not isinstance(rows, list):
            raise UnusableKeys('the key file has no list "keys"')
        return cls(_public_key(row, number) for number, row in enumerate(rows, start=1))

    def to_json(self) -> str:
        """The published form, keys in order of their validity."""
        rows = [
            {
                "key_id": key.key_id,
                "alg": ALGORITHM,
                "public": base64.b64encode(key.public).decode("ascii"),
                "not_before": _instant(key.not_before),
                "not_after": _instant(key.not_after) if key.not_after else None,
            }
            for key in sorted(self._keys.values(), key=lambda key: (key.not_before, key.key_id))
        ]
        return json.dumps({"v": KEYS_VERSION, "keys": rows}, indent=2) + "\n"


def _public_key(row: object, number: int) -> PublicKey:
    if not isinstance(row, dict) or row.get("alg") != ALGORITHM:
        raise UnusableKeys(f"key {number} is not an {ALGORITHM} key")
    try:
        until = row.get("not_after")
        key = PublicKey(
            public=base64.b64decode(row["public"], validate=True),
            not_before=_moment(row["not_before"]),
            not_after=None if until is None else _moment(until),
        )
        Ed25519PublicKey.from_public_bytes(key.public)
    except (KeyError, TypeError, ValueError):
        raise UnusableKeys(f"key {number} is damaged") from None
    if row.get("key_id") != key.key_id:
        raise UnusableKeys(f"key {number} carries another key's id")
    return key


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC)
