"""The latest request wins, inside a process and between two, and the loser writes nothing afterwards."""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from uploads.errors import UploadLocked
from uploads.lockfiles import LockFiles
from uploads.locks import STALE_WISH_SECONDS, Lease, Locks
from uploads.threads import Crew

ID = "0" * 32
LOCK_FILE = "00.lock"


@contextlib.asynccontextmanager
async def process(root: Path, patience: float = PATIENCE) -> AsyncIterator[Locks]:
    """What one process has: locks over a directory, and the watch for others' wishes."""
    pool = Crew(8, "test")
    locks = Locks(root, pool, patience=patience)
    watch = asyncio.create_task(locks.watch())
    try:
        yield locks
    finally:
        watch.cancel()
        await asyncio.wait([watch])
        locks.close()
        pool.shutdown()


async def hold_until_wanted(locks: Locks, held: asyncio.Event) -> Lease:
    async with locks.hold(ID) as lease:
        wanted = asyncio.Event()
        lease.when_wanted(wanted.set)
        held.set()
        await wanted.wait()
        lease.check()
    return lease


def test_a_holder_is_asked_to_let_go_and_cannot_write_afterwards(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path) as locks:
            held = asyncio.Event()
            holding = asyncio.create_task(hold_until_wanted(locks, held))
            await held.wait()
            async with locks.hold(ID) as second:
                second.check()
                with pytest.raises(UploadLocked):
                    (await holding).check()
            assert not locks.is_held(ID)

    asyncio.run(scenario())


def test_another_process_gets_the_upload_when_its_holder_lets_go(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path) as one, process(tmp_path) as other:
            held = asyncio.Event()
            holding = asyncio.create_task(hold_until_wanted(one, held))
            await held.wait()
            async with other.hold(ID) as second:
                second.check()
                with pytest.raises(UploadLocked):
                    (await holding).check()
                assert not list((tmp_path / "wanted").iterdir())

    asyncio.run(scenario())


@pytest.mark.parametrize("same_process", [True, False])
def test_a_holder_that_does_not_let_go_is_423_for_the_next(
    tmp_path: Path, same_process: bool
) -> None:
    async def scenario() -> None:
        async with process(tmp_path) as one, process(tmp_path, patience=0.1) as other:
            if same_process:
                one = other
            async with one.hold(ID) as first:
                with pytest.raises(UploadLocked):
                    async with other.hold(ID):
                        pass
                first.check()
            async with other.hold(ID) as now_free:
                now_free.check()

    asyncio.run(scenario())


def test_of_two_that_wait_the_later_gets_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path) as locks:
            order: list[str] = []

            async def want(name: str) -> None:
                try:
                    async with locks.hold(ID):
                        order.append(name)
                except UploadLocked:
                    order.append(f"{name} refused")

            async with locks.hold(ID):
                earlier = asyncio.create_task(want("earlier"))
                await asyncio.sleep(0)
                later = asyncio.create_task(want("later"))
                await earlier
            await later
            assert order == ["earlier refused", "later"]

    asyncio.run(scenario())


def test_a_cancelled_waiter_does_not_keep_the_upload(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path) as locks:
            async with locks.hold(ID):
                waiting = asyncio.create_task(locks.hold(ID).__aenter__())
                await asyncio.sleep(0)
                waiting.cancel()
                await asyncio.wait([waiting])
            assert not locks.is_held(ID)
            async with locks.hold(ID) as lease:
                lease.check()

    asyncio.run(scenario())


def test_a_lock_file_removed_behind_our_back_fences_us_off(tmp_path: Path) -> None:
    """Others lock another file by now: the next write must not pass."""

    async def scenario() -> None:
        async with process(tmp_path) as locks:
            async with locks.hold(ID) as lease:
                (tmp_path / LOCK_FILE).unlink()
                with pytest.raises(UploadLocked):
                    lease.check()
            async with locks.hold(ID) as lease:
                lease.check()

    asyncio.run(scenario())


def test_uploads_leave_no_file_and_no_descriptor_of_their_own(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path) as locks:
            for number in range(50):
                async with locks.hold(f"{0:02x}{number:030x}") as lease:
                    lease.check()

    asyncio.run(scenario())
    assert sorted(path.name for path in tmp_path.iterdir()) == [LOCK_FILE, "wanted"]


def test_what_was_asked_for_comes_with_the_lock(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path) as locks:
            async with locks.hold(ID, lambda upload_id: upload_id[:3]) as lease:
                assert lease.found == "000"
            with pytest.raises(ZeroDivisionError):
                async with locks.hold(ID, lambda _: 1 / 0):
                    pass
            assert not locks.is_held(ID)
            async with process(tmp_path) as other, other.hold(ID) as lease:
                lease.check()

    asyncio.run(scenario())


def test_the_wish_of_a_dead_process_disturbs_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path) as locks, locks.hold(ID) as lease:
            wish = tmp_path / "wanted" / f"{ID}.gone"
            wish.touch()
            long_ago = time.time() - STALE_WISH_SECONDS - 1
            os.utime(wish, (long_ago, long_ago))
            async with asyncio.timeout(PATIENCE):
                while wish.exists():  # noqa: ASYNC110 - another task removes the file
                    await asyncio.sleep(0.01)
            assert not lease.wanted

    asyncio.run(scenario())


def test_uploads_do_not_wait_for_each_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path) as locks, locks.hold(ID), locks.hold("1" * 32) as other:
            other.check()

    asyncio.run(scenario())


def test_a_lock_on_a_removed_file_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between our open and our lock somebody may remove the file."""
    path, lock, locked = tmp_path / LOCK_FILE, fcntl.fcntl, []

    def late(descriptor: int, how: int, request: bytes) -> object:
        if not locked:
            path.unlink()
        locked.append(descriptor)
        return lock(descriptor, how, request)

    monkeypatch.setattr(fcntl, "fcntl", late)
    files = LockFiles(tmp_path)
    place = files.lock(ID)
    assert len(locked) == 2
    assert place is not None
    assert place.is_ours()
    files.close()


def test_when_wanted_is_told_at_once_if_it_is_late() -> None:
    told: list[bool] = []
    lease = Locks(None, Crew(1, "test")).hold(ID)
    lease.want()
    lease.when_wanted(lambda: told.append(True))
    assert told == [True]


def test_nobody_gets_in_between_a_release_and_the_next(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path) as locks:
            holders: list[str] = []
            together: list[list[str]] = []

            async def hold(name: str) -> None:
                async with locks.hold(ID) as lease:
                    wanted = asyncio.Event()
                    holders.append(name)
                    together.append(list(holders))
                    lease.when_wanted(wanted.set)
                    if name == "second":
                        await wanted.wait()
                    holders.remove(name)

            first = locks.hold(ID)
            await first.__aenter__()
            second = asyncio.create_task(hold("second"))
            await asyncio.sleep(0)
            third = asyncio.create_task(hold("third"))
            # Its first step comes before the one in which the second hears of its turn.
            await first.__aexit__(None, None, None)
            await asyncio.gather(second, third)
            assert together == [["second"], ["third"]]
            assert not locks.is_held(ID)

    asyncio.run(scenario())
