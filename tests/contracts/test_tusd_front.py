"""What stands between tusd and everybody else: nothing of it is reachable, leaks or stays behind."""

import contextlib
import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.tus_process import TusProcess, sha256, tus_process
from tests.contracts.tus_table import AT_4, ask
from tests.patience import PATIENCE
from tests.unit.uploads.builders import metadata
from uploads.capability import mint_id
from uploads.tusd.upkeep import SETTLED_SECONDS, clear_locks

HOUR = 3600.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TusProcess]:
    with tus_process(tmp_path / "root", TUS_ENGINE="tusd") as process:
        yield process


def engine(server: TusProcess) -> int:
    """The process id of tusd: the one child of the server."""
    [child] = Path(f"/proc/{server.group}/task/{server.group}/children").read_text().split()
    return int(child)


class Straight(http.client.HTTPConnection):
    """tusd itself, past the front, as another program of the same user could reach it."""

    def __init__(self, server: TusProcess) -> None:
        super().__init__("tusd", timeout=PATIENCE)
        self._path = server.root.with_name(f"{server.root.name}-{server.port}.tusd")

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, str]:
        fields = {"Tus-Resumable": "1.0.0"} | {k.replace("_", "-"): v for k, v in headers.items()}
        self.request(method, path, headers=fields)
        answer = self.getresponse()
        return answer.status, answer.read().decode()


def hook_of(server: TusProcess) -> tuple[int, str]:
    """Port and path, as a local user sees them in the list of processes."""
    words = Path(f"/proc/{engine(server)}/cmdline").read_text().split("\0")
    [url] = [word for word in words if word.startswith("-hooks-http=")]
    place, _, secret = url.removeprefix("-hooks-http=http://127.0.0.1:").partition("/")
    return int(place), f"/{secret}"


def listening(pid: int) -> set[str]:
    """TCP sockets a process listens at."""
    names = {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in names}


def asks(port: int, method: str, path: str, body: object) -> tuple[int, str]:
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    ) as line:
        line.request(method, path, body if isinstance(body, bytes) else json.dumps(body))
        answer = line.getresponse()
        return answer.status, answer.read().decode()


def event(kind: str, **headers: str) -> dict[str, object]:
    upload = {"ID": "", "Size": 3, "SizeIsDeferred": False, "IsPartial": False, "IsFinal": False,
              "PartialUploads": None}  # fmt: skip
    fields = {name: [value] for name, value in headers.items()}
    return {"Type": kind, "Event": {"Upload": upload, "HTTPRequest": {"Header": fields}}}


def test_who_reads_the_hooks_address_in_the_process_list_creates_nothing(
    server: TusProcess,
) -> None:
    port, path = hook_of(server)
    assert asks(port, "POST", "/" + "0" * 32, event("pre-create"))[0] == 404
    assert asks(port, "GET", path, b"")[0] == 404
    for kind in ("post-create", "pre-finish", "post-terminate", "no-hook"):
        assert asks(port, "POST", path, event(kind))[0] == 403
    for junk in (b"", b"{", b"[]", b'{"Type":"pre-create"}', b'{"Type":"post-finish","Event":1}'):
        assert asks(port, "POST", path, junk)[0] == 400
    assert asks(port, "POST", path, b"x" * 100_000)[0] == 413
    for nonce in ({}, {"X-Sipol-Creation": "0" * 32}):
        status, told = asks(port, "POST", path, event("pre-create", **nonce))
        assert (status, json.loads(told)["RejectUpload"]) == (200, True)
    assert list((server.root / "data").iterdir()) == []
    assert asks(port, "POST", path, event("post-finish"))[0] == 200


def test_who_reaches_tusd_itself_creates_and_reads_nothing(server: TusProcess) -> None:
    path = server.create(10)
    upload_id = path.removeprefix("/files/").partition("~")[0]
    with contextlib.closing(Straight(server)) as straight:
        assert straight.ask("POST", "/files/", Upload_Length="3")[0] == 503
        assert straight.ask("GET", f"/files/{upload_id}")[0] in (404, 405)
        for place in ("/", "/metrics", "/debug/pprof/"):
            assert straight.ask("GET", place)[0] == 404
    assert len(list((server.root / "data").glob("*.info"))) == 1
    assert not listening(engine(server))


