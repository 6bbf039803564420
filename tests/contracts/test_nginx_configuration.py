"""Every variant of the configuration is one that nginx itself accepts."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nginx.render import UnusableEdge, render
from portal import edge
from portal.config import Config


def config_for(home: Path, **settings: str) -> Config:
    environ = {f"SIPOL_{name.upper()}": value for name, value in settings.items()}
    return Config.load({"SIPOL_HOME": str(home), "SIPOL_LISTEN": "127.0.0.1:18080", **environ})


def complaints_about(config: Config, *, user: int | None = None) -> str:
    """`nginx -t`; every complaint it has, the two lines of success left out."""
    done = subprocess.run(
        edge.command(config, "-t"), capture_output=True, text=True, check=False, user=user
    )
    assert done.returncode == 0, done.stderr
    return "\n".join(
        line
        for line in done.stderr.splitlines()
        if not re.search(r"syntax is ok|successful$", line)
    )


@pytest.mark.parametrize("processes", [1, 2, 5, 256])
def test_nginx_accepts_any_number_of_upload_processes(tmp_path: Path, processes: int) -> None:
    config = config_for(tmp_path, upload_processes=str(processes))
    edge.write_configuration(config)
    assert complaints_about(config) == ""


def test_nginx_accepts_it_from_an_ordinary_user() -> None:
    # As root a second identity is at hand; an ordinary user is one already.
    somebody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="sipol-edge-") as folder:
        config = config_for(Path(folder))
        edge.write_configuration(config)
        plan = replace(edge.edge_of(config), user="")
        edge.configuration_path(config).write_text(render(plan))
        if somebody is not None:
            for path in (Path(folder), *Path(folder).rglob("*")):
                os.chown(path, somebody.pw_uid, somebody.pw_gid)
        assert complaints_about(config, user=somebody.pw_uid if somebody else None) == ""


def test_started_by_root_it_works_as_the_owner_of_the_home(tmp_path: Path) -> None:
    text = render(replace(edge.edge_of(config_for(tmp_path)), user="operator staff"))
    assert "\nuser operator staff;\n" in text


@pytest.mark.parametrize(
    "change",
    [
        {"listen": "127.0.0.1:80; include /etc/passwd"},
        {"static_dir": Path('/srv/a"b')},
        {"static_dir": Path("relative")},
        {"user": "root;"},
        {"public_url": "https://x;y"},
        {"shards": (range(128), range(127, 256))},
        {"shards": (range(128), range(128, 255))},
        {"upload_sockets": (Path("/run/only-one"),)},
    ],
    ids=str,
)
def test_what_would_break_out_of_the_configuration_is_refused(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    with pytest.raises(UnusableEdge):
        render(replace(edge.edge_of(config_for(tmp_path)), **change))
