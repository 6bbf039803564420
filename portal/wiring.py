"""Everything a request may reach, built once from the configuration.

Next station: `portal.app` hands it to Flask; `portal.context.services()` is how views get it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from portal.auth.passwords import Passwords
from portal.clock import Clock, system_clock
from portal.config import Config
from portal.keys import KeyStore
from uploads.shelf import Shelf
from verification.card_coverage import CardBooks
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
    shelf: Shelf
    card_books: CardBooks = field(default_factory=CardBooks)

    @property
    def secure(self) -> bool:
        """Whether people reach the portal by https, so that cookies may demand it."""
        return self.config.public_url.startswith("https://")


def build(config: Config, *, clock: Clock = system_clock) -> Services:
    """Open database and keys. Raises KeyMissing when `sipol init` has not been run."""
    return build_on(Sessions(make_engine(config.database_url)), config, clock=clock)


def build_on(sessions: Sessions, config: Config, *, clock: Clock) -> Services:
    """The same over a database that is open already."""
    keys = KeyStore(config.keys_dir)
    return Services(
        config=config,
        sessions=sessions,
        keys=keys,
        clock=clock,
        passwords=Passwords(),
        signer=Signer(key=keys.receipt_key(), issuer=config.issuer),
        form_keys=keys.form_keys(),
        field_keys=keys.field_keys(),
        upload_secret=keys.upload_secret(),
        session_secret=keys.session_secret(),
        shelf=Shelf(config.upload_root),
    )
