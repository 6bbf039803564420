"""`sipol demo`: accounts of every role with their passwords, and files to try them with.

Next station: the printed address, or `sipol upload` with a printed token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from portal.auth.passwords import Passwords
from portal.cli.installation import configuration, database, refusals
from portal.cli.people import introduction
from portal.clock import system_clock
from portal.config import Config
from portal.demo import DemoLogin, DemoRefused, ensure
from portal.demo.accounts import PARTIES
from portal.demo.files import CARDS, ROWS, write_samples
from portal.demo.filling import NotSent, is_filled, send
from verification.db import Sessions

FILLED = PARTIES["B"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Semua akun sebagai JSON, dengan token.")
@click.option(
    "--files",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Tulis berkas contoh ke folder ini.",
)
@click.option(
    "--filled", is_flag=True, help=f"Kirim berkas contoh {FILLED} lewat jalur unggah, sekali saja."
)
@click.option("--rows", default=ROWS, show_default=True, help="Baris setiap daftar anggota.")
@click.option("--cards", default=CARDS, show_default=True, help="Anggota dengan gambar kartu.")
def demo(*, as_json: bool, folder: Path | None, filled: bool, rows: int, cards: int) -> None:
    """Akun contoh dua partai dan para petugas, dan berkas contoh. Ditolak dalam mode produksi.

    Sample accounts of two parties and the offices, and sample files; refused in production.
    """
    config = configuration()
    with database(config) as sessions, refusals(), _said():
        logins = ensure(sessions, config, Passwords(), system_clock())
        sent = _fill(config, sessions, logins, rows, cards) if filled else 0
    written = write_samples(folder, rows=rows, cards=cards) if folder else []
    if as_json:
        click.echo(json.dumps([asdict(login) for login in logins], ensure_ascii=False, indent=2))
        return
    for login in logins:
        # Never in a table that shortens: a password with its end cut off opens nothing.
        click.echo(introduction(asdict(login)))
    click.echo(f"\nKata sandi dan token tersimpan di {config.home / 'demo.json'}.")
    if sent:
        click.echo(f"{sent} berkas contoh {FILLED} sudah dikirim.")
    if folder is not None:
        click.echo(f"{len(written)} berkas contoh ditulis ke {folder}.")


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except (DemoRefused, NotSent) as error:
        raise click.ClickException(str(error)) from None


def _fill(
    config: Config, sessions: Sessions, logins: list[DemoLogin], rows: int, cards: int
) -> int:
    """Party B has been busy already; party A is for whoever tries the portal."""
    if is_filled(sessions, FILLED):
        return 0
    people = [login for login in logins if login.party == FILLED]
    with TemporaryDirectory(dir=config.tmp_dir) as place:
        samples = write_samples(Path(place), rows=rows, cards=cards, letters="B")
        return send(config, sessions, people, samples)
