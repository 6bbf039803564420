"""The few things asked of a file system that Python has no name for, and how a small file is made durable.

Everything here is a plain system call on descriptors or paths; errors are OSError. Callers turn them into
refusals with `uploads.store.trouble`.
"""

import ctypes
import errno
import os
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
SMALL = 64 * 1024
KEEP_SIZE = 1
PUNCH_HOLE = 2
COLLAPSE_RANGE = 8
"""FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE and FALLOC_FL_COLLAPSE_RANGE of fallocate(2)."""

_libc = ctypes.CDLL(None, use_errno=True)


def fallocate(descriptor: int, mode: int, offset: int, length: int) -> None:
    """fallocate(2), which `os.posix_fallocate` is not: it never writes zeros instead."""
    if not hasattr(_libc, "fallocate"):
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
    failed = _libc.fallocate(descriptor, mode, ctypes.c_int64(offset), ctypes.c_int64(length))
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def reserve(descriptor: int, length: int, *, keep_size: bool = True) -> bool:
    """Reserve `length` bytes from the beginning; `keep_size` leaves the end of the file where it is.

    False where the file system cannot; raises OSError when there is no room.
    """
    if length == 0:
        return True
    try:
        fallocate(descriptor, KEEP_SIZE if keep_size else 0, 0, length)
    except OSError as error:
        if error.errno in FULL:
            raise
        return False
    return True


def punch(descriptor: int, offset: int, length: int) -> bool:
    """Give the room of a range back; it reads as zeros. False where the file system cannot."""
    try:
        fallocate(descriptor, PUNCH_HOLE | KEEP_SIZE, offset, length)
    except OSError as error:
        if error.errno in {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}:
            return False
        raise
    return True


def behead(descriptor: int, length: int) -> bool:
    """Take the first bytes away, whole blocks of at most `length`; what follows moves up to them.

    Whoever appends meanwhile loses nothing. False where the file system cannot, or for want of a block.
    """
    blocks = length - length % os.fstat(descriptor).st_blksize
    if blocks <= 0:
        return False
    try:
        fallocate(descriptor, COLLAPSE_RANGE, 0, blocks)
    except OSError:
        return False
    return True


def write_new(path: Path, text: str, *, durable: bool = True) -> None:
    """A new file with this text, synced. Raises FileExistsError when there is one."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640)
    try:
        content = memoryview(text.encode())
        while content:
            content = content[os.write(descriptor, content) :]
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_all(name: str) -> bytes:
    """A small file, with as few calls as that takes."""
    descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = b""
        while piece := os.read(descriptor, SMALL):
            text += piece
            if len(piece) < SMALL:
                break
        return text
    finally:
        os.close(descriptor)


def copy_range(source: int, target: int, count: int) -> int:
    """Inside the kernel, from position to position; shares blocks where a file system can."""
    return os.copy_file_range(source, target, count)


def send_range(source: int, target: int, count: int) -> int:
    """The same where that cannot be, with a copy."""
    return os.sendfile(target, source, None, count)


def sync_directory(directory: Path) -> None:
    """Put a directory's entries on stable storage."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(directory: Path) -> None:
    """Put all that was written to the file system of this directory on stable storage: syncfs(2)."""
    if not hasattr(_libc, "syncfs"):
        os.sync()
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _libc.syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)
