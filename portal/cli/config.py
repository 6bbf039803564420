"""`sipol config`: every setting as it holds now, without secrets."""

from __future__ import annotations

import json

import click

from portal.cli.installation import configuration


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Sebagai JSON.")
def config(*, as_json: bool) -> None:
    """Tampilkan pengaturan yang berlaku, tanpa rahasia.

    Show the settings in force, without secrets.
    """
    settings = configuration().printable()
    if as_json:
        click.echo(json.dumps(settings, ensure_ascii=False, indent=2))
        return
    for name, value in settings.items():
        click.echo(f"SIPOL_{name.upper()}={value}")
