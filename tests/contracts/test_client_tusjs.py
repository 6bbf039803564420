"""tus-js-client, unwrapped, as the upload page's library behaves."""

from pathlib import Path

from tests.contracts.cutting_proxy import cutting_proxy
from tests.contracts.tus_process import TusProcess, sha256
from tests.contracts.tusjs import tusjs

SIZE = 1_500_000


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
