"""`sipol restore`: an installation from a backup, on an empty machine or in an empty home.

Next station: `sipol up`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from portal.backup import kept, restoring, sealed_keys
from portal.backup.kept import Backup
from portal.backup.refused import BackupRefused
from portal.backup.restoring import Restored
from portal.cli.backup import FILE, FOLDER, ask_passphrase
from portal.cli.installation import configuration, database, only_one, refusals
from portal.clock import system_clock


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--keys", type=FILE, help="Berkas kunci dari `sipol backup --keys`.")
@click.option("--passphrase-stdin", is_flag=True, help="Baca frasa sandi dari masukan baku.")
@click.option("--json", "as_json", is_flag=True, help="Sebagai JSON.")
def restore(folder: Path, *, keys: Path | None, passphrase_stdin: bool, as_json: bool) -> None:
    """Pulihkan portal dari FOLDER: satu cadangan, atau yang terbaru di antaranya.

    Restore from FOLDER, a backup or the newest in it, into an empty home. Exit code 1: restored, but
    something is damaged or missing and named.
    """
    config = configuration()
    for each in (config.home, config.run_dir):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_one(config.run_dir), database(config) as sessions, refusals():
        try:
            backup = _chosen(folder)
            if keys is not None:
                passphrase = ask_passphrase(from_stdin=passphrase_stdin)
                text = keys.read_text(encoding="ascii", errors="replace")
                sealed_keys.unseal(text, passphrase, config.keys_dir)
            restoring.check(config, backup)
            done = restoring.restore(config, sessions, backup, system_clock())
        except (BackupRefused, OSError) as error:
            raise click.ClickException(f"tidak dipulihkan: {error}") from None
    _tell(done, as_json=as_json)


def _chosen(folder: Path) -> Backup:
    if (folder / kept.ABOUT).is_file():
        return kept.read(folder)
    found = kept.whole(folder)
    if not found:
        raise BackupRefused(f"tidak ada cadangan utuh di {folder}")
    return found[-1]


def _tell(done: Restored, *, as_json: bool) -> None:
    if as_json:
        click.echo(
            json.dumps(
                {
                    "backup": str(done.backup.place),
                    "files": done.backup.files,
                    "recorded": done.recorded,
                    "erased": done.erased,
                    "back": done.back,
                    "damaged": done.damaged,
                    "missing": done.missing,
                }
            )
        )
        sys.exit(0 if done.whole else 1)
    taken = f"{done.backup.taken_at:%Y-%m-%d %H.%M.%S} UTC"
    click.echo(
        f"Dipulihkan dari cadangan {taken}: {done.backup.files} berkas unggahan; {done.recorded} yang "
        f"lebih baru dari basis datanya dicatat, {done.erased} yang sudah dihapus tetap terhapus."
    )
    click.echo(
        f"Yang terjadi sesudah {taken} hilang, juga akun yang sejak itu dinonaktifkan: periksa "
        "/kelola/akun. Setiap riwayat mencatat pemulihan ini; semua orang masuk lagi."
    )
    for what, uploads in (
        ("sudah dihapus, tetapi dipakai lagi; putuskan sendiri", done.back),
        ("RUSAK, bukan lagi yang diterima", done.damaged),
        ("HILANG, hanya barisnya yang ada", done.missing),
    ):
        for upload_id in uploads:
            click.echo(f"{upload_id}: {what}", err=True)
    sys.exit(0 if done.whole else 1)
