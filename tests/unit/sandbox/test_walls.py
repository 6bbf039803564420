"""Each thing a taken-over parser would try, tried: it fails, and the failure is reported."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from verification.sandbox import launcher, seccomp
from verification.sandbox.launcher import Bubblewrap, Sandbox, SandboxUnavailable, Unwalled
from verification.sandbox.limits import Limits
from verification.sandbox.outcome import UNREADABLE, Ending

LIMITS = Limits(cpu=10, wall=60.0)


def run(sandbox: Sandbox, task: str, source: Path, **arguments: object):
    return sandbox.run(task, source=source, arguments=arguments, limits=LIMITS)


def test_a_task_reads_its_file_and_what_stands_beside(either: Sandbox, source: Path, tmp_path):
    beside = tmp_path / "wilayah"
    beside.write_text("kode")

    outcome = either.run(
        "echo", source=source, arguments={"a": [1]}, limits=LIMITS, extra_read=(beside,)
    )

    assert outcome.ok
    assert outcome.result == {"text": "isi berkas", "extra": ["kode"], "arguments": {"a": [1]}}


def test_keys_and_other_uploads_are_not_there(walled: Sandbox, source: Path, tmp_path: Path):
    key = tmp_path / "keys" / "field.key"
    key.parent.mkdir()
    key.write_text("rahasia")
    hidden = [key, tmp_path, source, "/etc/passwd", "/proc/self/environ", "/home", "/root/.ssh"]

    outcome = run(walled, "read", source, paths=[str(path) for path in hidden])

    assert outcome.result == {str(path): "FileNotFoundError" for path in hidden}


def test_nothing_is_inherited(walled: Sandbox, source: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SIPOL_SECRET", "rahasia")
    with Path("/dev/null").open() as held:
        os.set_inheritable(held.fileno(), True)
        outcome = run(walled, "surroundings", source)

    assert isinstance(outcome.result, dict)
    assert "SIPOL_SECRET" not in outcome.result["environment"]
    assert set(outcome.result["environment"]) <= {"LC_CTYPE", "PWD"}
    assert outcome.result["descriptors"] == [0, 1, 2, 3]
    assert outcome.result["uid"] == 65534
    assert outcome.result["host"] == "walled"


def test_the_machine_inside_holds_nothing_but_what_is_listed(walled: Sandbox, source: Path):
    outcome = run(walled, "surroundings", source)

    assert isinstance(outcome.result, dict)
    standard = {"app", "dev", "etc", "in", "lib", "lib32", "lib64", "libx32", "tmp", "usr"}
    of_python = {Path(path).parts[1] for path in (sys.prefix, sys.base_prefix)}
    assert set(outcome.result["root"]) <= standard | of_python


def test_no_environment_and_no_descriptors_without_walls_either(unwalled: Sandbox, source: Path):
    outcome = run(unwalled, "surroundings", source)

    assert isinstance(outcome.result, dict)
    assert set(outcome.result["environment"]) <= {"LC_CTYPE"}
    assert outcome.result["descriptors"] == [0, 1, 2, 3]


def test_connecting_fails(either: Sandbox, source: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = run(either, "connect", source, port=server.getsockname()[1])

    assert outcome.ending is Ending.CRASHED
    assert outcome.where.startswith("PermissionError")


@pytest.mark.parametrize("task", ["fork", "spawn"])
def test_a_second_process_fails(either: Sandbox, source: Path, task: str):
    outcome = run(either, task, source)

    assert outcome.code == UNREADABLE
    assert outcome.where.startswith("PermissionError")


def test_another_program_fails(either: Sandbox, source: Path):
    outcome = run(either, "execute", source, program=str(launcher.walls.interpreter()))

    assert outcome.where.startswith("PermissionError")


def test_writing_anywhere_but_the_output_fails(walled: Sandbox, source: Path):
    places = ["/x", "/in/source", "/in/x", "/app/x", "/app/verification/x.py", "/usr/lib/x"]

    assert run(walled, "write_outside", source, paths=places).result == []


def test_a_link_in_the_output_fails(either: Sandbox, source: Path, tmp_path: Path):
    output = tmp_path / "out"
    output.mkdir()

    outcome = either.run("link", source=source, arguments={}, limits=LIMITS, output=output)

    assert outcome.where.startswith("PermissionError")
    assert list(output.iterdir()) == []


def test_threads_still_work(either: Sandbox, source: Path):
    assert run(either, "threads", source).result == [0, 1, 2, 3]


def test_probe_finds_no_gap(walled: Bubblewrap, tmp_path: Path):
    key = tmp_path / "key"
    key.write_text("rahasia")

    walled.verify(hidden=[tmp_path, key])


def test_probe_names_what_the_development_kind_leaves_open(unwalled: Unwalled, source: Path):
    unwalled.verify()

    outcome = run(unwalled, "sandbox.probe", source, hidden=[str(source)])
    assert isinstance(outcome.result, list)
    assert "hidden" in outcome.result
    assert not {"network", "fork", "exec"} & set(outcome.result)
    assert not unwalled.walled


def test_a_wall_that_gave_way_is_named(walled: Bubblewrap):
    with pytest.raises(SandboxUnavailable, match="gave way: hidden"):
        walled.verify(hidden=[launcher.walls.interpreter()])


def test_without_bubblewrap_there_are_no_walls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SandboxUnavailable, match="not installed"):
        Bubblewrap()


def test_a_machine_without_a_filter_opens_nothing(
    either: Sandbox, source: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "riscv64")

    if either.walled:
        with pytest.raises(SandboxUnavailable, match="riscv64"):
            run(either, "echo", source)


def test_a_broken_installation_is_not_the_files_fault(either: Sandbox, source: Path):
    with pytest.raises(SandboxUnavailable, match="not_there"):
        run(either, "missing", source)


def test_only_named_tasks_run(either: Sandbox, source: Path):
    with pytest.raises(KeyError):
        run(either, "os:system", source)


def test_a_missing_file_is_told_apart(either: Sandbox, tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        run(either, "echo", tmp_path / "gone")


def test_runs_beside_each_other_do_not_meet(walled: Sandbox, tmp_path: Path):
    found: dict[int, object] = {}

    def one(number: int) -> None:
        source = tmp_path / str(number)
        source.write_text(str(number))
        found[number] = run(walled, "echo", source).result

    workers = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [found[number]["text"] for number in range(4)] == ["0", "1", "2", "3"]  # type: ignore[index]
