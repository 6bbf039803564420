"""One upload process: the real tus core with the real Policy, and nothing of the web in it."""

from __future__ import annotations

import asyncio
import base64
import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.clock import system_clock
from portal.config import ConfigurationError
from portal.keys import KeyMissing, KeyStore
from portal.models import Reservation
from portal.upload_slot import index_in
from portal.uploads_process import server_of
from tests.patience import PATIENCE
from uploads.fedbody import FedBody
from uploads.model import Reply, Request
from uploads.server import UploadServer
from verification.models import ReceivedFile, Window

from .conftest import DOCUMENT, World

OCTETS = {"content-type": "application/offset+octet-stream"}


async def ask(
    server: UploadServer, method: str, path: str, body: bytes = b"", **headers: str
) -> Reply:
    fed = FedBody(len(body))
    fed.feed(body)
    fed.end()
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    fields |= {"tus-resumable": "1.0.0"} | (OCTETS if body else {})
    request = Request(method=method, path=path, headers=fields, body_length=len(body))
    return await server.handle(request, fed)


def spelled(**metadata: str) -> str:
    pairs = (DOCUMENT | metadata).items()
    return ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in pairs)


@pytest.fixture
def ready(world: World, tmp_path: Path) -> World:
    """The world with keys, its window open at this moment, and its database in the configuration."""
    url = world.sessions.engine.url.render_as_string(hide_password=False)
    world.config = replace(world.config, home=tmp_path / "home", database_url=url, disk_headroom=0)
    world.now = system_clock()
    KeyStore(world.config.keys_dir).create()
    with world.sessions.begin() as session:
        for window in session.scalars(select(Window)):
            window.opens_at = world.now - timedelta(days=365)
            window.closes_at = world.now + timedelta(days=365)
    return world


def patient_server(ready: World, index: int) -> UploadServer:
    """An upload process that lets its Policy take its time: this machine may stall."""
    server = server_of(ready.config, index, ready.sessions)
    server.operations._creation._seconds = PATIENCE
    return server


def test_an_upload_goes_from_post_to_row(ready: World) -> None:
    async def upload() -> Reply:
        server = patient_server(ready, 0)
        created = await ask(
            server, "POST", "/files/", upload_length="9", upload_metadata=spelled(),
            authorization=ready.ticket("operator.a"),
        )  # fmt: skip
        assert created.status == 201, created.body
        place = created.headers["Location"]
        stored = await ask(server, "PATCH", place, b"%PDF-1.7\n", upload_offset="0")
        await server.finisher.settle()
        await server.stop()
        return stored

    assert asyncio.run(upload()).status == 204
    with ready.sessions.read() as session:
        file = session.scalars(select(ReceivedFile)).one()
        assert (file.size, file.state, file.region.code) == (9, "received", "32.73")
        assert file.public_id[:2] < "80", "a process mints ids in its own shards only"
        assert session.scalar(select(func.count(Reservation.id))) == 0


def test_a_terminated_upload_gives_its_quota_back(ready: World) -> None:
    async def terminate() -> None:
        server = patient_server(ready, 1)
        created = await ask(
            server, "POST", "/files/", upload_length="9", upload_metadata=spelled(),
            authorization=ready.ticket("operator.a"),
        )  # fmt: skip
        with ready.sessions.read() as session:
            assert session.scalar(select(func.sum(Reservation.bytes))) == 9
        deleted = await ask(server, "DELETE", created.headers["Location"])
        assert deleted.status == 204
        await server.finisher.settle()
        await server.stop()

    asyncio.run(terminate())
    with ready.sessions.read() as session:
        assert session.scalar(select(func.count(Reservation.id))) == 0


def test_a_refusal_reaches_the_sender_in_words(ready: World) -> None:
    async def refused() -> Reply:
        server = patient_server(ready, 0)
        metadata = spelled(region="81.71")
        ticket = ready.ticket("operator.a")
        reply = await ask(
            server, "POST", "/files/", upload_length="9", upload_metadata=metadata,
            authorization=ticket,
        )  # fmt: skip
        await server.stop()
        return reply

    reply = asyncio.run(refused())
    assert reply.status == 403
    assert b"di luar wilayah kerja akun Anda" in reply.body


def test_without_keys_it_does_not_start(world: World, tmp_path: Path) -> None:
    with pytest.raises(KeyMissing):
        server_of(replace(world.config, home=tmp_path / "empty"), 0, world.sessions)


@pytest.mark.parametrize("text", ["", "2", "-1", "eins"])
def test_an_impossible_index_is_refused(world: World, text: str) -> None:
    with pytest.raises(ConfigurationError):
        index_in({"SIPOL_UPLOAD_INDEX": text}, world.config)


def test_the_process_imports_no_web_and_reads_only_its_own_key(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys")
    store.create()
    for path in store.directory.iterdir():
        if path.name != "upload.key":
            path.unlink()
    script = (
        "import sys, portal.uploads_process as process; process.handler(); "
        "heavy = ('flask', 'werkzeug', 'polars', 'PIL', 'pypdfium2', 'argon2'); "
        "print(*(name for name in heavy if name in sys.modules))"
    )
    environ = os.environ | {"SIPOL_HOME": str(tmp_path), "SIPOL_UPLOAD_INDEX": "0"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
    assert stat.S_IMODE((tmp_path / "uploads" / "data").stat().st_mode) == 0o700
