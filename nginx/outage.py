"""The pages nginx shows by itself: small, without script, without anything to load.

They are written into a folder of the running installation, because the outage page names the moment
since when the portal has been away.

Next station: none, the portal was not reached; the page asks for it again by itself.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from html import escape
from pathlib import Path

SOURCE = Path(__file__).parent / "pages"
WIB = timezone(timedelta(hours=7), "WIB")
REFRESH_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: what happened, what is safe, what to do; Indonesian first."""

    name: str
    title: str
    sentence: str
    english: str
    refreshes: bool = True

    def html(self) -> str:
        """The whole page, UTF-8, below 4 KB."""
        refresh = (
            f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">' if self.refreshes else ""
        )
        filled = (SOURCE / "page.html").read_text("utf-8")
        for mark, text in (
            ("refresh", refresh),
            ("style", style()),
            ("title", escape(self.title)),
            ("sentence", escape(self.sentence)),
            ("english", escape(self.english)),
        ):
            filled = filled.replace("{{" + mark + "}}", text)
        return filled


def outage_page(since: datetime | None = None) -> Page:
    """The portal does not answer; `since` (aware) when somebody knows it."""
    moment = f" sejak {since.astimezone(WIB):%H.%M} WIB" if since else ""
    english = f" since {since.astimezone(WIB):%H:%M} WIB (UTC+7)" if since else ""
    return Page(
        name="outage.html",
        title="Portal sedang tidak dapat dijangkau",
        sentence=f"Portal sedang tidak dapat dijangkau{moment}. Unggahan yang sudah diterima aman. "
        "Halaman ini mencoba lagi sendiri dalam 30 detik. Tidak perlu menekan muat ulang.",
        english=f"The portal cannot be reached{english}. Uploads already received are safe. "
        "This page tries again by itself in 30 seconds; there is no need to reload.",
    )


BUSY = Page(
    name="busy.html",
    title="Portal sedang ramai",
    sentence="Portal sedang melayani sangat banyak permintaan. Unggahan yang sedang berjalan tidak "
    "terganggu. Halaman ini mencoba lagi sendiri dalam 30 detik. Tidak perlu menekan muat ulang.",
    english="The portal is serving very many requests. Running uploads are not affected. "
    "This page tries again by itself in 30 seconds; there is no need to reload.",
)
TOO_LARGE = Page(
    name="too-large.html",
    title="Kiriman terlalu besar",
    sentence="Isi formulir terlalu besar dan tidak disimpan. Berkas dikirim melalui halaman Unggah; "
    "kembali ke halaman sebelumnya untuk memperbaiki isian.",
    english="The form is too large and was not stored. Files are sent on the upload page.",
    refreshes=False,
)
TOO_OFTEN = Page(
    name="too-often.html",
    title="Terlalu sering",
    sentence="Dari jaringan Anda datang terlalu banyak pemeriksaan dalam waktu singkat. NIK Anda belum "
    "diperiksa dan tidak disimpan. Tunggu satu menit, lalu kembali dan coba lagi.",
    english="Too many checks came from your network in a short time. Your NIK was not checked and is "
    "not stored. Wait a minute, then go back and try again.",
    refreshes=False,
)

UNREADABLE = Page(
    name="unreadable.html",
    title="Permintaan tidak dapat dibaca",
    sentence="Alamat yang dibuka terlalu panjang, atau peramban mengirim sesuatu yang tidak dapat "
    "dibaca. Tidak ada yang disimpan. Mulai lagi dari halaman depan; bila terulang, hapus kuki "
    "portal ini di peramban Anda.",
    english="The address is too long, or the browser sent something that cannot be read. Nothing was "
    "stored. Start again from the front page; if it happens again, delete the cookies of this portal.",
    refreshes=False,
)


def style() -> str:
    """The style sheet inside every page."""
    return (SOURCE / "page.css").read_text("utf-8")


def style_hash() -> str:
    """The source expression that lets exactly this style through (CSP 3, section 2.3.1)."""
    digest = hashlib.sha256(style().encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


def write(folder: Path, since: datetime | None = None) -> None:
    """Write all pages into `folder`; nginx sees an old or a new page, never half of one."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for page in (outage_page(since), BUSY, TOO_LARGE, TOO_OFTEN, UNREADABLE):
        part = folder / f".{page.name}.{os.getpid()}"
        part.write_text(page.html(), "utf-8")
        part.replace(folder / page.name)
