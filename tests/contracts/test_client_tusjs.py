"""tus-js-client, unwrapped, as the upload page's library behaves."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.cutting_proxy import cutting_proxy
from tests.contracts.tus_process import ENGINES, TusProcess, sha256, tus_process
from tests.contracts.tusjs import tusjs

SIZE = 1_500_000


@pytest.fixture(scope="module", params=ENGINES)
def server(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[TusProcess]:
    with tus_process(tmp_path_factory.mktemp("uploads"), TUS_ENGINE=request.param) as process:
        yield process


@pytest.fixture
def content(request: pytest.FixtureRequest) -> bytes:
    return random.Random(request.node.name).randbytes(SIZE)


@pytest.fixture
def file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "sk.pdf"
    path.write_bytes(content)
    return path


def test_a_file_in_chunks(server: TusProcess, file: Path, content: bytes) -> None:
    report = tusjs(server.url, file, 400_000, "plain")
    assert (report["creations"], report["patches"], report["heads"]) == (1, 4, 0)
    server.wait_until_heard(sha256(content))


def test_a_file_in_one_request(server: TusProcess, file: Path, content: bytes) -> None:
    assert tusjs(server.url, file, 0, "plain")["patches"] == 1
    server.wait_until_heard(sha256(content))


def test_bytes_with_the_creation(server: TusProcess, file: Path, content: bytes) -> None:
    report = tusjs(server.url, file, 0, "with-creation")
    assert (report["creations"], report["patches"]) == (1, 0)
    server.wait_until_heard(sha256(content))


def test_aborted_and_gone_on(server: TusProcess, file: Path, content: bytes) -> None:
    report = tusjs(server.url, file, 200_000, "abort")
    assert report["creations"] == 1
    assert report["heads"] >= 1
    server.wait_until_heard(sha256(content))


def test_a_line_that_breaks_three_times_goes_on_and_never_begins_again(
    server: TusProcess, file: Path, content: bytes
) -> None:
    with cutting_proxy(server.port, [300_000, 123_456, 700_001]) as proxy:
        report = tusjs(proxy.url, file, 0, "plain")
        assert proxy.made == 3
    assert report["creations"] == 1
    server.wait_until_heard(sha256(content))


def test_a_finished_upload_is_not_the_clients_to_delete(
    server: TusProcess, file: Path, content: bytes
) -> None:
    assert tusjs(server.url, file, 0, "terminate")["terminated"] == 403
    server.wait_until_heard(sha256(content))
