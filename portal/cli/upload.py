"""`sipol upload`: files to the portal from a terminal, through the night and back again.

Exit codes: 0 everything stored (and passed the system's check, unless --no-wait) · 1 something was
rejected · 2 wrong use, or a file that cannot be read · 3 the network gave up; run it again · 4 the
token is unknown or has ended · 5 another sipol is uploading the same file · 6 stored, the check was
not finished within --wait · 130 interrupted.

Next station: `portal.cli.client.run`.
"""

import io
import mimetypes
import os
import secrets
import shlex
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import click

from portal.cli.client.api import Api, Tickets
from portal.cli.client.run import ExitCode, Outcome, Run, Status
from portal.cli.client.screen import JsonScreen, PersonScreen
from portal.cli.client.state import StateStore, state_directory
from portal.cli.client.transfer import Transfer
from portal.cli.client.web import Web
from portal.cli.words import say

__all__ = ["upload"]

LOCAL = {"127.0.0.1", "::1", "localhost"}
MEDIA_TYPES = {".csv": "text/csv", ".pdf": "application/pdf", ".zip": "application/zip"}


@click.command(epilog=__doc__.split("\n\n")[1])
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILES…")
@click.option("--requirement", required=True, metavar="KODE", help="Kode syarat.")
@click.option("--region", required=True, metavar="KODE", help="Kode wilayah: 32.73, 32, ID.")
@click.option(
    "--purpose",
    required=True,
    type=click.Choice(["document", "roster", "scans"]),
    help="Dokumen, daftar anggota, atau pindaian kartu.",
)
@click.option(
    "--server", envvar="SIPOL_SERVER", metavar="URL", help="Alamat portal [SIPOL_SERVER]."
)
@click.option("--election", metavar="KODE", help="Pemilu; bila kosong, yang berjalan.")
@click.option("--corrects", metavar="ID", help="Daftar anggota yang diperbaiki.")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Berkas berisi token; bila kosong, SIPOL_TOKEN.",
)
@click.option("--parallel", type=click.IntRange(1, 8), default=2, show_default=True,
              help="Berkas sekaligus.")  # fmt: skip
@click.option("--no-wait", is_flag=True, help="Jangan tunggu pemeriksaan sistem.")
@click.option("--wait", type=click.FloatRange(min=1), default=1800, show_default=True,
              metavar="DETIK", help="Paling lama menunggu pemeriksaan sistem.")  # fmt: skip
@click.option("--patience", type=click.FloatRange(min=0), default=86400, show_default=True,
              metavar="DETIK", help="Menyerah setelah sekian lama tanpa kemajuan.")  # fmt: skip
@click.option("--receipts", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Tempat menyimpan tanda terima.")  # fmt: skip
@click.option("--again", is_flag=True, help="Kirim lagi walau sudah pernah terkirim.")
@click.option("--json", "as_json", is_flag=True, help="Satu objek JSON tiap baris, untuk skrip.")
@click.option(
    "--lang", envvar="SIPOL_LANG", type=click.Choice(["id", "en"]), default="id", show_default=True
)
def upload(
    files: tuple[Path, ...],
    *,
    requirement: str,
    region: str,
    purpose: str,
    server: str | None,
    election: str | None,
    corrects: str | None,
    token_file: Path | None,
    parallel: int,
    no_wait: bool,
    wait: float,
    patience: float,
    receipts: Path | None,
    again: bool,
    as_json: bool,
    lang: str,
) -> None:
    """Unggah FILES ke portal. Bila terputus, jalankan perintah yang sama: dilanjutkan, bukan diulang.

    Upload FILES; run the same command again to go on where it stopped.
    """
    base = _server(server)
    token = _token(token_file)
    for path in files:
        if not path.is_file():
            raise click.UsageError(say(lang, "no_file", path=path))
    if not token:
        click.echo(say(lang, "no_token"), err=True)
        sys.exit(ExitCode.AUTH)
    if base.startswith("http://") and urlsplit(base).hostname not in LOCAL:
        click.echo(say(lang, "clear_text", server=base), err=True)
    claim = {"purpose": purpose, "requirement": requirement, "region": region}
    claim |= {k: v for k, v in (("election", election), ("corrects", corrects)) if v}
    state = state_directory(os.environ)
    store = StateStore(state / "uploads")
    store.sweep()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A console of another code page must not end an upload over a letter.
        sys.stdout.reconfigure(errors="replace")
    screen: PersonScreen | JsonScreen = (
        JsonScreen(files, sys.stdout) if as_json else PersonScreen(files, lang, sys.stdout)
    )
    tickets = Tickets()
    transfer = Transfer(
        api=lambda: Api(Web(lang), base, token, election, tickets),
        store=store,
        screen=screen,
        claim=claim,
        batch=secrets.token_hex(16),
        stop=threading.Event(),
        limit=patience,
        again=again,
    )
    run = Run(
        transfer,
        screen,
        receipts or state / "receipts",
        parallel=parallel,
        wait=0 if no_wait else wait,
    )
    with screen:
        code = run.go([(path, _media_type(path)) for path in files])
        ended = Outcome(status=Status.STOPPED)
        screen.summary([run.outcomes.get(number, ended) for number in range(len(files))])
    if code is ExitCode.INTERRUPTED:
        click.echo(say(lang, "go_on", command=_command()), err=True)
    sys.exit(code)


def _server(server: str | None) -> str:
    if not server:
        raise click.UsageError("--server atau SIPOL_SERVER: alamat portal, https://…")
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise click.UsageError("--server: alamat seperti https://portal.contoh.id")
    return f"{parts.scheme}://{parts.netloc}/"


def _token(token_file: Path | None) -> str:
    text = token_file.read_text("utf-8") if token_file else os.environ.get("SIPOL_TOKEN", "")
    return text.strip()


def _media_type(path: Path) -> str:
    # Not asked of Windows for the common ones: there a spreadsheet program owns .csv.
    known = MEDIA_TYPES.get(path.suffix.lower())
    return known or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _command() -> str:
    return shlex.join(["sipol", *sys.argv[1:]])
