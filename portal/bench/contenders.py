"""Who takes part: our server in its forms, and the peers that `make peers` has installed.

Every server gets a folder for its files and Unix sockets at the paths where the product's nginx
configuration looks for its upload processes, so that one configuration serves them all.

Next station: `portal/bench/stand.py` starts them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from portal import parts, tusd_process
from portal.config import Config
from uploads.tusd.engine import EngineMissing

# What our server is told beside the product's own settings, see portal/bench/ours.py.
POLICY = "BENCH_POLICY"  # none | postgresql
DURABLE = "BENCH_DURABLE"  # 1 | 0
HASHED = "BENCH_HASHED"  # 1 | 0
PROFILE = "BENCH_PROFILE"  # a path: cProfile of the event loop's thread is written beside it
OURS = "portal.bench.ours"
PEERS = ".peers"
CHECKOUT = Path(__file__).resolve().parents[2]


class PeerMissing(Exception):
    """A contender that is not installed; the sentence says how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How one process of a server is started; `socket` is where it listens then."""

    words: tuple[str, ...]
    socket: Path
    environ: Mapping[str, str] = field(default_factory=dict)


Commands = Callable[[Config, str], list[Command]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A server in one form.

    `processes` listen at the sockets of as many upload processes; `scales`: there may be more of
    them, on the same files. `with_body`: it stores the body of a creation. `commands(config, policy)`
    raises PeerMissing. `folder` holds its files, below home. `durable`: it syncs before it answers.
    `hashed`: it knows the SHA-256 of what arrived.
    """

    name: str
    commands: Commands
    processes: int = 1
    scales: bool = False
    with_body: bool = True
    durable: bool = False
    hashed: bool = False
    own: bool = False


def peers_folder() -> Path:
    """Where `make peers` has put others' servers: below the current folder, or beside this code."""
    here = Path(PEERS)
    return here if here.is_dir() else CHECKOUT / PEERS


def contenders(processes: int, peers: Path) -> dict[str, Contender]:
    """Everybody by name, ours first; the peers as they are installed in the folder `peers`."""

    own: Any = {"processes": processes, "scales": True, "own": True}
    all_of_them = [
        Contender(name="sipol", commands=_own(), durable=True, hashed=True, **own),
        Contender(name="sipol-unhashed", commands=_own(hashed=False), durable=True, **own),
        Contender(name="sipol-undurable", commands=_own(durable=False), hashed=True, **own),
        Contender(name="sipol-on-tusd", commands=_own(engine="tusd"), hashed=True, **own),
        Contender(name="tusd", commands=_tusd(peers), scales=True),
        Contender(name="@tus/server", commands=_node(peers), scales=True),
        Contender(name="tuspyserver", commands=_python(peers, "tuspyserver_app.py")),
        Contender(name="tuswsgi", commands=_tuswsgi(peers), with_body=False),
        Contender(name="resumable-upload", commands=_python(peers, "resumable_upload_app.py")),
    ]
    return {contender.name: contender for contender in all_of_them}


def _own(*, durable: bool = True, hashed: bool = True, engine: str = "builtin") -> Commands:
    def commands(config: Config, policy: str) -> list[Command]:
        config = replace(config, uploads=engine)
        if engine == "tusd":
            _check_engine(config, policy)
        started = []
        for part in parts.waves(config)[0]:
            kind, _, number = part.name.rpartition("-")
            if kind not in ("uploads", "tusd"):
                continue
            words, environ = part.command, {**part.environ, **_settings(config)}
            if engine == "builtin" and (policy == "none" or not (durable and hashed)):
                # The same words but for what is served.
                words = tuple(word.replace("portal.uploads_process", OURS) for word in words)
                environ |= {POLICY: policy, DURABLE: str(+durable), HASHED: str(+hashed)}
            socket_of = config.upload_socket if kind == "uploads" else config.engine_socket
            started.append(Command(words=words, environ=environ, socket=socket_of(int(number))))
        return started

    return commands


def _check_engine(config: Config, policy: str) -> None:
    if policy == "none":
        raise PeerMissing("tusd behind our front needs --policy postgresql")
    try:
        tusd_process.find(config)
    except EngineMissing as error:
        raise PeerMissing(str(error)) from None


def _settings(config: Config) -> dict[str, str]:
    return {
        "SIPOL_DATABASE_URL": config.database_url,
        "SIPOL_UPLOADS": config.uploads,
        "SIPOL_UPLOAD_PROCESSES": str(config.upload_processes),
        "SIPOL_MAX_UPLOAD_SIZE": str(config.max_upload_size),
        "SIPOL_PARTY_QUOTA": str(config.party_quota),
    }


def _tusd(peers: Path) -> Commands:
    def commands(config: Config, _policy: str) -> list[Command]:
        program = peers / "tusd"
        if not program.exists():
            raise PeerMissing(f"tusd is not installed in {peers}: make peers")
        return [
            Command(
                words=(
                    str(program), "-unix-sock", str(place), "-base-path", "/files/",
                    "-upload-dir", str(config.upload_root), "-behind-proxy",
                    "-verbose=false", "-show-startup-logs=false", "-expose-metrics=false",
                ),
                socket=place,
            )
            for place in map(config.upload_socket, range(config.upload_processes))
        ]  # fmt: skip

    return commands


def _node(peers: Path) -> Commands:
    def commands(config: Config, _policy: str) -> list[Command]:
        node = shutil.which("node")
        if node is None or not (peers / "node_modules" / "@tus" / "server").is_dir():
            raise PeerMissing(f"@tus/server is not installed in {peers}: make peers")
        launcher = str(peers / "launch" / "tus_node.mjs")
        return [
            Command(words=(node, launcher, str(place), str(config.upload_root)), socket=place)
            for place in map(config.upload_socket, range(config.upload_processes))
        ]

    return commands


def _python(peers: Path, launcher: str) -> Commands:
    def commands(config: Config, _policy: str) -> list[Command]:
        path = peers / "launch" / launcher
        place = config.upload_socket(0)
        words = (str(_interpreter(peers)), str(path), str(place), str(config.upload_root))
        return [Command(words=words, socket=place)]

    return commands


def _tuswsgi(peers: Path) -> Commands:
    def commands(config: Config, _policy: str) -> list[Command]:
        words = (
            str(_interpreter(peers)), "-m", "gunicorn", "--worker-class", "gthread",
            "--workers", "1", "--threads", "32", "--keep-alive", "75", "--backlog", "4096",
            "--timeout", "120", "--worker-connections", "16384", "--no-control-socket",
            "--worker-tmp-dir", str(config.tmp_dir), "--log-level", "error",
            "--bind", f"unix:{config.upload_socket(0)}",
            "--chdir", str(peers / "launch"), "tuswsgi_app:app",
        )  # fmt: skip
        environ = {"PEER_FOLDER": str(config.upload_root)}
        return [Command(words=words, environ=environ, socket=config.upload_socket(0))]

    return commands


def _interpreter(peers: Path) -> Path:
    path = peers / "venv" / "bin" / "python"
    if not os.access(path, os.X_OK):
        raise PeerMissing(f"the Python peers are not installed in {peers}: make peers")
    return path


def process_environ(command: Command) -> dict[str, str]:
    """The environment of a process: ours without what others may have set, then its own."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("SIPOL_")}
    path = os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH", ""))))
    return {**kept, "PYTHONPATH": path, **command.environ}
