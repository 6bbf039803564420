"""tus-js-client and tuspy, unwrapped, through nginx to two upload processes: every extension they speak."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from tusclient.client import TusClient

from tests.contracts.tus_edge import Edge, tus_edge, wait_until
from tests.contracts.tus_process import sha256
from tests.contracts.tusjs import tusjs
from tests.unit.uploads.builders import OCTETS

SIZE = 3_000_000


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with tus_edge(tmp_path_factory.mktemp("edge")) as edge:
        yield edge


@pytest.mark.parametrize("chunk", [0, 200_000])
def test_four_parallel_parts(edge: Edge, file: Path, content: bytes, chunk: int) -> None:
    report = tusjs(edge.url, file, chunk, "plain", {"parallelUploads": 4})
    assert report["creations"] == 5
    edge.wait_until_heard(sha256(content))
    arrived = [fact for fact in edge.client.heard() if fact.get("sha256") == sha256(content)]
    assert {fact["upload_id"] for fact in arrived} == {report["id"]}
    assert arrived[0]["metadata"]["region"] == "32.73"


def test_parallel_parts_that_are_stopped_and_gone_on(
    edge: Edge, file: Path, content: bytes
) -> None:
    report = tusjs(edge.url, file, 100_000, "parallel-abort", {"parallelUploads": 4})
    assert report["creations"] == 5
    assert report["heads"] == 4
    edge.wait_until_heard(sha256(content))


def test_a_lost_answer_to_the_final_upload_is_answered_again(
    edge: Edge, file: Path, content: bytes
) -> None:
    report = tusjs(edge.url, file, 0, "final-again", {"parallelUploads": 4})
    assert report["locations"][0] == report["locations"][1]
    edge.wait_until_heard(sha256(content))


def test_a_length_that_comes_last(edge: Edge, file: Path, content: bytes) -> None:
    report = tusjs(edge.url, file, 400_000, "deferred")
    assert (report["creations"], report["patches"]) == (1, 8)
    edge.wait_until_heard(sha256(content))


def test_method_override(edge: Edge, file: Path, content: bytes) -> None:
    report = tusjs(edge.url, file, 800_000, "plain", {"overridePatchMethod": True})
    assert (report["creations"], report["patches"]) == (5, 0)
    edge.wait_until_heard(sha256(content))


def test_a_client_that_gives_up_and_says_so(edge: Edge, file: Path) -> None:
    report = tusjs(edge.url, file, 200_000, "abort-terminate")
    assert report["creations"] == 1
    ended = {"upload_id": report["id"], "why": "terminated"}
    wait_until(lambda: ended in edge.client.heard())


def test_parts_that_are_given_up(edge: Edge, file: Path) -> None:
    report = tusjs(edge.url, file, 100_000, "abort-terminate", {"parallelUploads": 4})
    assert len(report["ids"]) == 4
    ended = [{"upload_id": part, "why": "terminated"} for part in report["ids"]]
    wait_until(lambda: all(each in edge.client.heard() for each in ended))


@pytest.mark.parametrize("checksum", [False, True])
def test_tuspy_in_chunks(edge: Edge, content: bytes, checksum: bool) -> None:
    uploader = TusClient(edge.url).uploader(
        file_stream=io.BytesIO(content), chunk_size=400_000, upload_checksum=checksum
    )
    uploader.upload()
    edge.wait_until_heard(sha256(content))


def test_tuspy_makes_parts_that_another_joins(edge: Edge, content: bytes) -> None:
    urls = []
    for start in range(0, SIZE, SIZE // 3):
        client = TusClient(edge.url, headers={"Upload-Concat": "partial"})
        uploader = client.uploader(
            file_stream=io.BytesIO(content[start : start + SIZE // 3]), chunk_size=500_000
        )
        uploader.upload()
        urls.append(uploader.url)
    status, headers, body = edge.client.ask(
        "POST", "/files/", {"Upload-Concat": "final;" + " ".join(urls)}
    )
    assert status == 201, body
    assert headers["location"].startswith("/files/")
    edge.wait_until_heard(sha256(content))


def test_a_checksum_that_is_wrong_costs_only_its_chunk(edge: Edge) -> None:
    path = edge.client.create(6)
    fields = {"Content-Type": OCTETS, "Upload-Offset": "0"}
    wrong = fields | {"Upload-Checksum": "sha1 " + "A" * 27 + "="}
    assert edge.client.ask("PATCH", path, wrong, b"abc")[0] == 460
    assert edge.client.offset(path) == 0
    assert edge.client.ask("PATCH", path, fields, b"abcdef")[0] == 204
    edge.wait_until_heard(sha256(b"abcdef"))
