"""Everything a request may reach, built once from the configuration.

Next station: `portal.app` hands it to Flask; `portal.context.services()` is how views get it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.auth.passwords import Passwords
from portal.clock import Clock, system_clock
from portal.config import Config
from portal.keys import KeyStore
from uploads.arrivals import ArrivalLog
from verification.db import Sessions, make_engine
from verification.secrets import FieldKeys
from verification.signing import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What views, API and CLI work with; tests build their own."""

    config: Config
    sessions: Sessions
    keys: KeyStore
    clock: Clock
    passwords: Passwords
    signer: Signer
    form_keys: FieldKeys
    field_keys: FieldKeys
    upload_secret: bytes
    session_secret: bytes
    arrivals: ArrivalLog
    upload_offset: Callable[[str], int | None]

    @property
    def secure(self) -> bool:
        """Whether people reach the portal by https, so that cookies may demand it."""
        return self.config.public_url.startswith("https://")


def build(config: Config, *, clock: Clock = system_clock) -> Services:
    """Open database and keys. Raises KeyMissing when `sipol init` has not been run."""
    keys = KeyStore(config.keys_dir)
    arrivals = ArrivalLog(config.upload_root)
    return Services(
        config=config,
        sessions=Sessions(make_engine(config.database_url)),
        keys=keys,
        clock=clock,
        passwords=Passwords(),
        signer=Signer(key=keys.receipt_key(), issuer=config.issuer),
        form_keys=keys.form_keys(),
        field_keys=keys.field_keys(),
        upload_secret=keys.upload_secret(),
        session_secret=keys.session_secret(),
        arrivals=arrivals,
        upload_offset=_offset_reader(arrivals),
    )


def _offset_reader(arrivals: ArrivalLog) -> Callable[[str], int | None]:
    def upload_offset(upload_id: str) -> int | None:
        """Bytes of an open upload that are on disk: the data file's size is its offset."""
        try:
            return arrivals.data_path(upload_id).stat().st_size
        except FileNotFoundError:
            return None

    return upload_offset
