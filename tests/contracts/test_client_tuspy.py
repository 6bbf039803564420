"""tuspy, unwrapped, as a party's own script would use it."""

import io
import random
from pathlib import Path

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from tests.contracts.cutting_proxy import cutting_proxy
from tests.contracts.tus_process import TusProcess, sha256

CONTENT = random.Random(7).randbytes(1_500_000)
CHUNK = 200_000


@pytest.mark.parametrize("checksum", [False, True])
def test_a_file_in_chunks(server: TusProcess, tmp_path: Path, checksum: bool) -> None:
    content = CONTENT + bytes([checksum])
    path = tmp_path / "sk.pdf"
    path.write_bytes(content)
    with path.open("rb") as file:
        uploader = TusClient(server.url).uploader(
            file_stream=file, chunk_size=CHUNK, upload_checksum=checksum,
            metadata={"filename": "sk.pdf", "region": "32.73"},
        )  # fmt: skip
        uploader.upload()
    assert uploader.offset == len(content)
    server.wait_until_heard(sha256(content))


def test_without_metadata_an_empty_header_is_sent_and_taken(server: TusProcess) -> None:
    content = CONTENT[:1000]
    TusClient(server.url).uploader(file_stream=io.BytesIO(content), chunk_size=CHUNK).upload()
    server.wait_until_heard(sha256(content))


def test_going_on_where_another_run_stopped(server: TusProcess) -> None:
    content = CONTENT[1000:]
    client = TusClient(server.url)
    first = client.uploader(file_stream=io.BytesIO(content), chunk_size=CHUNK)
    first.upload(stop_at=2 * CHUNK)
    second = client.uploader(file_stream=io.BytesIO(content), chunk_size=CHUNK, url=first.url)
    assert second.offset == 2 * CHUNK
    second.upload()
    server.wait_until_heard(sha256(content))


def test_a_line_that_breaks_three_times(server: TusProcess) -> None:
    content = CONTENT[::-1]
    with cutting_proxy(server.port, [300_000, 123_456, 700_001]) as proxy:
        uploader = TusClient(proxy.url).uploader(
            file_stream=io.BytesIO(content), chunk_size=len(content), retries=5, retry_delay=0.1
        )
        uploader.upload()
        assert proxy.made == 3
    server.wait_until_heard(sha256(content))


def test_a_refusal_reaches_the_client(server: TusProcess) -> None:
    with pytest.raises(TusCommunicationError) as caught:
        TusClient(server.url).uploader(
            file_stream=io.BytesIO(b"x"), chunk_size=1, metadata={"refuse": "1"}
        ).upload()
    assert caught.value.status_code == 403
    assert "Bukan wilayah Anda." in caught.value.response_content.decode()
