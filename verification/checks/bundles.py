"""Behind the walls: a ZIP of card scans is judged from its directory, then read entry by entry.

Names are returned as text and never become paths. Entries are inflated as a stream into memory, up
to a cap, whatever size they declare. Tasks ``scans.list`` and ``scans.render``.

Next station: ``verification/checks/scans.py``, outside, joins the answers.
"""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from verification.checks.kinds import glance
from verification.checks.pictures import decoded, opened
from verification.checks.raster import write_card
from verification.checks.sizes import SIZES, ImageKind
from verification.sandbox.job import JSON, Job, Refuse

_MEGABYTE = 1_000_000
_PIECE = 65_536
_LOCAL_HEADER = 30
_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".tar", ".tgz")
_RATIO_FROM = 1_000_000  # below it a flat drawing may well compress a thousandfold
_NAME = 200
_LITTER = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini")
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError)


def list_entries(job: Job) -> JSON:
    """``arguments``: ``max_entries``, ``max_entry``, ``max_total`` (bytes), ``max_ratio``.

    Answer: ``entries``, each ``number`` (place in the directory), ``name``, ``problem`` (a code or
    None); ``ignored``, how many folders and system files were passed over. Refuses the archive.
    """
    with _archive(job.source) as package:
        infos = package.infolist()
        if len(infos) > _number(job, "max_entries"):
            raise Refuse(
                "scans.too_many_entries", entries=len(infos), most=_number(job, "max_entries")
            )
        _judge_layout(infos, package.start_dir)
        _judge_sizes(infos, job)
        entries: list[JSON] = []
        for number, info in enumerate(infos, start=1):
            if _is_litter(info):
                continue
            problem = _problem(package, info, _number(job, "max_entry"))
            entries.append({"number": number, "name": _shown(info), "problem": problem})
    if not entries:
        raise Refuse("scans.empty")
    return {"entries": entries, "ignored": len(infos) - len(entries)}


def render_entries(job: Job) -> JSON:
    """``arguments``: ``container`` (``zip``, ``jpeg`` or ``png``), ``numbers`` to render,
    ``max_entry`` (bytes), ``max_pixels``, ``max_side``.

    Answer: ``rendered``, each number, bytes and SHA-256 of the picture as it was sent; ``refused``,
    each number, code and parameters.
    """
    numbers = job.arguments["numbers"]
    assert isinstance(numbers, list)
    rendered: list[JSON] = []
    refused: list[JSON] = []
    with _pictures(job) as pictures:
        for number in numbers:
            assert isinstance(number, int)
            try:
                rendered.append([number, *_render(job, pictures, number)])
            except Refuse as refusal:
                params: dict[str, JSON] = dict(refusal.params)
                refused.append([number, refusal.code, params])
    return {"rendered": rendered, "refused": refused}


def _render(job: Job, pictures: zipfile.ZipFile | None, number: int) -> tuple[int, str]:
    content = _content(job, pictures, number)
    kind = glance(content.getbuffer()[:64].tobytes())
    if kind not in {"jpeg", "png"}:
        raise Refuse("scans.entry_not_image")
    try:
        image = opened(
            content,
            kind,
            max_pixels=_number(job, "max_pixels"),
            max_side=_number(job, "max_side"),
        )
        upright = decoded(image, SIZES[ImageKind.CARD])
    except Refuse as refusal:
        if refusal.code == "document.damaged":
            raise Refuse("scans.entry_damaged") from refusal
        raise
    assert job.output
    write_card(upright, job.output, number)
    sent = content.getbuffer()
    return sent.nbytes, hashlib.sha256(sent).hexdigest()


def _content(job: Job, package: zipfile.ZipFile | None, number: int) -> io.BytesIO:
    most = _number(job, "max_entry")
    if package is None:
        with job.source.open("rb") as file:
            return _bounded(file, most)
    try:
        with package.open(package.infolist()[number - 1]) as entry:
            return _bounded(entry, most)
    except _BROKEN as error:
        raise Refuse("scans.entry_damaged") from error


def _bounded(file: IO[bytes], most: int) -> io.BytesIO:
    """What ``file`` really holds; declared sizes can lie."""
    content = io.BytesIO()
    while piece := file.read(_PIECE):
        content.write(piece)
        if content.tell() > most:
            raise Refuse("scans.entry_too_large", most=most // _MEGABYTE)
    content.seek(0)
    return content


def _judge_layout(infos: list[zipfile.ZipInfo], directory_at: int) -> None:
    """Encrypted, oddly packed or overlapping entries make the whole archive suspect."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.flag_bits & _ENCRYPTED:
            raise Refuse("scans.encrypted")
        if info.compress_type not in _METHODS:
            raise Refuse("scans.compression")
        if info.header_offset < end:
            raise Refuse("scans.overlapping")
        end = info.header_offset + _LOCAL_HEADER + info.compress_size
    if end > directory_at:
        raise Refuse("scans.overlapping")


def _judge_sizes(infos: list[zipfile.ZipInfo], job: Job) -> None:
    total, most = sum(info.file_size for info in infos), _number(job, "max_total")
    if total > most:
        raise Refuse("scans.too_large", megabytes=total // _MEGABYTE, most=most // _MEGABYTE)
    ratio = _number(job, "max_ratio")
    for info in infos:
        if info.file_size > max(_RATIO_FROM, ratio * info.compress_size):
            raise Refuse("scans.ratio", most=ratio)
        if info.filename.lower().endswith(_ARCHIVES):
            raise Refuse("scans.nested")


def _problem(package: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> str | None:
    """What is wrong with one entry at first glance; another archive refuses them all."""
    if info.file_size > most:
        return "scans.entry_too_large"
    try:
        with package.open(info) as entry:
            kind = glance(entry.read(64))
    except _BROKEN:
        return "scans.entry_damaged"
    if kind in {"zip", "archive"}:
        raise Refuse("scans.nested")
    return None if kind in {"jpeg", "png"} else "scans.entry_not_image"


def _is_litter(info: zipfile.ZipInfo) -> bool:
    name = info.filename.lower()
    return (
        info.is_dir()
        or name.startswith(_LITTER[0])
        or name.rpartition("/")[2] in _LITTER
        or name.rpartition("/")[2].startswith("._")
        or stat.S_ISLNK(info.external_attr >> 16)
    )


def _shown(info: zipfile.ZipInfo) -> str:
    """The name as text: printable, and its end where it is too long."""
    printable = "".join(sign if sign.isprintable() else "?" for sign in info.filename)
    return printable[-_NAME:]


@contextmanager
def _pictures(job: Job) -> Iterator[zipfile.ZipFile | None]:
    if job.arguments["container"] != "zip":
        yield None
        return
    with _archive(job.source) as package:
        yield package


@contextmanager
def _archive(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        package = zipfile.ZipFile(source)
    except _BROKEN as error:
        raise Refuse("scans.damaged") from error
    with package:
        yield package


def _number(job: Job, name: str) -> int:
    value = job.arguments[name]
    assert isinstance(value, int)
    return value
