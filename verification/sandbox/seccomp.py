"""The seccomp filter: which system calls the child may make, as classic BPF, assembled by hand.

Two stages. ``STARTING`` goes to bubblewrap, which loads it and then still has to exec the Python
interpreter, which then still has to lower its own limits. ``WORKING`` is loaded by the child itself
before it opens the foreign file; from there no program is started and no limit moved. Filters add
up: the strictest answer of both holds.

A list of forbidden calls, not of permitted ones: it must hold for every libc, kernel and parser
version we meet, and it stands behind namespaces, dropped capabilities and resource limits.

Next station: ``verification/sandbox/walls.py`` hands it over, ``child.py`` tightens it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from enum import Enum

from verification.sandbox.syscalls import DENIED, JUDGED


class Stage(Enum):
    """From when a filter is in force."""

    STARTING = "starting"
    WORKING = "working"


class FilterNotLoaded(Exception):
    """The kernel or the machine does not take our filter; nothing foreign may be opened."""


_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_COLUMN = {"x86_64": 1, "aarch64": 2}
_X32_BIT = 0x40000000  # x86_64 numbers with it are the x32 table, which our numbers do not name
_NEWEST = 456  # futex_requeue, Linux 6.7; what comes later does not exist here

_LOAD, _EQUAL, _ABOVE, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS

_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_CLONE_THREAD = 0x00010000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

_PR_SET_NO_NEW_PRIVS, _SET_MODE_FILTER, _FLAG_TSYNC = 38, 1, 1

Instruction = tuple[int, int, int, int]
"""code, jump if true, jump if false, constant: struct sock_filter."""


def instructions(machine: str, stage: Stage) -> list[Instruction]:
    """The filter for ``machine`` (``x86_64`` or ``aarch64``). FilterNotLoaded: another machine."""
    if machine not in _AUDIT_ARCH:
        raise FilterNotLoaded(f"no system call table for {machine}")
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _ENOSYS)]
    denied = [row[_COLUMN[machine]] for row in DENIED]
    if stage is Stage.WORKING:
        denied += [number_of("execve", machine), number_of("setrlimit", machine)]
    for number in denied:
        if number is not None:
            program += [(_EQUAL, 0, 1, int(number)), (_RETURN, 0, 0, _EPERM)]
    program += [
        # glibc falls back from clone3 to clone, whose flags a filter can read.
        (_EQUAL, 0, 1, number_of("clone3", machine)),
        (_RETURN, 0, 0, _ENOSYS),
        (_ABOVE, 0, 1, _NEWEST),
        (_RETURN, 0, 0, _ENOSYS),
        *_threads_only(number_of("clone", machine)),
        *_no_typing_into_terminals(number_of("ioctl", machine)),
    ]
    if stage is Stage.WORKING:
        program += _reading_limits_only(number_of("prlimit64", machine))
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def filter_bytes(stage: Stage, machine: str | None = None) -> bytes:
    """The filter as bubblewrap and the kernel read it: an array of struct sock_filter."""
    program = instructions(machine or platform.machine(), stage)
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def number_of(name: str, machine: str) -> int:
    """The number of a call that both machines have. KeyError: not in the table."""
    for row in (*JUDGED, *DENIED):
        number = row[_COLUMN[machine]]
        if row[0] == name and isinstance(number, int):
            return number
    raise KeyError(name)


def load(stage: Stage) -> None:
    """Put every thread of this process behind the filter, for ever. FilterNotLoaded: refused."""
    machine = platform.machine()
    content = filter_bytes(stage, machine)
    instructions_at = ctypes.create_string_buffer(content, len(content))
    # struct sock_fprog: unsigned short, padding to the pointer's alignment, pointer.
    program = ctypes.create_string_buffer(
        struct.pack("@HP", len(content) // 8, ctypes.addressof(instructions_at))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise FilterNotLoaded(os.strerror(ctypes.get_errno()))
    number = number_of("seccomp", machine)
    if libc.syscall(number, _SET_MODE_FILTER, _FLAG_TSYNC, program) != 0:
        raise FilterNotLoaded(os.strerror(ctypes.get_errno()))


def _threads_only(clone: int) -> list[Instruction]:
    """clone(2) with CLONE_THREAD makes a thread; without, a process."""
    return [
        (_EQUAL, 0, 4, clone),
        (_LOAD, 0, 0, _ARGUMENTS),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _reading_limits_only(prlimit: int) -> list[Instruction]:
    """getrlimit is prlimit64 with a null third argument; root in development could raise limits."""
    third = _ARGUMENTS + 2 * 8
    return [
        (_EQUAL, 0, 6, prlimit),
        (_LOAD, 0, 0, third),
        (_EQUAL, 0, 3, 0),
        (_LOAD, 0, 0, third + 4),
        (_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _EPERM),
    ]


def _no_typing_into_terminals(ioctl: int) -> list[Instruction]:
    """TIOCSTI and TIOCLINUX put characters into the terminal a developer sits at."""
    return [
        (_EQUAL, 0, 5, ioctl),
        (_LOAD, 0, 0, _ARGUMENTS + 8),
        (_EQUAL, 2, 0, _TIOCSTI),
        (_EQUAL, 1, 0, _TIOCLINUX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _EPERM),
    ]
