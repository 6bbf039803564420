"""NIK at rest: enciphered so that a column can be searched, sealed where it cannot.

A well-formed NIK is sixteen digits, exactly one AES block, so AES-256 under a field key is a
permutation: one deterministic 16-byte column is ciphertext and blind index at once. Equality is
all it shows. Everything else that may hold a NIK (malformed values, rejected rows, saved forms)
is sealed with AES-256-GCM under a random nonce and a context that says where it belongs.

Nothing here puts a value into a message or a repr.

Next station: `verification.rosters`, which stores what was enciphered here.
"""

import re
import secrets
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["FieldKeys", "NotANik", "SealBroken", "UnknownFieldKey", "is_nik", "mask_nik"]

KEY_BYTES = 32
BLOCK = 16
NONCE_BYTES = 12
SEAL_VERSION = 1
KEY_ID = re.compile(r"[0-9a-z][0-9a-z._-]{0,31}")
NIK = re.compile(r"[0-9]{16}")


class NotANik(ValueError):
    """The value is not sixteen ASCII digits. The value itself is never part of the message."""

    def __init__(self) -> None:
        super().__init__("not a well-formed NIK")


class UnknownFieldKey(LookupError):
    """A stored value names a field key this installation does not hold."""


class SealBroken(ValueError):
    """A sealed value was altered, cut, or opened under another context than it was sealed for."""

    def __init__(self) -> None:
        super().__init__("a sealed value could not be opened")


def is_nik(value: str) -> bool:
    """Whether `value` is sixteen ASCII digits, the only form `encipher` takes."""
    return NIK.fullmatch(value) is not None


def mask_nik(value: str) -> str:
    """What a screen shows to everyone but the holder of the lease: `3273************`.

    A value that is not a NIK shows nothing of itself: it may be a NIK with one typing error.
    """
    return value[:4] + "*" * 12 if is_nik(value) else "*" * 16


