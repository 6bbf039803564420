"""argon2id behind a semaphore: a crowd signing in cannot take the machine's memory.

19 MiB, 2 passes, 1 lane: the first of OWASP's equal choices, about 25 ms here.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.refusals import Busy, WeakPassword

MEMORY_KIB = 19 * 1024
AT_ONCE = 4
WAIT_SECONDS = 5.0
SHORTEST = 12
LONGEST = 200

# The commonest words people build passwords from; a longer list belongs to a breach service.
_COMMON = (
    "password", "passw0rd", "qwerty", "asdfgh", "zxcvbn", "letmein", "welcome", "iloveyou",
    "abc123", "123abc", "admin", "rahasia", "katasandi", "sandi", "indonesia", "merdeka",
    "garuda", "bismillah", "sayang", "pemilu", "sipol", "partai", "jakarta", "bandung",
    "selamat", "administrator", "verifikator", "koordinator", "operator",
)  # fmt: skip


class Passwords:
    """Makes and checks password hashes, at most `at_once` of them at a time (19 MiB each)."""

    def __init__(self, *, at_once: int = AT_ONCE, wait_seconds: float = WAIT_SECONDS) -> None:
        self._hasher = _hasher()
        self._turns = threading.BoundedSemaphore(at_once)
        # Memory given back stays with the thread that had it: 19 MiB with each that serves pages.
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="passwords")
        self._wait = wait_seconds
        # Checked when there is no such login: the answer must not come sooner.
        self._nobody = _nobody()

    def hash(self, password: str, *, login: str) -> str:
        """The hash of a new password. Raises WeakPassword, Busy."""
        refuse_weak(password, login=login)
        with self._turn():
            return self._threads.submit(self._hasher.hash, password).result()

    def check(self, stored: str | None, password: str) -> bool:
        """Whether the password fits; `None` (no such login) costs the same time. Raises Busy."""
        with self._turn():
            given = stored or self._nobody, password[:LONGEST]
            try:
                fits = self._threads.submit(self._hasher.verify, *given).result()
            except (VerificationError, InvalidHashError):
                return False
            return fits and stored is not None

    def _turn(self) -> _Turn:
        return _Turn(self._turns, self._wait)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=MEMORY_KIB, parallelism=1)


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")


class _Turn:
    """One place in the semaphore, or Busy after the wait."""

    def __init__(self, turns: threading.BoundedSemaphore, wait: float) -> None:
        self._turns = turns
        self._wait = wait

    def __enter__(self) -> None:
        if not self._turns.acquire(timeout=self._wait):
            raise Busy("all places for password checks are taken")

    def __exit__(self, *_: object) -> None:
        self._turns.release()


def refuse_weak(password: str, *, login: str) -> None:
    """Raise WeakPassword: too short, one character's repetition, or common words and digits."""
    folded = password.casefold()
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword("length")
    if len(set(folded)) < 5:
        raise WeakPassword("repetition")
    if len(login) >= 4 and login.casefold() in folded:
        raise WeakPassword("holds the login")
    rest = folded
    for word in _COMMON:
        rest = rest.replace(word, "")
    # What is left of "Rahasia-12345678" is digits and marks: nothing a dictionary would not try.
    if len(rest) < len(folded) and not any(c.isalpha() for c in rest):
        raise WeakPassword("common")
    if folded.isdigit() and folded in "01234567890123456789" * 11:
        raise WeakPassword("common")
