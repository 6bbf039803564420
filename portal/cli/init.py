"""`sipol init`: everything an installation needs before it can start; to be run again at every update.

Next station: `sipol up`.
"""

from __future__ import annotations

import click

from portal.cli.installation import configuration, database
from portal.clock import system_clock
from portal.config import Config
from portal.database import migrate
from portal.keys import KeyStore
from portal.seed import Seeded, seed


def initialise(config: Config) -> Seeded:
    """Folders, keys, migrated database, regions, offices, the process as data. Idempotent."""
    for folder in config.directories():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    KeyStore(config.keys_dir).create()
    with database(config) as sessions:
        migrate(sessions.engine)
        with sessions.begin() as session:
            return seed(session, system_clock())


@click.command()
@click.option("--quiet", is_flag=True, help="Diam bila semuanya baik.")
def init(*, quiet: bool) -> None:
    """Siapkan folder, kunci, basis data, wilayah, dan syarat. Aman diulang.

    Prepare folders, keys, database, regions and requirements; safe to repeat.
    """
    config = configuration()
    made = initialise(config)
    if not quiet:
        click.echo(
            f"Siap di {config.home}: pemilu {made.election}, {made.regions} wilayah, "
            f"{made.offices} kantor, {made.requirements} syarat, {made.reasons} alasan."
        )
