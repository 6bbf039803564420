"""A small disk of its own for a stack: a tmpfs in the tree's own mount namespace, no root needed."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.stack import Stack


def unshared(root: Path, size: int) -> tuple[str, ...]:
    """Words before a command: a mount namespace of its own, with a disk of `size` bytes at `root`.

    Without being root one becomes it in a user namespace, mounts, and in a second one is oneself again.
    """
    mount = f'mount -t tmpfs -o size={size} none "$0"'
    if os.geteuid() == 0:
        return ("unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', str(root))
    back = f"unshare --user --map-user={os.getuid()} --map-group={os.getgid()}"
    return (
        "unshare", "--mount", "--map-root-user",
        "sh", "-c", f'{mount} && exec {back} "$@"', str(root),
    )  # fmt: skip


@contextlib.contextmanager
def on_small_disk(seeded: Path, size: int, **settings: Any) -> Iterator[Stack]:
    """A running stack whose uploads lie on a disk of `size` bytes."""
    stack = Stack(seeded, **settings)
    stack.wrapper = unshared(stack.config.upload_root, size)
    probe = subprocess.run([*stack.wrapper, "true"], capture_output=True, text=True, check=False)
    assert probe.returncode == 0, f"this machine allows no mount namespace: {probe.stderr}"
    with stack:
        yield stack


def disk(stack: Stack) -> Path:
    """The small disk as the stack sees it."""
    root = stack.config.upload_root.relative_to("/")
    return Path(f"/proc/{stack.pid('uploads-0')}/root") / root


def free(stack: Stack) -> int:
    """Bytes left on it."""
    space = os.statvfs(disk(stack))
    return space.f_bavail * space.f_frsize


@contextlib.contextmanager
def filled(stack: Stack, *, left: int, by: str = "something-else") -> Iterator[None]:
    """Something else takes the disk but for `left` bytes, and goes again."""
    hog = disk(stack) / by
    with hog.open("wb") as out:
        os.posix_fallocate(out.fileno(), 0, free(stack) - left)
    try:
        yield
    finally:
        hog.unlink()
