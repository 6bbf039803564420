"""`sipol nginx`: the configuration nginx is run with.

Next station: `nginx/render.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys

import click

from nginx.render import UnusableEdge, render
from portal import edge
from portal.config import Config


@click.command()
@click.option("--write", is_flag=True, help="Tulis ke folder kerja, bukan ke layar.")
@click.option("--check", is_flag=True, help="Tulis, lalu periksa dengan `nginx -t`.")
def nginx(*, write: bool, check: bool) -> None:
    """Cetak konfigurasi nginx untuk pemasangan ini."""
    config = Config.load(os.environ)
    try:
        if not (write or check):
            click.echo(render(edge.edge_of(config)), nl=False)
            return
        path = edge.write_configuration(config)
    except UnusableEdge as error:
        raise click.ClickException(str(error)) from error
    click.echo(str(path))
    if check:
        if not edge.program():
            raise click.ClickException(
                "nginx belum terpasang (Debian: apt-get install nginx-light)"
            )
        sys.exit(subprocess.run(edge.command(config, "-t"), check=False).returncode)
