"""Health, figures, logs, catalogues, and what a crowd of logins costs."""

from __future__ import annotations

import json
import os
import resource
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import structlog

from portal import babel, logs
from portal.app import create_app
from portal.auth.passwords import AT_ONCE, MEMORY_KIB, Passwords
from portal.config import Config
from portal.database import migrate
from portal.keys import KeyMissing, KeyStore
from portal.metrics import MetricsServer, scrape
from portal.refusals import Busy
from tests.builders import build_file
from tests.portal_stand import Stand
from verification.db import make_engine

NIK = "3273015305870001"


def test_alive_says_ok_and_asks_nothing(stand: Stand) -> None:
    assert stand.client().get("/healthz").json == {"status": "ok"}


def test_ready_names_the_part_that_fails(stand: Stand) -> None:
    pulse = stand.services.config.run_dir / "worker-0.pulse"
    failing = stand.client().get("/readyz")
    assert failing.status_code == 503
    assert failing.json["parts"]["worker"] == "failing"
    pulse.touch()
    assert stand.client().get("/readyz").json == {
        "status": "ok", "parts": {"database": "ok", "disk": "ok", "worker": "ok"}}  # fmt: skip
    os.utime(pulse, (time.time() - 61,) * 2)
    assert stand.client().get("/readyz").status_code == 503
    pulse.touch()
    object.__setattr__(stand.services.config, "disk_headroom", 10**18)
    assert stand.client().get("/readyz").json["parts"]["disk"] == "failing"
    stand.services.sessions.engine.dispose()
    object.__setattr__(stand.services.sessions, "_reading", make_engine("sqlite:////nirgends/x"))
    assert stand.client().get("/readyz").json["parts"]["database"] == "failing"


def test_the_figures_have_a_socket_of_their_own_and_no_address(stand: Stand) -> None:
    assert stand.client().get("/metrics").status_code == 404
    with stand.sessions.begin() as session:
        build_file(session, stand.party(session, "a"))
    stand.client().get("/masuk")
    server = MetricsServer(stand.services.config.run_dir / "m.sock", stand.services).start()
    try:
        text = scrape(server.path)
        assert server.path.stat().st_mode & 0o077 == 0
    finally:
        server.close()
    assert 'route="/masuk"' in text
    assert 'sipol_jobs{kind="check-document",state="waiting"} 1.0' in text
    assert not server.path.exists()


def test_log_lines_are_json_with_a_request_id_and_nothing_personal(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    before = structlog.get_config()
    try:
        logs.configure("info")
        browser = stand.browser("operator.a")
        reply = browser.get(f"/api/v1/files/{NIK}?nama=SITI", headers={"X-Request-ID": "abc-12345"})
        browser.post("/masuk", data={"login": "Siti Contoh", "password": NIK})
    finally:
        structlog.configure(**before)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert reply.headers["X-Request-ID"] == "abc-12345"
    assert [line["request_id"] for line in lines[:2]] == ["abc-12345"] * 2
    assert all({"level", "timestamp", "event"} <= line.keys() for line in lines)
    text = json.dumps(lines)
    for secret in (NIK, "SITI", "Siti", "operator.a", "sipol_s_"):
        assert secret not in text


def test_a_strange_request_id_is_replaced(stand: Stand) -> None:
    reply = stand.client().get("/healthz", headers={"X-Request-ID": "a b<script>"})
    assert reply.headers["X-Request-ID"].isalnum()


def test_catalogues_are_compiled_when_they_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "a/en/LC_MESSAGES/messages.po"
    source.parent.mkdir(parents=True)
    source.write_text('msgid ""\nmsgstr "Language: en\\n"\n\nmsgid "Masuk"\nmsgstr "Sign in"\n')
    monkeypatch.setattr(babel, "CATALOGUES", tmp_path)
    assert babel.compile_all() == [source.with_suffix(".mo")]
    assert babel.compile_all() == []
    os.utime(source, (time.time() + 5,) * 2)
    assert babel.compile_all() == [source.with_suffix(".mo")]


def test_the_application_starts_from_a_configuration(tmp_path: Path) -> None:
    config = Config.load({"SIPOL_HOME": str(tmp_path)})
    with pytest.raises(KeyMissing):
        create_app(config)
    KeyStore(config.keys_dir).create()
    engine = make_engine(config.database_url)
    migrate(engine)
    engine.dispose()
    app = create_app(config)
    assert app.test_client().get("/masuk").status_code == 200
    app.extensions["sipol"].sessions.engine.dispose()


def test_a_crowd_of_logins_stays_within_its_memory() -> None:
    passwords = Passwords(wait_seconds=0.2)
    gate = threading.Barrier(60)

    def attempt(_: int) -> bool:
        gate.wait()
        try:
            passwords.check(None, "tebakan")
        except Busy:
            return False
        return True

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ThreadPoolExecutor(60) as pool:
        served = list(pool.map(attempt, range(60)))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert any(served)
    # Sixty at once without turns would take 1.1 GB.
    assert grown < (AT_ONCE + 2) * MEMORY_KIB
