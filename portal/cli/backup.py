"""`sipol backup`: put everything aside while everybody works; keys apart, under a passphrase.

Next station: `sipol restore`, on the day it is needed. Try it before.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from portal.backup import sealed_keys
from portal.backup.making import Made, make_backup
from portal.backup.refused import BackupRefused
from portal.cli.installation import configuration, database, refusals
from portal.clock import system_clock
from portal.config import Config

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("folder", type=FOLDER, required=False)
@click.option("--keep", type=click.IntRange(min=1), help="Simpan hanya sekian cadangan terbaru.")
@click.option("--keys", type=FILE, help="Simpan kunci ke berkas ini, di bawah frasa sandi.")
@click.option("--passphrase-stdin", is_flag=True, help="Baca frasa sandi dari masukan baku.")
@click.option("--json", "as_json", is_flag=True, help="Sebagai JSON.")
def backup(
    folder: Path | None,
    *,
    keep: int | None,
    keys: Path | None,
    passphrase_stdin: bool,
    as_json: bool,
) -> None:
    """Buat cadangan basis data dan unggahan ke FOLDER, selagi portal berjalan.

    Back up database and uploads into FOLDER while the portal runs; --keys puts the keys into a file
    apart. Exit code 1: made, but some upload on the disk is no longer what arrived.
    """
    config = configuration()
    if folder is None and keys is None:
        raise click.UsageError("FOLDER atau --keys diperlukan")
    if folder and keys and keys.resolve().is_relative_to(folder.resolve()):
        raise click.UsageError(
            "kunci tidak boleh bersama cadangan: siapa memegang keduanya, memegang semuanya"
        )
    if keys is not None:
        _put_keys(config, keys, ask_passphrase(from_stdin=passphrase_stdin, twice=True))
        if not as_json:
            click.echo(f"Kunci tersimpan di {keys}; simpan terpisah, bersama frasa sandinya.")
    if folder is not None:
        _tell(_made(config, folder, keep), as_json=as_json)


def ask_passphrase(*, from_stdin: bool, twice: bool = False) -> str:
    """The passphrase of a key file: a line of standard input, or asked for without showing it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    said: str = click.prompt("Frasa sandi kunci", hide_input=True, confirmation_prompt=twice)
    return said


def _put_keys(config: Config, path: Path, passphrase: str) -> None:
    with refusals():
        try:
            sealed = sealed_keys.seal(config.keys_dir, passphrase)
            with path.open("x", encoding="ascii") as file:
                file.write(sealed)
        except FileExistsError:
            raise click.ClickException(f"{path} sudah ada") from None
        except (BackupRefused, OSError) as error:
            raise click.ClickException(str(error)) from None


def _made(config: Config, folder: Path, keep: int | None) -> Made:
    with database(config) as sessions, refusals():
        try:
            return make_backup(config, sessions, folder, now=system_clock(), keep=keep)
        except (BackupRefused, OSError) as error:
            raise click.ClickException(f"cadangan tidak jadi: {error}") from None


def _tell(made: Made, *, as_json: bool) -> None:
    about = made.backup
    if as_json:
        click.echo(
            json.dumps(
                {
                    "backup": str(about.place),
                    "files": about.files,
                    "size": about.size,
                    "written": made.written,
                    "removed": made.removed,
                    "damaged": made.damaged,
                }
            )
        )
    else:
        click.echo(
            f"Cadangan utuh di {about.place}: {about.files} berkas unggahan, {about.size} byte, "
            f"{made.written} di antaranya baru; {len(made.removed)} cadangan lama dihapus."
        )
        for upload_id in made.damaged:
            click.echo(f"RUSAK di disk: {upload_id} bukan lagi yang diterima", err=True)
    sys.exit(1 if made.damaged else 0)
