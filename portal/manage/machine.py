"""`/kelola/mesin`: is anything breaking? Each figure is read by itself, so that one that fails is one
line and not the page; and failed work is called up again.

Next station: the people who run this.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import health
from portal.backup.kept import last_made
from portal.context import now, services
from portal.formatting import duration, number, percent, size
from portal.manage import job_lines
from portal.manage.blueprint import bp
from portal.manage.upload_lines import upload_lines
from portal.models import Reservation
from verification import jobs
from verification.errors import NotFound
from verification.jobs import JobKind
from verification.models import Item, Job
from verification.pulses import last_beats
from verification.states import ItemState

T = TypeVar("T")

# One a night, and two hours for it to run late.
OLDEST_BACKUP = timedelta(hours=26)

JOB_WORDS: dict[str, LazyString] = {
    JobKind.ISSUE_RECEIPT: _l("Menerbitkan tanda terima"),
    JobKind.ISSUE_LIST_RECEIPT: _l("Menerbitkan tanda terima daftar"),
    JobKind.CHECK_DOCUMENT: _l("Memeriksa dokumen"),
    JobKind.CHECK_SCANS: _l("Memeriksa gambar kartu"),
    JobKind.DRAW_IMAGES: _l("Menggambar halaman yang diminta"),
    JobKind.IMPORT_ROSTER: _l("Membaca daftar anggota"),
    JobKind.MAKE_ITEMS: _l("Membuat butir verifikasi"),
    JobKind.SEAL_ACCESSES: _l("Menyegel catatan pembacaan"),
    JobKind.EXPIRE_LEASES: _l("Mengembalikan klaim yang berakhir"),
    JobKind.RECONCILE: _l("Mencocokkan unggahan"),
    JobKind.LOOK_EARLY: _l("Melihat awal berkas yang masih datang"),
    JobKind.FIND_DUPLICATES: _l("Mencari anggota ganda"),
    JobKind.PROVE_DUPLICATES: _l("Membandingkan semua anggota tiap malam"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the page. `well` None: nothing to judge."""

    label: str
    value: str
    well: bool | None = None


@bp.get("/kelola/mesin")
def machine() -> ResponseReturnValue:
    started = time.monotonic()
    figures = [
        *_parts(), _engine(), *_uploads(), *_disk(), _backup(), *_workers(), *_database_figures()
    ]  # fmt: skip
    return render_template(
        "manage/machine.html",
        figures=figures,
        waiting=_read(lambda session: job_lines.unfinished(session, now())),
        failed=_read(job_lines.failed),
        words=JOB_WORDS,
        milliseconds=int((time.monotonic() - started) * 1000),
    )


@bp.post("/kelola/mesin/pekerjaan/<int:job_id>/ulang")
def retry(job_id: int) -> ResponseReturnValue:
    """Failed work waits again, with all its attempts."""
    with services().sessions.begin() as session:
        job = session.get(Job, job_id)
        if job is None:
            raise NotFound("job")
        jobs.enqueue(session, job.kind, job.about, now())
    flash(_("Pekerjaan diantrekan lagi."), "success")
    return redirect(url_for("manage.machine"), 303)


def _parts() -> list[Figure]:
    words = {"database": _("Basis data"), "disk": _("Ruang disk"), "worker": _("Pekerja")}
    return [
        Figure(label=words[name], value=_("baik") if well else _("terganggu"), well=well)
        for name, well in health.facts(services()).items()
    ]


def _engine() -> Figure:
    """Who stores the bytes of uploads, and whether it listens."""
    config = services().config
    label = _("Mesin unggahan")
    if config.uploads == "builtin":
        return Figure(label=label, value=_("bawaan"))
    sockets = [config.engine_socket(index) for index in range(config.upload_processes)]
    listening = sum(map(_listens, sockets))
    value = _("tusd: %(count)s dari %(total)s berjalan", count=listening, total=len(sockets))
    return Figure(label=label, value=value, well=listening == len(sockets))


def _uploads() -> list[Figure]:
    return [Figure(label=label, value=value, well=well) for label, value, well in upload_lines()]


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _disk() -> list[Figure]:
    config = services().config
    try:
        usage = shutil.disk_usage(config.upload_root)
    except OSError:
        return [Figure(label=_("Disk unggahan"), value=_("tidak terbaca"), well=False)]
    free = _("%(free)s kosong dari %(total)s (%(share)s)", free=size(usage.free),
             total=size(usage.total), share=percent(usage.free, usage.total))  # fmt: skip
    load = os.getloadavg()[0]
    return [
        Figure(label=_("Disk unggahan"), value=free, well=usage.free >= 2 * config.disk_headroom),
        Figure(label=_("Beban mesin"), value=f"{number(round(load, 1))} / {os.cpu_count()}",
               well=load < 2 * (os.cpu_count() or 1)),
    ]  # fmt: skip


def _backup() -> Figure:
    label, taken = _("Cadangan terakhir"), last_made(services().config.home)
    if taken is None:
        return Figure(label=label, value=_("belum pernah dibuat; jalankan sipol backup"))
    age = now() - taken
    return Figure(
        label=label,
        value=_("%(age)s yang lalu", age=duration(age.total_seconds())),
        well=age < OLDEST_BACKUP,
    )


def _workers() -> list[Figure]:
    ages = {name: now() - seen for name, seen in last_beats(services().config.run_dir).items()}
    return [
        Figure(
            label=_("Detak %(worker)s", worker=_machine_and_process(name)),
            value=_("%(age)s yang lalu", age=duration(age.total_seconds())),
            well=age < health.LONGEST_SILENCE,
        )
        for name, age in ages.items()
    ]


def _machine_and_process(worker: str) -> str:
    machine, _boot, process, *_chance = f"{worker}:::".split(":")
    return f"{machine} {process}"


def _database_figures() -> list[Figure]:
    def read(session: Session) -> list[Figure]:
        opened, booked = session.execute(
            select(func.count(), func.coalesce(func.sum(Reservation.bytes), 0))
        ).one()
        claimed = session.scalar(select(func.count()).where(Item.state == ItemState.CLAIMED.value))
        return [
            Figure(label=_("Unggahan terbuka"), value=f"{number(opened)} ({size(int(booked))})"),
            Figure(label=_("Butir sedang dipegang"), value=number(claimed or 0)),
        ]

    return _read(read)


def _read(question: Callable[[Session], list[T]]) -> list[T]:
    try:
        with services().sessions.read() as session:
            return question(session)
    except SQLAlchemyError:
        return []
