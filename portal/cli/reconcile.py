"""`sipol reconcile`: one whole pass of the broom; exit code 1 when an arrival could not be recorded."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from portal.cli.installation import configuration, database, refusals
from portal.intake import PortalPolicy
from portal.reconcile import Reconciler
from uploads.shelf import Shelf


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Sebagai JSON.")
def reconcile(*, as_json: bool) -> None:
    """Catat unggahan selesai yang belum tercatat, dan lepaskan kuota yang tidak terpakai.

    Record finished uploads that have no row yet, and give unused quota back.
    """
    config = configuration()
    with database(config) as sessions, refusals():
        reconciler = Reconciler(Shelf(config.upload_root), sessions, PortalPolicy(sessions, config))
        done = reconciler.run(whole=True)
    if as_json:
        click.echo(json.dumps(asdict(done)))
    else:
        click.echo(
            f"{done.seen} unggahan diperiksa: {done.recorded} baru dicatat, "
            f"{done.failed} gagal dicatat; {done.released} kuota dilepaskan."
        )
    sys.exit(1 if done.failed else 0)
