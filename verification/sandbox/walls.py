"""The bubblewrap command line: an empty machine with one interpreter, one file and one exit.

What the child can see is exactly what is listed here, at the paths listed here: the system's shared
libraries, this interpreter's standard library and packages, our own code, the file. No /home, /var,
/etc (but the loader's cache), no /proc, no /sys, no /dev but null. Not seen: the portal's state,
keys, other uploads.

Next station: ``verification/sandbox/child.py`` starts in there.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

CODE = Path("/app")
SOURCE = Path("/in/source")
OUTPUT = Path("/out")
NOBODY = "65534"

_BOOT = "import sys; sys.path += sys.argv[1:]; from verification.sandbox.child import main; main()"
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
_LOADER_CACHE = "/etc/ld.so.cache"


def interpreter() -> Path:
    """The real program behind sys.executable, whatever virtual environment it was called from."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def python(paths: Iterable[Path]) -> list[str]:
    """Isolated, without site, writing no bytecode: nothing but ``paths`` and the standard library.

    ``.pth`` files are not read, so that an editable installation cannot put anything on the path.
    """
    return [
        str(interpreter()),
        *("-I", "-S", "-B", "-X", "utf8", "-c", _BOOT),
        *(str(path) for path in paths),
    ]


def package_folders() -> list[Path]:
    """Where installed packages lie: this environment's site-packages, and what it can see."""
    named = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    seen = [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    return [Path(path) for path in dict.fromkeys([*named, *seen]) if Path(path).is_dir()]


def extra_at(number: int) -> Path:
    """Where the nth file read beside the source stands."""
    return Path(f"/in/extra/{number}")


def bubblewrap(
    program: str,
    *,
    code: Sequence[Path],
    source: Path,
    output: Path | None,
    extra: Sequence[Path],
    scratch: int,
    seccomp_descriptor: int,
) -> list[str]:
    """The whole command. ``code`` are package folders of ours; ``scratch`` is /tmp's size."""
    words = [program, "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net"]
    words += ["--unshare-uts", "--unshare-cgroup-try", "--hostname", "walled"]
    words += ["--uid", NOBODY, "--gid", NOBODY, "--cap-drop", "ALL"]
    words += ["--die-with-parent", "--new-session", "--clearenv"]
    # First, because an environment may itself lie under /tmp, and the later mount is on top.
    words += ["--size", str(scratch), "--tmpfs", "/tmp"]  # noqa: S108 - the child's own, in memory
    words += _system_libraries()
    for path in _interpreter_parts():
        words += _seen(path, path)
    for path in package_folders():
        words += _seen(path, path)
    for folder in code:
        words += _seen(folder, CODE / folder.name)
    words += ["--dev-bind", "/dev/null", "/dev/null"]
    words += _seen(source, SOURCE)
    for number, path in enumerate(extra):
        words += _seen(path, extra_at(number))
    if output is not None:
        words += ["--bind", str(output.absolute()), str(OUTPUT)]
    # The root itself is a tmpfs that bubblewrap leaves writable: memory nobody counts.
    words += ["--remount-ro", "/", "--chdir", "/tmp"]  # noqa: S108
    words += ["--seccomp", str(seccomp_descriptor), "--"]
    return [*words, *python([CODE, *package_folders()])]


def _seen(path: Path, at: Path) -> list[str]:
    return ["--ro-bind", str(path.absolute()), str(at)]


def _system_libraries() -> list[str]:
    """Debian's /lib is a symbolic link into /usr, older systems' a folder: copy what is there."""
    words: list[str] = []
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            words += ["--ro-bind", name, name]
    return [*words, "--ro-bind-try", _LOADER_CACHE, _LOADER_CACHE]


def _interpreter_parts() -> Iterator[Path]:
    """The program, its standard library and its shared library; never a whole prefix.

    The system's own lie under the folders bound already.
    """
    program = interpreter()
    yield program
    standard = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    beside = (program.parent.parent / "lib").glob("libpython*.so*")
    for path in sorted({*standard, *beside}):
        if not any(path.is_relative_to(system) for system in _SYSTEM):
            yield path
