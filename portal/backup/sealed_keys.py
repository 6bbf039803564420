"""The keys of an installation as one file under a passphrase, to be kept apart from every backup.

Whoever has both a backup and this file has everything; whoever lost this file has a backup that nobody
can read and receipts that nobody can issue.

Next station: `portal.keys`.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from portal import keys
from portal.backup.refused import BackupRefused
from portal.keys import KeyMissing, KeyStore

SHORTEST = 12
"""Characters of a passphrase."""
COST = 2**17
"""scrypt's N: 128 MiB and about half a second for each guess (RFC 7914)."""
_LABEL = b"sipol keys 1"
_NONCE_BYTES = 12
_SALT_BYTES = 16


def seal(directory: Path, passphrase: str) -> str:
    """Every key of `directory` as sealed JSON. Raises KeyMissing, BackupRefused."""
    if len(passphrase) < SHORTEST:
        raise BackupRefused(f"frasa sandi paling sedikit {SHORTEST} karakter")
    store = KeyStore(directory)
    store.marks()  # nothing damaged is put aside for the day it is needed
    content = {name: (directory / name).read_text(encoding="ascii") for name in keys.FILES}
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(_key(passphrase, salt, COST)).encrypt(
        nonce, json.dumps(content).encode(), _LABEL
    )
    return json.dumps(
        {
            "v": 1,
            "kdf": "scrypt",
            "n": COST,
            "salt": _text(salt),
            "nonce": _text(nonce),
            "sealed": _text(sealed),
        }
    )


def unseal(text: str, passphrase: str, directory: Path) -> None:
    """Put the keys into `directory`, made if need be. Raises BackupRefused, and then nothing is there."""
    try:
        document = json.loads(text)
        salt, nonce, sealed = (
            base64.b64decode(document[name], validate=True) for name in ("salt", "nonce", "sealed")
        )
        if (document["v"], document["kdf"], document["n"]) != (1, "scrypt", COST):
            raise BackupRefused("berkas kunci dari versi lain")
    except (ValueError, KeyError, TypeError):
        raise BackupRefused("bukan berkas kunci, atau rusak") from None
    try:
        content = json.loads(AESGCM(_key(passphrase, salt, COST)).decrypt(nonce, sealed, _LABEL))
    except InvalidTag:
        raise BackupRefused("frasa sandi salah, atau berkas kunci diubah") from None
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any((directory / name).exists() for name in keys.FILES):
        raise BackupRefused(f"di {directory} sudah ada kunci")
    for name in keys.FILES:
        descriptor = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(content[name])
            file.flush()
            os.fsync(file.fileno())


def fitting(directory: Path, marks: dict[str, list[str]]) -> None:
    """See that the keys here open what a backup with these marks holds. Raises BackupRefused."""
    try:
        here = KeyStore(directory).marks()
    except KeyMissing:
        raise BackupRefused(
            "kunci belum ada: pulihkan dulu dengan --keys dari berkas kunci Anda"
        ) from None
    if any(set(wanted) - set(here.get(kind, [])) for kind, wanted in marks.items()):
        raise BackupRefused("kunci di sini bukan kunci dari cadangan ini")


def _key(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(passphrase.encode())


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
