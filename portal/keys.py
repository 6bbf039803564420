"""The keys of an installation, one file each in a private directory.

Each process loads only its own: the upload processes read `upload.key` and nothing else; the
worker and the submission service read the receipt key; the field keys stay with whoever shows
or imports members. A directory holds:

    upload.key          HMAC secret of the capability URLs
    session.key         signs what Flask signs
    form.key            seals forms kept over an expired login
    field-keys.json     AES-256 field keys of NIK, one current
    receipt.key         Ed25519 private key of receipts
    receipt-keys.json   the public ones, with their validity; this file is the one to publish

Next station: `portal.wiring`, which hands each service the key it may hold.
"""

import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from verification.receipt_keys import PublicKey, SigningKey, TrustedKeys, UnusableKeys
from verification.secrets import FieldKeys, UnknownFieldKey

__all__ = ["FILES", "KeyFileExposed", "KeyMissing", "KeyStore"]

FILES = (
    "upload.key", "session.key", "form.key", "field-keys.json", "receipt.key", "receipt-keys.json",
)  # fmt: skip
SECRET_BYTES = 32
OTHERS = 0o077


class KeyMissing(FileNotFoundError):
    """A key was asked for that has not been made; `sipol init` makes all of them."""


class KeyFileExposed(PermissionError):
    """A key file, or the directory, can be read by others. It is refused, not repaired."""


class KeyStore:
    """Creates and loads the keys below `directory` (0700, each file 0600).

    Creating never overwrites: of two processes starting together one makes a key and both use
    it. Loading raises KeyMissing, KeyFileExposed, or UnusableKeys for a damaged file.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __repr__(self) -> str:
        return f"KeyStore({str(self.directory)!r})"

    def create(self) -> None:
        """Make every key that is missing. Safe to call at each start."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("upload.key", "session.key", "form.key"):
            self._write_once(name, _new_secret)
        self._write_once("field-keys.json", _new_field_keys)
        self._write_once("receipt.key", _new_secret)
        self._write_once("receipt-keys.json", self._first_public_key)

    def upload_secret(self) -> bytes:
        """32 bytes for `uploads.capability`; all that an upload process loads."""
        return self._secret("upload.key")

    def session_secret(self) -> bytes:
        """32 bytes, Flask's SECRET_KEY."""
        return self._secret("session.key")

    def form_keys(self) -> FieldKeys:
        """Seals forms kept while somebody signs in again; never used for NIK columns."""
        return FieldKeys("form", {"form": self._secret("form.key")})

    def field_keys(self) -> FieldKeys:
        """The keys of NIK columns and sealed rows."""
        try:
            document = json.loads(self._read("field-keys.json"))
            keys = {
                str(key_id): base64.b64decode(text, validate=True)
                for key_id, text in document["keys"].items()
            }
            return FieldKeys(str(document["current"]), keys)
        except (KeyError, TypeError, AttributeError, ValueError, UnknownFieldKey):
            raise UnusableKeys("field-keys.json is damaged") from None

    def receipt_key(self) -> SigningKey:
        """The private key of receipts. For the worker and the submission service alone."""
        return SigningKey.from_seed(self._secret("receipt.key"))

    def marks(self) -> dict[str, list[str]]:
        """What tells these keys from those of another installation, and gives none away."""
        secret = hashlib.sha256(b"sipol mark of a key" + self.upload_secret()).hexdigest()
        return {
            "upload": [secret[:16]],
            "field": sorted(self.field_keys().key_ids),
            "receipt": sorted(self.trusted_keys()),
        }

    def trusted_keys(self) -> TrustedKeys:
        """Every public receipt key this installation ever signed with."""
        return TrustedKeys.from_json(self._read("receipt-keys.json"))

    def _first_public_key(self) -> str:
        # A day early: a clock set back after installation must not make receipts look forged.
        since = datetime.now(UTC) - timedelta(days=1)
        key = PublicKey(public=self.receipt_key().public, not_before=since)
        return TrustedKeys([key]).to_json()

    def _secret(self, name: str) -> bytes:
        try:
            secret = base64.b64decode(self._read(name).strip(), validate=True)
        except ValueError:
            raise UnusableKeys(f"{name} is damaged") from None
        if len(secret) != SECRET_BYTES:
            raise UnusableKeys(f"{name} has {len(secret)} bytes, not {SECRET_BYTES}")
        return secret

    def _read(self, name: str) -> str:
        path = self.directory / name
        try:
            with path.open(encoding="ascii") as file:
                for descriptor in (self.directory.stat(), os.fstat(file.fileno())):
                    if sys.platform != "win32" and descriptor.st_mode & OTHERS:
                        raise KeyFileExposed(f"{name} or its directory is open to others")
                return file.read()
        except FileNotFoundError:
            raise KeyMissing(f"{name} is missing; `sipol init` makes it") from None

    def _write_once(self, name: str, make: Callable[[], str]) -> None:
        path = self.directory / name
        if path.exists():
            return
        draft = self.directory / f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(make())
                file.flush()
                os.fsync(file.fileno())
            # A link, not a rename: a rename would overwrite the key another process just made.
            os.link(draft, path)
        except FileExistsError:
            return
        finally:
            draft.unlink()
        _sync_directory(self.directory)


def _new_secret() -> str:
    return base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii") + "\n"


def _new_field_keys() -> str:
    key_id = f"f{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(2)}"
    return json.dumps({"current": key_id, "keys": {key_id: _new_secret().strip()}}) + "\n"


def _sync_directory(directory: Path) -> None:
    if sys.platform != "win32":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
