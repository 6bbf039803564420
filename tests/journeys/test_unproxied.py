"""A machine without nginx still shows the portal: pages and uploads on one port, for a look."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import free_port
from tests.stack import ROOT, START_SECONDS, STOP_SECONDS, environment
from tests.tethered import tethered

WITHOUT_NGINX = "from portal import edge; edge.program = str; from portal.cli import main; main()"


@pytest.fixture(params=["builtin", "tusd"])
def port(seeded_home: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    """`sipol up` where there is no nginx; stopped afterwards, with nothing left."""
    home = tmp_path / "var"
    shutil.copytree(seeded_home, home)
    port = free_port()
    address = f"127.0.0.1:{port}"
    settings = {"listen": address, "public_url": f"http://{address}", "uploads": request.param}
    environ = environment(home, **settings)
    out = tmp_path / "out"
    with out.open("wb") as output:
        tree = tethered(
            sys.executable, "-c", WITHOUT_NGINX, "up", cwd=ROOT, env=environ,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + START_SECONDS
        while "Portal berjalan di" not in out.read_text():
            assert tree.poll() is None, out.read_text()
            assert time.monotonic() < deadline, out.read_text()
            time.sleep(0.05)
        assert "nginx tidak ada di mesin ini" in out.read_text()
        yield port
    finally:
        tree.send_signal(signal.SIGTERM)
        assert tree.wait(STOP_SECONDS) == 0
    with pytest.raises(ConnectionRefusedError):
        ask(port, "GET", "/")


def ask(
    port: int, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client.request(method, path, body=body, headers=named)
        answer = client.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, answer.read()
    finally:
        client.close()


def test_pages_and_uploads_share_the_port(port: int, seeded_home: Path) -> None:
    assert ask(port, "GET", "/masuk")[0] == 200
    assert ask(port, "GET", "/static/css/app.css")[0] == 200
    assert ask(port, "POST", "/masuk", b"x" * (3 * 1024 * 1024))[0] == 413
    rows: list[dict[str, Any]] = json.loads((seeded_home / "demo.json").read_text())["accounts"]
    token = next(row["token"] for row in rows if row["login"] == "koordinator.a")
    bearer = {"Authorization": f"Bearer {token}"}
    status, _, body = ask(port, "GET", "/api/v1/me", **bearer)
    assert (status, json.loads(body)["login"]) == (200, "koordinator.a")
    content = b"%PDF-1.7 " + os.urandom(200_000)
    fields = {
        "filename": "sk.pdf", "purpose": "document", "requirement": "ad-art", "region": "ID"
    }  # fmt: skip
    metadata = ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in fields.items()
    )
    tus = {"Tus_Resumable": "1.0.0"}
    status, headers, body = ask(
        port, "POST", "/files/", Upload_Length=str(len(content)), Upload_Metadata=metadata,
        **bearer, **tus,
    )  # fmt: skip
    assert status == 201, body
    path = "/files/" + headers["location"].rpartition("/files/")[2]
    half = len(content) // 2
    for start, part in ((0, content[:half]), (half, content[half:])):
        status, headers, body = ask(
            port, "PATCH", path, part, Upload_Offset=str(start),
            Content_Type="application/offset+octet-stream", **tus,
        )  # fmt: skip
        assert (status, headers["upload-offset"]) == (204, str(start + len(part))), body
    assert ask(port, "HEAD", path, **tus)[1]["upload-offset"] == str(len(content))
