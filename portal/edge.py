"""What nginx has to know, taken from the configuration and from the machine.

Next station: `nginx/render.py` turns it into the text nginx reads.
"""

from __future__ import annotations

import grp
import os
import pwd
import resource
import subprocess
from pathlib import Path

from nginx import outage
from nginx.render import Edge, render
from portal import light
from portal.config import Config


def edge_of(config: Config) -> Edge:
    """The edge of this installation on this machine."""
    return Edge(
        listen=config.listen,
        public_url=config.public_url,
        upload_sockets=tuple(config.upload_socket(i) for i in range(config.upload_processes)),
        shards=tuple(config.shards_of(i) for i in range(config.upload_processes)),
        portal_socket=config.portal_socket(),
        static_dir=light.placed(config.run_dir),
        gzip_static=_serves_compressed(),
        run_dir=config.run_dir,
        log_dir=config.log_dir,
        tmp_dir=config.tmp_dir,
        user=_user_of(config.home) if os.geteuid() == 0 else "",
        worker_processes=os.cpu_count() or 1,
        open_files=_open_files(),
        portal_threads=config.portal_threads * config.portal_processes,
        tls_certificate=config.tls_certificate,
        tls_key=config.tls_key,
        redirect_listen=config.redirect_listen,
    )


def configuration_path(config: Config) -> Path:
    """Where `write_configuration` puts it."""
    return config.run_dir / "nginx.conf"


def write_configuration(config: Config) -> Path:
    """Write nginx.conf and the pages nginx shows by itself; the path of the configuration."""
    text = render(edge_of(config))
    for folder in (config.run_dir, config.log_dir, config.tmp_dir):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    outage.write(config.run_dir / "pages")
    path = configuration_path(config)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(text, "utf-8")
    part.replace(path)
    return path


def command(config: Config, *options: str) -> tuple[str, ...]:
    """nginx on the written configuration, complaining into our log folder from the first line."""
    return (
        program(),
        "-e",
        str(config.log_dir / "nginx-error.log"),
        "-p",
        str(config.run_dir),
        "-c",
        str(configuration_path(config)),
        *options,
    )


def program() -> str:
    """The nginx program, or "" when there is none; Debian keeps it where only root's PATH looks."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", "/usr/local/sbin"]
    for folder in folders:
        path = Path(folder) / "nginx"
        if folder and os.access(path, os.X_OK) and path.is_file():
            return str(path)
    return ""


def _serves_compressed() -> bool:
    """Whether this nginx was built with the module that sends what is compressed already."""
    if not program():
        return False
    told = subprocess.run([program(), "-V"], capture_output=True, text=True, check=False)
    return "http_gzip_static_module" in told.stderr


def _user_of(home: Path) -> str:
    # Workers read sockets and write logs below the home, which belongs to one user alone.
    owner = home.stat()
    name = pwd.getpwuid(owner.st_uid).pw_name
    return f"{name} {grp.getgrgid(owner.st_gid).gr_name}"


def _open_files() -> int:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 1 << 20 if hard == resource.RLIM_INFINITY else hard