def test_while_tusd_is_gone_clients_wait_and_learn_nothing(server: TusProcess) -> None:
    path = server.create(10)
    assert server.patch(path, 0, b"abcd") == 204
    port, secret = hook_of(server)
    os.kill(engine(server), signal.SIGKILL)
    line = ask(server.connect(), "PATCH", path, AT_4, b"efg")
    made = ask(server.connect(), "POST", "/files/", {"Upload-Length": "3"})
    for answer in (line, made):
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        told = f"{answer.headers}{answer.body.decode()}"
        assert not {text for text in (str(port), secret, str(server.root), "tusd") if text in told}
        assert "data yang sudah diterima aman" in told
    assert server.ask("HEAD", path)[0] == 423
    assert server.ask("DELETE", path)[0] == 204


def test_tusd_dies_in_the_middle_of_a_body(server: TusProcess) -> None:
    content = b"0123456789" * 300_000
    path = server.create(len(content))
    line = server.begin_patch(path, 0, len(content))
    line.sendall(content[:1_000_000])
    stored = server.root / "data" / path.removeprefix("/files/").partition("~")[0]
    deadline = time.monotonic() + PATIENCE
    while stored.stat().st_size < 700_000:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(engine(server), signal.SIGKILL)
    with contextlib.suppress(OSError):
        line.sendall(content[1_000_000:])
    assert line.recv(100).startswith(b"HTTP/1.1 503")
    server.kill()
    server.start()
    kept = server.offset(path)
    assert 700_000 <= kept <= len(content)
    assert server.patch(path, kept, content[kept:]) == 204
    server.wait_until_heard(sha256(content))


def test_a_chunked_body_that_is_too_long_does_not_complete_the_file(server: TusProcess) -> None:
    path = server.create(10)
    fields = AT_4 | {"Upload-Offset": "0"}
    answer = ask(server.connect(), "PATCH", path, fields, b"x" * 11, chunked=True)
    assert answer.status == 413
    assert server.offset(path) < 10


def test_a_stale_lock_with_a_living_process_id_is_cleared_at_start(server: TusProcess) -> None:
    path = server.create(10)
    server.kill()
    upload_id = path.removeprefix("/files/").partition("~")[0]
    other = mint_id([(int(upload_id[:2], 16) + 1) % 256])
    for name in (f"{upload_id}.lock", f"{upload_id}.stop", f"{other}.lock"):
        (server.root / "data" / name).write_text(f"{os.getpid()}\n")
    assert clear_locks(server.root, {int(upload_id[:2], 16)}) == 2
    assert [path.stem for path in (server.root / "data").glob("*.lock")] == [other]
    (server.root / "data" / f"{upload_id}.lock").write_text(f"{os.getpid()}\n")
    server.start()
    assert server.patch(path, 0, b"x" * 10) == 204


@pytest.mark.parametrize("left", ["", "{", '{"ID": "x"}', None], ids=str)
def test_a_description_that_is_lost_is_put_aside_with_its_bytes(
    server: TusProcess, left: str | None
) -> None:
    path, well = server.create(10), server.create(10)
    assert server.patch(path, 0, b"abcd") == 204
    server.kill()
    upload_id = path.removeprefix("/files/").partition("~")[0]
    info = server.root / "data" / f"{upload_id}.info"
    if left is None:  # the other half is lost: bytes without a description are nothing to a store
        (server.root / "data" / upload_id).unlink()
    else:
        info.write_text(left)
    long_ago = time.time() - SETTLED_SECONDS - HOUR
    os.utime(info, (long_ago, long_ago))
    server.start()
    deadline = time.monotonic() + PATIENCE
    while {"upload_id": upload_id, "why": "lost"} not in server.heard():
        assert time.monotonic() < deadline, server.heard()
        time.sleep(0.02)
    assert server.ask("HEAD", path)[0] == 404
    assert server.offset(well) == 0
    kept = sorted(path.name for path in (server.root / "broken").iterdir())
    assert kept == ([upload_id] if left is not None else []) + [f"{upload_id}.info"]


def test_descriptions_are_the_same_as_our_own_servers(tmp_path: Path) -> None:
    found = []
    for name in ("builtin", "tusd"):
        with tus_process(tmp_path / name, TUS_ENGINE=name) as server:
            path = server.create(10, **{"Upload-Metadata": metadata(filename="ä.pdf")})
            [info] = (server.root / "data").glob("*.info")
            described = json.loads(info.read_text())
            assert path.startswith(f"/files/{described.pop('ID')}~")
            for ours in ("sipol-created", "sipol-expires"):
                described["MetaData"].pop(ours)
            found.append(described)
    assert found[0] == found[1]
