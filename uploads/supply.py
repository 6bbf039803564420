"""What all bodies of one process share: large buffers, one buffer as everybody's guest, and a clock.

A process with ten thousand slow bodies cannot give each a buffer or a timer. So every body receives into
one guest buffer first, and takes it over only when a lot came at once; and one timer looks after all.

Next station: `uploads/body.py`.
"""

import asyncio
import time
from typing import Protocol

from uploads.buffers import HELD_BUDGET, LEAST_HELD, MOST_HELD, Pool

AGE_SECONDS = 2.0
"""A byte waits this long at most for others before it is written."""
STALL_SECONDS = 90.0
STEPS_PER_AGE = 100
"""Often enough that what became old is written in small handfuls, not all at one moment."""
FIRST_AGE = 0.125
"""Of `age`: after this part of it a body on a patient line is seen to be slow."""
STALL_CHECKS = 10


class Waiting(Protocol):
    """A body whose reader waits."""

    def ripen(self, now: float) -> float | None:
        """Hand out what is old, or wake a line that dozed; when to look again if it is too early."""
        ...

    def check_stall(self, since: float) -> None:
        """Give up if nothing came after `since`."""
        ...


class Supply:
    """Shared by the bodies of one event loop. Times in seconds of the monotonic clock."""

    def __init__(
        self, *, age: float = AGE_SECONDS, stall: float = STALL_SECONDS, pool: Pool | None = None
    ) -> None:
        self.age = age
        self.pool = pool or Pool()
        self._guest: memoryview | None = None
        self._stall = stall
        self._step = min(age, stall) / STEPS_PER_AGE
        self._next_stall_check = 0.0
        self._waiting: dict[Waiting, None] = {}
        self._ripening: dict[int, list[Waiting]] = {}
        self._looked = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def guest(self) -> memoryview:
        """The buffer for whatever comes next; its content is safe only until the next read of a socket."""
        if self._guest is None:
            self._guest = self.pool.take()
            assert self._guest is not None, "the pool lends to nobody before"
        return self._guest

    def adopt_guest(self) -> memoryview | None:
        """The guest buffer with its content, which is the caller's from now on; None when none is left."""
        guest, following = self.guest, self.pool.take()
        if following is None:
            return None
        self._guest = following
        return guest

    @property
    def share(self) -> int:
        """Bytes a slow body may hold."""
        return max(LEAST_HELD, min(MOST_HELD, HELD_BUDGET // (len(self._waiting) or 1)))

    def watch(self, body: Waiting) -> None:
        """A reader waits: watch that something comes."""
        self._waiting[body] = None
        if self._timer is None:
            self._looked = int(time.monotonic() / self._step)
            self._next_stall_check = time.monotonic() + self._stall / STALL_CHECKS
            self._wind()

    def unwatch(self, body: Waiting) -> None:
        self._waiting.pop(body, None)

    def ripen_at(self, moment: float, body: Waiting) -> None:
        """Look at the body at `moment`, or a step later."""
        if self._timer is None:
            self._looked = int(time.monotonic() / self._step)
            self._wind()
        step = max(int(moment / self._step), self._looked) + 1
        self._ripening.setdefault(step, []).append(body)

    def _wind(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._step, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        before, self._looked = self._looked, int(now / self._step)
        for step in range(before + 1, self._looked + 1):
            for body in self._ripening.pop(step, ()):
                again = body.ripen(now)
                if again is not None:
                    self.ripen_at(again, body)
        if now >= self._next_stall_check:
            self._next_stall_check = now + self._stall / STALL_CHECKS
            for body in list(self._waiting):
                body.check_stall(now - self._stall)
            self.pool.trim()
        if self._waiting or self._ripening:
            self._wind()
        else:
            self._timer = None
