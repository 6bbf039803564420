"""`/files/` at the edge: which process, which answers, which bytes, and nothing told to the logs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import pytest

from tests.edge_stand import ID, KEY, Asked, Behind, EdgeStand, reply
from tests.patience import PATIENCE

PATH = f"/files/{ID}~{KEY}"
# Bodies of a million bytes and more go their own way through a calm nginx, under the same rules.
SIZES = pytest.mark.parametrize("size", [10, 999_999, 1_500_000], ids=str)


@pytest.fixture
def stand() -> Iterator[EdgeStand]:
    with EdgeStand() as stand:
        yield stand


def ok(asked: Asked) -> bytes:
    return reply(204, Tus_Resumable="1.0.0", Upload_Offset=str(len(asked.body)))


@pytest.mark.parametrize(
    ("shard", "process"), [("00", 0), ("7f", 0), ("80", 1), ("ff", 1)], ids=str
)
def test_an_id_leads_to_the_process_of_its_shard(
    stand: EdgeStand, shard: str, process: int
) -> None:
    servers = [stand.upload(0, ok), stand.upload(1, ok)]
    for method in ("HEAD", "PATCH", "DELETE"):
        stand.ask(method, f"/files/{shard}{ID[2:]}~{KEY}", b"x" if method == "PATCH" else None)
    assert [len(server.asked) for server in servers] == [3 * (1 - process), 3 * process]


def test_creations_are_spread_over_the_processes(stand: EdgeStand) -> None:
    servers = [stand.upload(0, ok), stand.upload(1, ok)]
    for _ in range(40):
        stand.ask("POST", "/files/", b"")
    assert all(server.asked for server in servers)


def test_a_dead_process_is_not_stood_in_for(stand: EdgeStand) -> None:
    other = stand.upload(1, ok)
    assert stand.ask("PATCH", f"/files/00{ID[2:]}~{KEY}", b"x").status == 503
    assert other.asked == []


def absent(stand: EdgeStand) -> None:
    """No socket at all: connect() fails, which nginx calls critical."""


def refusing(stand: EdgeStand) -> None:
    stand.remove(stand.upload(1, ok))
    # A socket file without a listener.
    listener = Behind(stand.config.upload_socket(1), ok)
    path = stand.config.upload_socket(1)
    path.rename(path.with_suffix(".kept"))
    listener.close()
    path.with_suffix(".kept").rename(path)


def answering(status: int) -> Callable[[EdgeStand], None]:
    def fault(stand: EdgeStand) -> None:
        stand.upload(1, lambda asked: reply(status, "a stack trace"))

    fault.__name__ = f"answering_{status}"
    return fault


def dying(stand: EdgeStand) -> None:
    stand.upload(1, lambda asked: None)


def babbling(stand: EdgeStand) -> None:
    stand.upload(1, lambda asked: b"HTTP/1.1 204 So\r\nWhat\0?\r\n\r\n")


FAULTS = [absent, refusing, dying, babbling, answering(500), answering(502), answering(504)]


@pytest.mark.parametrize("size", [10, 1_500_000], ids=str)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.__name__))
def test_trouble_is_423_for_head_and_503_for_the_rest(
    stand: EdgeStand, fault: Callable[[EdgeStand], None], size: int
) -> None:
    fault(stand)
    for method in ("HEAD", "PATCH", "POST", "DELETE"):
        got = stand.ask(method, PATH, b"x" * size if method in ("PATCH", "POST") else None)
        assert got.status == (423 if method == "HEAD" else 503), method
        assert got.headers["tus-resumable"] == "1.0.0"
        assert 1 <= int(got.headers["retry-after"]) <= 10
        if method != "HEAD":
            assert got.headers["content-type"] == "application/problem+json"
            assert got.json()["code"] == "upload_unavailable"
            assert b"stack trace" not in got.body
    assert {line["status"] for line in stand.access_log()} == {423, 503}
    assert all(line["upstream_status"] for line in stand.access_log())
    assert KEY not in stand.everything_logged()


@pytest.mark.parametrize("status", [204, 400, 403, 404, 409, 410, 412, 413, 415, 423, 460, 503])
@SIZES
def test_the_answers_of_the_upload_server_pass_unchanged(
    stand: EdgeStand, status: int, size: int
) -> None:
    body = "" if status == 204 else '{"code":"its own"}'
    stand.upload(
        1, lambda asked: reply(status, body, Tus_Resumable="1.0.0", Retry_After="17", X_Own="yes")
    )
    got = stand.ask("PATCH", PATH, b"x" * size)
    assert (got.status, got.body.decode()) == (status, body)
    assert (got.headers["retry-after"], got.headers["x-own"]) == ("17", "yes")
    assert got.headers["tus-resumable"] == "1.0.0"


@pytest.mark.parametrize("length", [300_000, 3_000_000], ids=str)
def test_bytes_reach_the_server_while_the_client_still_sends(stand: EdgeStand, length: int) -> None:
    server = stand.upload(1, ok)
    with stand.connect() as client:
        client.sendall(
            f"PATCH {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        client.sendall(b"x" * 100_000)
        deadline = time.monotonic() + PATIENCE
        while len(server.received) < 100_000 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(server.received) == 100_000
        assert server.asked == []
    while not server.asked:  # the cut line reaches it too
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(server.asked[0].body) == 100_000


@SIZES
def test_a_request_is_the_same_however_large_its_body(stand: EdgeStand, size: int) -> None:
    server = stand.upload(1, ok)
    body = random.Random(1).randbytes(size)
    for method in ("PATCH", "POST"):
        got = stand.ask(method, f"{PATH}?a=%7e", body, X_HTTP_Method_Override="PATCH")
        assert (got.status, got.headers["upload-offset"]) == (204, str(size))
        asked = server.asked.pop()
        assert (asked.method, asked.target, asked.body) == (method, f"{PATH}?a=%7e", body)
        assert asked.headers["x-http-method-override"] == "PATCH"
        assert asked.headers["x-request-id"] == got.headers["x-request-id"]
        assert asked.headers["content-length"] == str(size)
    assert [(line["status"], line["received"] > size) for line in stand.access_log()] == [
        (204, True), (204, True),
    ]  # fmt: skip


@SIZES
def test_a_client_that_waits_is_told_to_go_on(stand: EdgeStand, size: int) -> None:
    stand.upload(1, ok)
    with stand.connect() as client:
        client.sendall(
            f"PATCH {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n"
            "Expect: 100-continue\r\n\r\n".encode()
        )
        with client.makefile("rb") as answers:
            assert answers.readline().split()[1] == b"100"
            assert answers.readline() == b"\r\n"
            client.sendall(b"x" * size)
            assert answers.readline().split()[1] == b"204"


def test_the_log_has_bytes_and_the_public_id_and_no_key(stand: EdgeStand) -> None:
    stand.upload(1, ok)
    for path in (PATH, PATH.replace("/files/", "//files/"), PATH.replace("~", "%7e"),
                 PATH.replace("f", "%66", 1), f"/FILES/{ID}~{KEY}", f"{PATH}?{KEY}"):  # fmt: skip
        stand.ask("PATCH", path, b"x" * 5000, Referer=f"http://x{PATH}")
    first = stand.access_log()[0]
    assert first["path"] == f"/files/{ID}"
    assert first["upstream_status"] == "204"
    assert first["received"] > 5000
    assert KEY not in stand.everything_logged()


def test_too_many_uploads_are_told_to_come_back_and_head_still_answers() -> None:
    # 64 descriptors leave room for 12 uploads a process.
    with EdgeStand(changes={"open_files": 64}) as stand:
        server = stand.upload(1, ok)
        held = []
        try:
            for _ in range(12):
                client = stand.connect()
                length = 9 if len(held) % 2 else 9_000_000
                client.sendall(
                    f"PATCH {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n1".encode()
                )
                held.append(client)
            deadline = time.monotonic() + PATIENCE
            while len(server.received) < 12 and time.monotonic() < deadline:
                time.sleep(0.01)
            for body in (b"bytes", bytes(1_500_000)):
                refused = stand.ask("PATCH", PATH, body)
                assert (refused.status, refused.headers["tus-resumable"]) == (503, "1.0.0")
            assert stand.ask("HEAD", PATH).status == 204
        finally:
            for client in held:
                client.close()


def test_the_server_hears_of_nobody_but_nginx(stand: EdgeStand) -> None:
    server = stand.upload(1, ok)
    got = stand.ask(
        "HEAD", PATH, X_Forwarded_For="6.6.6.6", X_Forwarded_Proto="https", X_Request_Id="mine"
    )
    headers = server.asked[0].headers
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["host"] == f"127.0.0.1:{stand.port}"
    assert headers["x-request-id"] == got.headers["x-request-id"] != "mine"
    assert server.asked[0].target == PATH
    assert "connection" not in headers
