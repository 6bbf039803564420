"""A receipt as a QR code: digest, signature, serial and key, small enough for a printed page.

Next station: `verification.receipt_pdf` draws it; `sipol verify --qr` checks what was scanned.
"""

import base64

from verification.receipt_keys import TrustedKeys
from verification.receipts import Problem, Verdict, read
from verification.signed import Purpose, SignedText, check_digest

__all__ = ["qr_text", "verify_qr"]

QR_MARK = "SIPOL1"


def qr_text(document: SignedText) -> str:
    """The QR code's text, 203 characters of QR's alphanumeric set (version 8-M, 49 modules).

    `SIPOL1:<digest of the signed text>:<signature>:<serial>:<key id>`, each in base32 unpadded.
    """
    serial = bytes.fromhex(read(document).serial)
    parts = (bytes.fromhex(document.digest), document.signature, serial,
             bytes.fromhex(document.key_id))  # fmt: skip
    return ":".join((QR_MARK, *(_base32(part) for part in parts)))


def verify_qr(text: str, trusted_keys: TrustedKeys, document: SignedText | None = None) -> Verdict:
    """Judge a scanned QR code: signed by a trusted key, and `document`, if given, is its receipt."""
    try:
        mark, *parts = text.strip().split(":")
        digest, signature, _, key_id = (_unbase32(part) for part in parts)
    except ValueError:
        return Verdict(problems=(Problem.NOT_A_RECEIPT,))
    if mark != QR_MARK:
        return Verdict(problems=(Problem.NOT_A_RECEIPT,))
    if document is not None and text.strip() != qr_text(document):
        return Verdict(problems=(Problem.OTHER_RECEIPT,), key_id=key_id.hex())
    key = trusted_keys.get(key_id.hex())
    if key is None:
        return Verdict(problems=(Problem.KEY_NOT_TRUSTED,), key_id=key_id.hex())
    if not check_digest(Purpose.RECEIPT, digest.hex(), signature, key):
        return Verdict(problems=(Problem.WRONG_SIGNATURE,), key_id=key_id.hex())
    return Verdict(problems=(), key_id=key_id.hex())


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=")


def _unbase32(text: str) -> bytes:
    data = base64.b32decode(text + "=" * (-len(text) % 8))
    if _base32(data) != text:
        raise ValueError("not the one spelling")
    return data
