"""A text, its signature and the key's name: what receipts and journal heads are made of.

The file is JSON with exactly three members:

    {"signed": "<the text, verbatim>", "signature": "<base64 of 64 bytes>", "key_id": "<16 hex>"}

Ed25519 (RFC 8032) signs the short message `sipol <purpose> 1\\n<SHA-256 of the text, hex>\\n`. The
digest in it lets a QR code of 200 characters be checked alone; the purpose keeps a signature
made for one use from passing in another.
Part of the base install: cryptography and the standard library only.

Next station: `verification.receipts` and `verification.chain`.
"""

import base64
import json
import re
from dataclasses import dataclass
from enum import StrEnum

from verification.canonical import Json, canonical, sha256_hex
from verification.receipt_keys import PublicKey, SigningKey, TrustedKeys

__all__ = ["NotSigned", "Purpose", "SignedText", "check_digest", "sign_text"]

KEY_ID = re.compile(r"[0-9a-f]{16}")
MEMBERS = {"signed", "signature", "key_id"}


class Purpose(StrEnum):
    """What a signature was made for; part of the signed message."""

    RECEIPT = "receipt"
    JOURNAL_HEAD = "journal-head"


class NotSigned(ValueError):
    """The file is not of the form above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedText:
    """A text as its signer saw it. Not yet believed: `verified_by` says whether to."""

    signed: str
    signature: bytes
    key_id: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text, hex."""
        return sha256_hex(self.signed.encode("utf-8"))

    def to_json(self) -> str:
        """The file; one line, so that it survives mail and memory sticks."""
        return canonical(self.as_json()) + "\n"

    def as_json(self) -> dict[str, Json]:
        """The three members, to stand inside another JSON text."""
        return {
            "signed": self.signed,
            "signature": base64.b64encode(self.signature).decode("ascii"),
            "key_id": self.key_id,
        }

    @classmethod
    def from_json(cls, document: str | bytes) -> "SignedText":
        """Read a file, in whatever layout a tool has given it. Raises NotSigned."""
        try:
            text = document if isinstance(document, str) else document.decode("utf-8-sig")
            value = json.loads(text, object_pairs_hook=_no_key_twice)
        except (ValueError, RecursionError):
            raise NotSigned("not JSON") from None
        return cls.from_value(value)

    @classmethod
    def from_value(cls, value: object) -> "SignedText":
        """From already parsed JSON. Raises NotSigned."""
        if not isinstance(value, dict) or value.keys() != MEMBERS:
            raise NotSigned("not exactly signed, signature and key_id")
        signed, signature, key_id = value["signed"], value["signature"], value["key_id"]
        if not (isinstance(signed, str) and isinstance(signature, str) and isinstance(key_id, str)):
            raise NotSigned("signed, signature and key_id are texts")
        if not KEY_ID.fullmatch(key_id):
            raise NotSigned("key_id is not 16 hex digits")
        try:
            signed.encode("utf-8")
            raw = base64.b64decode(signature, validate=True)
        except ValueError:
            raise NotSigned("signed is not text or signature is not base64") from None
        # The last base64 character has bits nobody reads: another spelling is another file.
        if base64.b64encode(raw).decode("ascii") != signature or len(raw) != 64:
            raise NotSigned("the signature is not 64 bytes in base64")
        return cls(signed=signed, signature=raw, key_id=key_id)

    def verified_by(self, purpose: Purpose, trusted: TrustedKeys) -> PublicKey | None:
        """The trusted key that made the signature. None: wrong signature, or key not trusted."""
        return check_digest(purpose, self.digest, self.signature, trusted.get(self.key_id))


def sign_text(purpose: Purpose, text: str, key: SigningKey) -> SignedText:
    """Sign `text` for one purpose."""
    digest = sha256_hex(text.encode("utf-8"))
    return SignedText(signed=text, signature=key.sign(_message(purpose, digest)), key_id=key.key_id)


def check_digest(
    purpose: Purpose, digest: str, signature: bytes, key: PublicKey | None
) -> PublicKey | None:
    """`key`, if it made `signature` over a text with this SHA-256 (hex); else None."""
    if key is not None and key.verifies(signature, _message(purpose, digest)):
        return key
    return None


def _message(purpose: Purpose, digest: str) -> bytes:
    return f"sipol {purpose} 1\n{digest}\n".encode("ascii")


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Two readers may pick different ones of two equal keys; then both would be "verified".
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is given twice")
    return members
