"""One server behind one nginx, started for one measurement and gone after it.

Next station: `portal/bench/measuring.py` sends to it and looks at the clocks.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from nginx import outage
from nginx.render import render
from portal import edge
from portal.bench.contenders import Contender, process_environ
from portal.bench.processes import NotStarted, Place, Tree, free_port
from portal.config import Config
from portal.keys import KeyStore

# Descriptors nginx needs for a client and for the upstream, with room for uneven workers.
DESCRIPTORS_A_CLIENT = 2.6
MAX_UPLOAD = 64 * 1024**3
QUOTA = 1 << 50


class NginxMissing(Exception):
    """There is no nginx on this machine."""


class Stand:
    """`with Stand(...) as stand:`. Raises NotStarted, PeerMissing, NginxMissing.

    `folder` is made, and removed at the end with everything in it. `server_core`: where server and
    nginx run, None for anywhere. `clients`: how many connections there will be at once.
    """

    def __init__(
        self,
        contender: Contender,
        folder: Path,
        *,
        through_nginx: bool,
        policy: str = "none",
        settings: Mapping[str, str] | None = None,
        server_core: int | None = None,
        clients: int = 64,
    ) -> None:
        self.contender = contender
        self.folder = folder
        self._policy = policy
        self._through_nginx = through_nginx
        self._core = server_core
        self._clients = clients
        self.servers: list[Tree] = []
        self.nginx: Tree | None = None
        port = free_port()
        self.config = Config.load(
            {
                "SIPOL_HOME": str(folder),
                "SIPOL_LISTEN": f"127.0.0.1:{port}",
                "SIPOL_PUBLIC_URL": f"http://127.0.0.1:{port}",
                "SIPOL_UPLOAD_PROCESSES": str(contender.processes),
                "SIPOL_MAX_UPLOAD_SIZE": str(MAX_UPLOAD),
                "SIPOL_PARTY_QUOTA": str(QUOTA),
                **(settings or {}),
            }
        )
        self.place = Place(port=port) if through_nginx else Place(self.config.upload_socket(0))

    def __enter__(self) -> Stand:
        try:
            self._prepare()
            self._start_servers()
            if self._through_nginx:
                self._start_nginx()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End what was started, by its numbers, and remove the files."""
        if self.nginx is not None:
            self.nginx.stop()
        for tree in self.servers:
            tree.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def check(self) -> None:
        """Raise NotStarted when one of the trees has died."""
        for tree in (*self.servers, *((self.nginx,) if self.nginx else ())):
            if not tree.alive():
                raise NotStarted(f"{self.contender.name} died: {tree.said()}")

    def server_pids(self) -> list[int]:
        """Every process of the server now."""
        return [pid for tree in self.servers for pid in tree.pids()]

    def nginx_pids(self) -> list[int]:
        """Every process of nginx now; none when there is none."""
        return self.nginx.pids() if self.nginx else []

    def _prepare(self) -> None:
        config = self.config
        for path in config.directories():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        KeyStore(config.keys_dir).create()

    def _start_servers(self) -> None:
        commands = self.contender.commands(self.config, self._policy)
        for index, command in enumerate(commands):
            tree = Tree(
                command.words,
                log=self.config.log_dir / f"server-{index}.log",
                environ=process_environ(command),
                core=self._core,
                cwd=self.folder,
            )
            self.servers.append(tree)
        for tree, command in zip(self.servers, commands, strict=True):
            tree.wait_for([Place(command.socket)])

    def _start_nginx(self) -> None:
        if not edge.program():
            raise NginxMissing("nginx is not installed (Debian: apt-get install nginx-light)")
        own = edge.edge_of(self.config)
        connections = own.open_files // 2
        workers = max(1, round(self._clients * DESCRIPTORS_A_CLIENT / connections + 0.5))
        text = render(replace(own, worker_processes=workers))
        # As many at once as the measurement asks for; everything else as in the product.
        limit = max(self._clients + 64, 4096)
        text = re.sub(r"(limit_conn upload_connections) \d+;", rf"\1 {limit};", text)
        outage.write(self.config.run_dir / "pages")
        edge.configuration_path(self.config).write_text(text, "utf-8")
        self.nginx = Tree(
            edge.command(self.config),
            log=self.config.log_dir / "nginx.log",
            environ=dict(os.environ),
            core=self._core,
        )
        self.nginx.wait_for([self.place])
