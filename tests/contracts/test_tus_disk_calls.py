"""What the kernel is asked for before an answer: documents in packs, cut PATCHes, joined parts."""

import socket
import time

import pytest

from tests.contracts.kernel_trace import before_answer, first, seen, wrapper_for
from tests.contracts.tus_process import TusProcess, reset, sha256, tus_process
from tests.unit.uploads.builders import OCTETS

Calls = list[tuple[str, str]]
FILES = r"/(data|packs)/"
DATA = r"/data/[0-9a-f]{32}>"


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """Two documents, one whose body is not whole, a cut PATCH and its HEAD, two parts and their whole."""
    root = tmp_path_factory.mktemp("traced")
    trace = root.with_name("trace-of-packs.txt")
    with tus_process(root, wrapper_for(trace)) as server:
        for body in (b"a" * 5000, b"b" * 100_000):
            assert post(server, body, len(body))["upload-offset"] == str(len(body))
            server.wait_until_heard(sha256(body))
        assert post(server, b"c" * 500, 3000)["upload-offset"] == "500"
        path = server.create(3000)
        cut_patch(server, path, b"d" * 700)
        while server.offset(path) != 700:
            time.sleep(0.05)
        parts = []
        for body in (b"e" * 600, b"f" * 400):
            parts.append(server.create(len(body), **{"Upload-Concat": "partial"}))
            assert server.patch(parts[-1], 0, body) == 204
        fields = {"Upload-Concat": "final;" + " ".join(parts)}
        assert server.ask("POST", "/files/", fields)[0] == 201
        server.wait_until_heard(sha256(b"e" * 600 + b"f" * 400))
    return seen(trace, FILES)


def post(server: TusProcess, body: bytes, length: int) -> dict[str, str]:
    fields = {"Upload-Length": str(length), "Content-Type": OCTETS}
    status, headers, _ = server.ask("POST", "/files/", fields, body)
    assert status == 201
    return headers


def cut_patch(server: TusProcess, path: str, body: bytes) -> None:
    line: socket.socket = server.begin_patch(path, 0, 3000)
    line.sendall(body)
    server.take(line, path, len(body))
    reset(line)


def test_the_first_document_makes_its_segment_durable_then_itself(traced: Calls) -> None:
    calls = before_answer(traced, "201", 0)
    begun = first(calls, r"^fdatasync .*/packs/[0-9a-f]+\.pack>")
    directory = first(calls, r"^fsync .*/packs>")
    written = first(calls, r"^pwritev2? .*/packs/[0-9a-f]+\.pack>")
    assert begun < directory < written
    assert first(calls[written:], r"^fdatasync .*/packs/[0-9a-f]+\.pack>\) += 0")


def test_a_document_is_one_write_and_one_sync(traced: Calls) -> None:
    calls = before_answer(traced, "201", 1)
    ours = [call for call in calls if "/packs/" in call and ".pack>" in call]
    assert len(ours) == 2
    assert first(ours, r"^pwritev2? ") == 0
    assert first(ours, r"^fdatasync .*\) += 0") == 1
    assert not [call for call in calls if "/data" in call], "and no file of its own"


def test_a_body_that_is_not_whole_is_a_plain_file_synced_before_201(traced: Calls) -> None:
    calls = before_answer(traced, "201", 2)
    described = first(calls, r"^rename .*\.draft.*\.info")
    directory = first(calls, r"^fsync .*/data>")
    written = first(calls, rf"^p?write(v2?)? .*{DATA}")
    assert described < directory < written
    assert first(calls[written:], rf"^fdatasync .*{DATA}\) += 0")


def test_a_head_after_a_cut_patch_syncs_before_it_says_what_is_there(traced: Calls) -> None:
    calls = before_answer(traced, "200", -1)
    assert first(calls, rf"^fdatasync .*{DATA}\) += 0") >= 0


def test_a_joined_upload_is_copied_by_the_kernel_synced_and_named_before_201(
    traced: Calls,
) -> None:
    calls = before_answer(traced, "201", -1)
    copied = first(calls, r"^copy_file_range ")
    synced = first(calls, r"^fdatasync .*\.joining>\) += 0")
    named = first(calls, r"^rename .*\.joining")
    assert copied < synced < named
    assert first(calls[named:], r"^fsync .*/data>")
    assert not [call for call in calls if call.startswith("pwritev") and "/data/" in call]
