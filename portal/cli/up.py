"""`sipol up`: upload processes, portal, workers and nginx as one tree, until Ctrl-C.

Next station: `portal/parts.py` and `portal/supervise.py`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from nginx import outage
from portal import edge, light, log_files, parts, tusd_process
from portal.cli.installation import only_one
from portal.cli.people import introduction
from portal.config import Config
from portal.supervise import StartFailed, Supervisor
from uploads.tusd.engine import EngineMissing


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Porta di 127.0.0.1.")
def up(*, port: int | None) -> None:
    """Jalankan portal, unggahan, pekerja, dan nginx; Ctrl-C menghentikan semuanya."""
    config = Config.load(os.environ)
    if port is not None:
        address = f"127.0.0.1:{port}"
        config = replace(config, listen=address, public_url=f"http://{address}")
    if not (config.keys_dir / "upload.key").exists():
        raise click.ClickException(f"{config.home} belum disiapkan: jalankan `sipol init`")
    if config.uploads == "tusd":
        try:
            tusd_process.find(config)
        except EngineMissing as error:
            raise click.ClickException(str(error)) from error
    for folder in config.directories():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_one(config.run_dir) as lock:
        if not parts.is_free(config):
            raise click.ClickException(
                f"alamat {config.listen} sedang dipakai; pilih yang lain (PORT=, --port)"
            )
        _run(config, lock)


def _run(config: Config, lock: int) -> None:
    proxied = bool(edge.program())
    pages = config.run_dir / "pages"

    def lost(name: str) -> None:
        if name == "portal":
            outage.write(pages, datetime.now(UTC))

    def back(name: str) -> None:
        if name == "portal":
            outage.write(pages)

    supervisor = Supervisor(tell=_tell, lost=lost, back=back, keep_open=(lock,))
    light.place(config.run_dir)
    if proxied:
        edge.write_configuration(config)
        waves = parts.waves(config)
    else:
        _tell(
            "nginx tidak ada di mesin ini: portal dilayani langsung, hanya untuk melihat-lihat "
            "(tanpa batas, tanpa tembolok, tanpa halaman gangguan)."
        )
        waves = parts.waves_without_nginx(config)
    try:
        supervisor.run(
            waves,
            started=lambda: _introduce(config),
            meanwhile=lambda: log_files.shorten(config.log_dir),
        )
    except StartFailed as error:
        raise click.ClickException(str(error)) from error
    _tell("Semua bagian sudah berhenti; yang sudah diterima tersimpan.")


def _introduce(config: Config) -> None:
    place = config.public_url
    _tell(f"Portal berjalan di {place} (Ctrl-C menghentikan)")
    for line in _demo_lines(config.home / "demo.json"):
        _tell(line)
    _tell(f"Catatan (log): {config.log_dir}")


def _demo_lines(path: Path) -> Iterator[str]:
    """The demo accounts of `sipol demo`, as a table; nothing in an installation without them."""
    if not path.exists():
        return
    yield "Akun demo (nama, kata sandi):"
    for account in json.loads(path.read_text("utf-8"))["accounts"]:
        yield f"  {introduction(account)}"


def _tell(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
