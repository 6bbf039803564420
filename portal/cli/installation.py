"""What the server commands share: the configuration, an open database, refusals as sentences.

Next station: the command that asked.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.exc import OperationalError, ProgrammingError

from portal.config import Config, ConfigurationError
from portal.keys import KeyFileExposed, KeyMissing
from portal.refusals import BadInput
from verification.db import Sessions, make_engine
from verification.errors import DomainError

PRIVATE = 0o077
# As long as the slowest part may take to stop; see `Part.patience`.
LAST_TREE_SECONDS = 30.0


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


@contextmanager
def only_one(run_dir: Path) -> Iterator[int]:
    """One tree a home. The descriptor is inherited, so the lock is free when every part is gone."""
    own = os.open(run_dir / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    tree = os.open(run_dir / "tree.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _locked(own):
            raise click.ClickException(f"`sipol up` sudah berjalan untuk {run_dir.parent}")
        deadline = time.monotonic() + LAST_TREE_SECONDS
        while not _locked(tree):
            # The last supervisor was killed and its parts are still putting their things in order.
            if time.monotonic() > deadline:
                raise click.ClickException("bagian dari proses sebelumnya belum berhenti")
            time.sleep(0.1)
        yield tree
    finally:
        os.close(tree)
        os.close(own)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
