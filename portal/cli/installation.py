"""What the server commands share: the configuration, an open database, refusals as sentences.

Next station: the command that asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import OperationalError, ProgrammingError

from portal.config import Config, ConfigurationError
from portal.keys import KeyFileExposed, KeyMissing
from portal.refusals import BadInput
from verification.db import Sessions, make_engine
from verification.errors import DomainError

PRIVATE = 0o077


def configuration() -> Config:
    """The configuration of this environment; what is wrong with it is said and ends the command."""
    os.umask(PRIVATE)
    try:
        return Config.load(os.environ)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def database(config: Config) -> Iterator[Sessions]:
    """Sessions for one command."""
    engine = make_engine(config.database_url, pool_size=2)
    try:
        yield Sessions(engine)
    finally:
        engine.dispose()


@contextmanager
def refusals() -> Iterator[None]:
    """Say a refusal in one line instead of a trace. The database's own words stay out of it."""
    try:
        yield
    except BadInput as error:
        wrong = "; ".join(f"{field}: {what}" for field, what in error.fields.items())
        raise click.ClickException(wrong) from None
    except (DomainError, KeyMissing, KeyFileExposed) as error:
        raise click.ClickException(str(error)) from None
    except (OperationalError, ProgrammingError) as error:
        kind = type(error).__name__
        raise click.ClickException(
            f"basis data belum siap ({kind}); jalankan `sipol init` lebih dulu"
        ) from None