class FieldKeys:
    """The field keys of an installation: one current, older ones kept while rows still use them.

    `keys` maps key id (up to 32 of `0-9a-z._-`) to 32 bytes. Block cipher and seal each work
    under their own subkey (HKDF-SHA256), so neither can be used against the other.
    """

    __slots__ = ("_blocks", "_current_id", "_seals")

    def __init__(self, current_id: str, keys: Mapping[str, bytes]) -> None:
        if current_id not in keys:
            raise UnknownFieldKey(f"the current field key {current_id!r} is not among the keys")
        for key_id, key in keys.items():
            if not KEY_ID.fullmatch(key_id):
                raise ValueError(f"field key id {key_id!r} is not 1 to 32 of 0-9a-z._-")
            if len(key) != KEY_BYTES:
                raise ValueError(f"field key {key_id!r} has {len(key)} bytes, not {KEY_BYTES}")
        self._current_id = current_id
        self._blocks = {
            # ECB is safe here and only here: every call enciphers whole independent blocks,
            # and equal NIK becoming equal blocks is the purpose.
            key_id: Cipher(algorithms.AES(_subkey(key, b"sipol nik block")), modes.ECB())  # noqa: S305
            for key_id, key in keys.items()
        }
        self._seals = {
            key_id: AESGCM(_subkey(key, b"sipol field seal")) for key_id, key in keys.items()
        }

    def __repr__(self) -> str:
        return f"FieldKeys(current_id={self._current_id!r}, key_ids={sorted(self._blocks)!r})"

    def __reduce__(self) -> str:
        raise TypeError("field keys are never pickled")

    @property
    def current_id(self) -> str:
        """The key id to store beside what `encipher` returns."""
        return self._current_id

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Every key id held, the current one first; `search_terms` comes in this order."""
        return (self._current_id, *sorted(self._blocks.keys() - {self._current_id}))

    def encipher(self, nik: str) -> bytes:
        """Sixteen digits to the 16 bytes of the column, under the current key.

        Raises NotANik.
        """
        return self._encipher(nik, self._current_id)

    def encipher_many(self, niks: Sequence[str]) -> list[bytes]:
        """As `encipher` for a whole batch in one cipher call, in order; a million take a second.

        Raises NotANik if any value is not well formed; nothing is returned then.
        """
        if not all(map(NIK.fullmatch, niks)):
            raise NotANik
        blocks = self.encipher_joined("".join(niks).encode("ascii"))
        return [blocks[start : start + BLOCK] for start in range(0, len(blocks), BLOCK)]

    def encipher_joined(self, digits: bytes) -> bytes:
        """NIK that stand one after the other in `digits` → their 16 bytes each, one after the other.

        Whoever joins them sees to it that each has sixteen digits. Raises NotANik.
        """
        if digits and (len(digits) % BLOCK or not digits.isdigit()):
            raise NotANik
        encryptor = self._blocks[self._current_id].encryptor()
        return encryptor.update(digits) + encryptor.finalize()

    def decipher_joined(self, blobs: bytes, key_id: str) -> bytes:
        """The digits behind many column values, both one after the other.

        Raises UnknownFieldKey, or SealBroken when the result is not all NIK.
        """
        cipher = self._blocks.get(key_id)
        if cipher is None:
            raise UnknownFieldKey(f"no field key {key_id!r}")
        if len(blobs) % BLOCK:
            raise SealBroken
        decryptor = cipher.decryptor()
        digits = decryptor.update(blobs) + decryptor.finalize()
        if digits and not digits.isdigit():
            raise SealBroken
        return digits

    def decipher(self, blob: bytes, key_id: str) -> str:
        """The sixteen digits behind a column value.

        Raises UnknownFieldKey, or SealBroken when the result is no NIK (wrong key, damaged row).
        """
        cipher = self._blocks.get(key_id)
        if cipher is None:
            raise UnknownFieldKey(f"no field key {key_id!r}")
        if len(blob) != BLOCK:
            raise SealBroken
        decryptor = cipher.decryptor()
        nik = (decryptor.update(blob) + decryptor.finalize()).decode("latin-1")
        if not is_nik(nik):
            raise SealBroken
        return nik

    def search_terms(self, nik: str) -> tuple[bytes, ...]:
        """The column values a NIK may be stored under: one for each key, the current key first.

        During a rotation a search asks for all of them. Raises NotANik.
        """
        return tuple(self._encipher(nik, key_id) for key_id in self.key_ids)

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Encipher any bytes for one place; `context` names it (table, row, field) and is not kept.

        The blob is: version, length of key id, key id, 12 bytes nonce, AES-256-GCM ciphertext.
        """
        key_id = self._current_id.encode("ascii")
        header = bytes((SEAL_VERSION, len(key_id))) + key_id
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._seals[self._current_id].encrypt(nonce, data, header + context)
        return header + nonce + sealed

    def open(self, blob: bytes, context: bytes) -> bytes:
        """What `seal` was given. Raises SealBroken, UnknownFieldKey."""
        if len(blob) < 2 or blob[0] != SEAL_VERSION:
            raise SealBroken
        header_end = 2 + blob[1]
        header, nonce = blob[:header_end], blob[header_end : header_end + NONCE_BYTES]
        sealed = memoryview(blob)[header_end + NONCE_BYTES :]
        key_id = header[2:].decode("latin-1")
        if not KEY_ID.fullmatch(key_id) or len(nonce) != NONCE_BYTES:
            raise SealBroken
        opener = self._seals.get(key_id)
        if opener is None:
            raise UnknownFieldKey(f"no field key {key_id!r}")
        try:
            return opener.decrypt(nonce, sealed, header + context)
        except InvalidTag:
            raise SealBroken from None

    def _encipher(self, nik: str, key_id: str) -> bytes:
        if not is_nik(nik):
            raise NotANik
        encryptor = self._blocks[key_id].encryptor()
        return encryptor.update(nik.encode("ascii")) + encryptor.finalize()


def _subkey(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)
