"""The disk: full in the middle of a write, and what the kernel is asked for before an answer goes out."""

import shutil
from pathlib import Path

import pytest

from tests.contracts.kernel_trace import before_answer, first, seen, wrapper_for
from tests.contracts.tus_process import ENGINES, sha256, tus_process

MB = 1_000_000


def small_disk(root: Path, size: int) -> tuple[str, ...]:
    """Run the process with a file system of `size` bytes of its own in place of `root`."""
    assert shutil.which("bwrap"), "bubblewrap is missing: run `make test`, which installs it"
    return ("bwrap", "--dev-bind", "/", "/", "--size", str(size), "--tmpfs", str(root))


def inside(pid: int, path: Path) -> Path:
    """A path as the process sees it that bubblewrap started."""
    [child, *_] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() or [str(pid)]
    return Path(f"/proc/{child}/root") / path.relative_to("/")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_disk_that_fills_up_keeps_what_was_acknowledged_and_goes_on_later(
    tmp_path: Path, engine: str
) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    wrapper = small_disk(root, 16 * MB)
    content = b"0123456789" * MB
    with tus_process(root, wrapper, TUS_PREALLOCATE="0", TUS_ENGINE=engine) as server:
        path = server.create(10 * MB)
        # Somebody who asks nobody: a promise that could only be counted is not kept then.
        hog = inside(server.group, root) / "hog"
        hog.write_bytes(content)
        status, headers, body = server.ask(
            "PATCH", path,
            {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}, content,
        )  # fmt: skip
        assert (status, b"storage_full" in body) == (503, True)
        assert int(headers["retry-after"]) > 0
        kept = server.offset(path)
        assert 4 * MB < kept < 7 * MB
        status, _, body = server.ask("POST", "/files/", {"Upload-Length": str(MB)})
        assert (status, b"storage_full" in body) == (503, True)
        hog.unlink()
        assert server.offset(path) == kept
        assert server.patch(path, kept, content[kept:]) == 204
        server.wait_until_heard(sha256(content))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_reserved_length_is_refused_at_creation_and_never_in_the_middle(
    tmp_path: Path, engine: str
) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    content = b"0123456789" * MB
    settings = {"TUS_HEADROOM": str(MB), "TUS_ENGINE": engine}
    with tus_process(root, small_disk(root, 16 * MB), **settings) as server:
        path = server.create(10 * MB)
        status, headers, body = server.ask("POST", "/files/", {"Upload-Length": str(8 * MB)})
        assert (status, b"storage_full" in body) == (503, True)
        assert int(headers["retry-after"]) > 0
        server.create(MB)
        assert server.patch(path, 0, content) == 204
        server.wait_until_heard(sha256(content))


@pytest.fixture(scope="module", params=ENGINES)
def traced(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> list[tuple[str, str]]:
    """What one creation, two PATCHes and a HEAD asked of the kernel."""
    root = tmp_path_factory.mktemp("traced")
    trace = root.with_name("trace.txt")
    with tus_process(root, wrapper_for(trace), TUS_ENGINE=request.param) as server:
        path = server.create(3000)
        assert server.patch(path, 0, b"a" * 1000) == 204
        assert server.patch(path, 1000, b"b" * 1000) == 204
        assert server.offset(path) == 2000
    return seen(trace, r"/data/[0-9a-f]{32}>")


def test_a_creation_is_renamed_and_its_directory_synced_before_201(
    traced: list[tuple[str, str]],
) -> None:
    calls = before_answer(traced, "201")
    synced = first(calls, r"^fsync .*\.draft>")
    renamed = first(calls, r"^rename .*\.draft.*\.info")
    directory = first(calls, r"^fsync .*/data>")
    assert synced < renamed < directory


@pytest.mark.parametrize("nth", [0, 1])
def test_bytes_are_synced_before_204(traced: list[tuple[str, str]], nth: int) -> None:
    calls = before_answer(traced, "204", nth)
    written = first(calls, r"^p?write(v2?)? .*/data/[0-9a-f]{32}>")
    synced = first(calls, r"^fdatasync .*/data/[0-9a-f]{32}>\) += 0")
    assert written < synced


def test_head_syncs_before_it_reports(traced: list[tuple[str, str]]) -> None:
    calls = before_answer(traced, "200", -1)
    assert first(calls, r"^fdatasync .*/data/[0-9a-f]{32}>\) += 0") >= 0
