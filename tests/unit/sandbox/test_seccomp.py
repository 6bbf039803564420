"""The filter of both machines, run by a small interpreter of classic BPF."""

from __future__ import annotations

import errno

import pytest

from verification.sandbox.seccomp import FilterNotLoaded, Stage, filter_bytes, instructions
from verification.sandbox.syscalls import DENIED, JUDGED

ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
READ = {"x86_64": 0, "aarch64": 63}
COLUMN = {"x86_64": 1, "aarch64": 2}
MACHINES = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])


def answer(machine: str, stage: Stage, number: int, *arguments: int, arch: int | None = None):
    words = [number, ARCH[machine] if arch is None else arch, 0, 0]
    for argument in (*arguments, *[0] * (6 - len(arguments))):
        words += [argument & 0xFFFFFFFF, argument >> 32]
    program, at, value = instructions(machine, stage), 0, 0
    while True:
        code, true, false, constant = program[at]
        at += 1
        match code:
            case 0x20:
                value = words[constant // 4]
            case 0x06:
                return constant
            case 0x15:
                at += true if value == constant else false
            case 0x25:
                at += true if value > constant else false
            case 0x35:
                at += true if value >= constant else false
            case 0x45:
                at += true if value & constant else false
            case _:
                raise AssertionError(code)


def number(name: str, machine: str) -> int:
    for row in (*DENIED, *JUDGED):
        if row[0] == name:
            found = row[COLUMN[machine]]
            assert isinstance(found, int)
            return found
    raise AssertionError(name)


@MACHINES
@pytest.mark.parametrize("stage", Stage)
def test_every_denied_call_is_denied(machine: str, stage: Stage):
    for row in DENIED:
        if row[COLUMN[machine]] is not None:
            assert answer(machine, stage, number(row[0], machine)) == EPERM, row[0]


@MACHINES
@pytest.mark.parametrize("stage", Stage)
def test_reading_is_allowed(machine: str, stage: Stage):
    assert answer(machine, stage, READ[machine]) == ALLOW


@MACHINES
def test_a_program_can_be_started_only_before_the_work(machine: str):
    execve = number("execve", machine)

    assert answer(machine, Stage.STARTING, execve) == ALLOW
    assert answer(machine, Stage.WORKING, execve) == EPERM


@MACHINES
def test_a_thread_is_made_and_a_process_is_not(machine: str):
    clone = number("clone", machine)
    thread, process = 0x003D0F00, 0x01200011

    assert answer(machine, Stage.WORKING, clone, thread) == ALLOW
    assert answer(machine, Stage.WORKING, clone, process) == EPERM
    assert answer(machine, Stage.WORKING, clone, 0x10000 << 32) == EPERM


@MACHINES
def test_clone3_does_not_exist(machine: str):
    assert answer(machine, Stage.WORKING, number("clone3", machine)) == ENOSYS


@MACHINES
def test_limits_may_be_read_and_not_moved_while_working(machine: str):
    prlimit = number("prlimit64", machine)

    assert answer(machine, Stage.STARTING, prlimit, 0, 7, 0x7FFF00001000) == ALLOW
    assert answer(machine, Stage.WORKING, prlimit, 0, 7, 0) == ALLOW
    assert answer(machine, Stage.WORKING, prlimit, 0, 7, 0x1000) == EPERM
    assert answer(machine, Stage.WORKING, prlimit, 0, 7, 0x7FFF << 32) == EPERM


@MACHINES
def test_nothing_is_typed_into_a_terminal(machine: str):
    ioctl = number("ioctl", machine)

    assert answer(machine, Stage.WORKING, ioctl, 1, 0x5412) == EPERM
    assert answer(machine, Stage.WORKING, ioctl, 1, 0x541C) == EPERM
    assert answer(machine, Stage.WORKING, ioctl, 1, 0x5401) == ALLOW


@MACHINES
def test_calls_newer_than_we_know_do_not_exist(machine: str):
    assert answer(machine, Stage.WORKING, 457) == ENOSYS


@MACHINES
def test_another_machines_calls_kill(machine: str):
    assert answer(machine, Stage.WORKING, READ[machine], arch=0x40000003) == KILL


def test_the_x32_table_does_not_exist():
    assert answer("x86_64", Stage.WORKING, 0x40000000 + 41) == ENOSYS


def test_the_filter_fits_the_pipe_it_travels_in():
    assert len(filter_bytes(Stage.STARTING, "x86_64")) < 60_000


def test_an_unknown_machine_has_no_filter():
    with pytest.raises(FilterNotLoaded):
        instructions("riscv64", Stage.WORKING)
