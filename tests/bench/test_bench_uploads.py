"""The bench runs at sizes nobody learns from, and does not believe what it should not."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from portal.bench import client, looking_over, report, running, tasks
from portal.bench.contenders import Contender, PeerMissing, contenders, peers_folder
from portal.bench.measuring import Figures, Spoiled, Task, measure
from portal.bench.processes import NotStarted, Place, Tree, check_owner, cpu_seconds, free_port
from portal.bench.running import SPARE_DESCRIPTORS, Outcome, enough_of, rotated
from portal.bench.stand import Stand
from portal.cli.bench import bench
from tests.patience import PATIENCE

MIB = 1024**2
PEERS = Path(__file__).resolve().parents[2] / ".peers"
LISTENS = """
import socket, sys, time
server = socket.socket()
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
time.sleep(60)
"""


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[tuple[Tree, Place]]:
    place = Place(port=free_port())
    tree = Tree([sys.executable, "-c", LISTENS, str(place.port)], log=tmp_path / "log")
    try:
        tree.wait_for([place])
        yield tree, place
    finally:
        tree.stop()


def test_everything_runs_and_is_reported(tmp_path: Path) -> None:
    who = "sipol,tusd" if (PEERS / "tusd").exists() else "sipol"
    file = tmp_path / "figures.json"
    done = CliRunner().invoke(
        bench,
        ["uploads", "--rounds", "1", "--size", "8", "--chunks", "8", "--documents", "20",
         "--connections", "4", "--slow", "10", "--seconds", "1", "--cuts", "2", "--processes", "1",
         "--paths", "nginx", "--only", "bulk", "--only", "documents",
         "--no-touch", "--who", who, "--peers", str(PEERS), "--folder", str(tmp_path / "disk"),
         "--json", str(file)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    found = json.loads(file.read_text())
    assert found["faults"] == []
    measured = {(row["contender"], row["client"]["mode"]) for row in found["figures"]}
    assert measured == {(n, m) for n in who.split(",") for m in ("bulk", "documents")}
    assert all(row["server_cpu"] >= 0 and row["seconds"] > 0 for row in found["figures"])
    assert {row["what"] for row in found["limits"]} == {
        "loopback", "page_cache", "o_direct", "fdatasync", "sha256",
    }  # fmt: skip
    assert "| sipol |" in done.output
    assert list((tmp_path / "disk").iterdir()) == []


def test_slow_clients_and_cut_lines_are_measured_too(tmp_path: Path) -> None:
    slow = replace(tasks.trickle(10, 1, 1), bytes_on_disk=0)
    cut = tasks.cut(3, 2_000_000, reset=False)
    short = tuple("size=200000" if word.startswith("size=") else word for word in cut.words)
    with Stand(_ours(), tmp_path / "stand", through_nginx=True) as stand:
        found = measure(stand, slow, headers=(), warm_up=(), client_core=None)
        assert found.client["busy"]["count"] > 10
        assert found.client["answers"]["204"] == 10
        cut_found = measure(
            stand, replace(cut, words=short), headers=(), warm_up=(), client_core=None
        )
        assert cut_found.client["cuts"] == 3


def test_a_port_of_somebody_else_is_not_measured(
    listener: tuple[Tree, Place], tmp_path: Path
) -> None:
    tree, place = listener
    check_owner(place, tree.pids)
    other = Tree([sys.executable, "-c", "import time; time.sleep(60)"], log=tmp_path / "other")
    try:
        with pytest.raises(NotStarted, match="belongs to"):
            other.wait_for([place], seconds=PATIENCE)
    finally:
        other.stop()


def test_a_server_that_dies_at_the_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "raise SystemExit('no disk')"]
    tree = Tree(words, log=tmp_path / "log")
    with pytest.raises(NotStarted, match="no disk"):
        tree.wait_for([Place(port=free_port())], seconds=PATIENCE)
    tree.stop()


def test_a_server_that_dies_in_the_middle_is_noticed(tmp_path: Path) -> None:
    stand = Stand(_ours(), tmp_path / "stand", through_nginx=False)
    with stand:
        stand.check()
        stand.servers[0].stop(signal.SIGKILL)
        with pytest.raises(NotStarted, match="died"):
            stand.check()
    assert not (tmp_path / "stand").exists()


def test_answers_that_are_wrong_spoil_a_measurement(tmp_path: Path) -> None:
    task = replace(tasks.bulk(MIB, MIB), words=("size=1048576", "chunk=1048576", "target=/no/"))
    with (
        Stand(_ours(), tmp_path / "stand", through_nginx=False) as stand,
        pytest.raises(Spoiled, match="creation: status 405"),
    ):
        measure(stand, task, headers=(), warm_up=(), client_core=None)


def test_files_are_counted_and_compared(tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    size = 5 * MIB + 123
    sent = (client.pattern() * 2)[:size]
    (root / "a").write_bytes(sent)
    stand = SimpleNamespace(
        config=SimpleNamespace(upload_root=root), contender=SimpleNamespace(own=False)
    )
    looking_over.check_files(stand, [(size, 1)], largest=size)  # type: ignore[arg-type]
    with pytest.raises(looking_over.WrongFiles, match="1 of 2"):
        looking_over.check_files(stand, [(size, 2)], largest=size)  # type: ignore[arg-type]
    (root / "a").write_bytes(sent[:-1] + b"?")
    with pytest.raises(looking_over.WrongFiles, match="other bytes"):
        looking_over.check_files(stand, [(size, 1)], largest=size)  # type: ignore[arg-type]


def test_time_of_buried_children_counts(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.2: pass"
    words = (
        "import subprocess, sys, time\n"
        f"subprocess.run([sys.executable, '-c', {burn!r}])\n"
        "print('buried', flush=True)\ntime.sleep(60)"
    )
    tree = Tree([sys.executable, "-c", words], log=tmp_path / "log")
    try:
        while "buried" not in tree.said():
            assert tree.alive()
        assert cpu_seconds(tree.pids()) >= 0.15
    finally:
        tree.stop()


def test_every_contender_begins_a_round_once() -> None:
    everybody = list(contenders(1, PEERS).values())
    firsts = [[one.name for one in rotated(everybody, number)] for number in range(len(everybody))]
    assert all(sorted(order) == sorted(firsts[0]) for order in firsts)
    assert len({order[0] for order in firsts}) > len(everybody) // 2


def test_ratios_are_taken_round_by_round() -> None:
    def figures(contender: str, seconds: float, cpu: float) -> Figures:
        return Figures(
            contender=contender, task="bulk, 1 PATCH", through_nginx=True, seconds=seconds,
            bytes=1024**3, requests=1, server_cpu=cpu, server_user=0, nginx_cpu=0,
            database_cpu=0, client_cpu=0, client={"mode": "bulk", "answers": {}},
        )  # fmt: skip

    hashing = {"event": "limit", "what": "sha256", "mb_s": 1, "cpu_s_gib": 0.75}
    outcome = Outcome({}, [hashing], figures=[
        figures("tusd", 1, 1), figures("sipol", 1, 0.5),
        figures("tusd", 9, 9), figures("sipol", 9, 4.5),
        figures("tusd", 3, 3), figures("sipol", 3, 2.4),
    ])  # fmt: skip
    line = next(text for text in report.table(outcome).splitlines() if text.startswith("| sipol"))
    assert line.startswith("| sipol | 3 | 2.40 (0.50–4.50) | 0.50 |")
    alone = "SHA-256 alone takes 0.75 CPU-s/GiB, 0.25 × tusd: with it, 1.0 × leaves 2.25"
    assert alone in report.table(outcome)
    too_short = Outcome({}, [hashing], figures=[figures("tusd", 1, 0), figures("sipol", 1, 0)])
    assert "SHA-256 alone" not in report.table(too_short)


def test_a_run_that_is_ended_tells_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(turns: running._Turns, task: Task) -> None:
        if turns.outcome.missing:
            raise SystemExit(143)
        turns.outcome.missing.append(("tusd", task.name))

    monkeypatch.setattr(running._Turns, "take", taken)
    words = ["uploads", "--only", "bulk", "--size", "2", "--chunks", "2,1", "--who", "tusd"]
    done = CliRunner().invoke(bench, [*words, "--no-touch", "--folder", str(tmp_path)])
    assert done.exit_code == 1
    assert "not measured: tusd: bulk, 1 PATCH" in done.output
    assert "before everything was measured" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_peer_whose_measurement_was_thrown_away_stands_in_the_table_without_figures() -> None:
    ours = Figures(
        contender="sipol", task="trickle, 10 connections of 4 KiB/s", through_nginx=True, seconds=1,
        bytes=1, requests=1, server_cpu=1, server_user=0, nginx_cpu=0, database_cpu=0, client_cpu=0,
        connections=10, processes=2,
        client={"mode": "trickle", "idle": {"p99_ms": 1}, "busy": {"p50_ms": 1, "p99_ms": 1}},
    )  # fmt: skip
    outcome = Outcome({}, figures=[ours])
    outcome.faults.append(("tusd", f"{ours.task}, through nginx", "3 answers were wrong"))
    lines = report.table(outcome).splitlines()
    assert any(line.startswith("| sipol (2 processes) | 1 |") for line in lines)
    assert "| tusd | 0 | not used, see below |" in lines
    assert "3 answers were wrong" in lines[-1]


def test_a_task_of_many_connections_gets_processes_that_have_the_descriptors() -> None:
    known, many = contenders(1, PEERS), tasks.trickle(1000, 1, 1)
    descriptors = 1000 + SPARE_DESCRIPTORS
    assert enough_of(known["tusd"], many, 3000 + SPARE_DESCRIPTORS).processes == 1
    assert enough_of(known["tusd"], many, descriptors).processes == 2
    with pytest.raises(Spoiled, match="2000 descriptors"):
        enough_of(known["tuswsgi"], many, descriptors)


def test_a_server_that_never_answers_does_not_hold_up_the_bench(
    listener: tuple[Tree, Place],
) -> None:
    words = (*listener[1].words(), "wait=0", "size=10", "chunk=10")
    with (
        client.Client("bulk", words, seconds=0.2) as silent,
        pytest.raises(client.ClientFailed, match=r"within 0\.2 s"),
    ):
        list(silent.events())


def test_a_peer_that_is_not_there_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(PeerMissing, match=f"{tmp_path}.*make peers"),
        Stand(contenders(1, tmp_path / "none")["tusd"], tmp_path / "s", through_nginx=False),
    ):
        pytest.fail("started")
    assert not (tmp_path / "s").exists()


def test_peers_are_looked_for_here_and_then_beside_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert peers_folder() == PEERS
    (tmp_path / ".peers").mkdir()
    assert peers_folder().resolve() == tmp_path / ".peers"


def test_without_a_compiler_it_is_said_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(client.CompilerMissing, match="C compiler"):
        client.compiled(tmp_path / "cache")


def _ours() -> Contender:
    return contenders(1, PEERS)["sipol"]
