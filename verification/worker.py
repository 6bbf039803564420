"""The worker: takes one job after the other, holds its lease while it works, stops without losing it.

A second thread keeps the lease and touches the pulse file while a check runs. SIGTERM lets a short job
finish and makes a long one stop at its next checkpoint and go back. What a killed one held, the next
worker of that machine puts back when it looks around, any other when the lease runs out: every job
bears being run twice.

Next station: `verification.handlers`, what each kind of job does.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from verification import jobs
from verification.db import Sessions
from verification.errors import DomainError, LeaseLost
from verification.models import Job
from verification.pulses import Pulse

log = logging.getLogger(__name__)

TIMER = "timer"
HOUSEKEEPING_SECONDS = 15.0


class Stopping(Exception):
    """The worker is to stop: the job goes back and another worker goes on with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A job that comes back: `every` after it was last done."""

    kind: str
    every: timedelta


class Task:
    """What a handler gets: what the job is about, the time, and where it may be interrupted."""

    def __init__(self, about: str, clock: Callable[[], datetime], stop: threading.Event) -> None:
        self.about = about
        self.lost = threading.Event()
        self._clock = clock
        self._stop = stop

    def now(self) -> datetime:
        """The worker's clock, UTC."""
        return self._clock()

    def checkpoint(self) -> None:
        """Between two transactions of a long job. Raises Stopping, LeaseLost."""
        if self.lost.is_set():
            raise LeaseLost("the job was taken over by another worker")
        if self._stop.is_set():
            raise Stopping


Handler = Callable[[Task], None]


def system_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


class Worker:
    """One worker. `name` is its own in the whole installation, `pulse` its sign of life, of that name."""

    def __init__(
        self,
        sessions: Sessions,
        handlers: Mapping[str, Handler],
        *,
        name: str,
        timers: Sequence[Timer] = (),
        clock: Callable[[], datetime] = system_clock,
        lease_seconds: float = 60.0,
        idle_seconds: float = 0.5,
        pulse: Pulse | None = None,
    ) -> None:
        self._sessions = sessions
        self._handlers = {str(kind): handler for kind, handler in handlers.items()}
        self._name = name
        self._timers = {timer.kind: timer for timer in timers}
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._idle_seconds = idle_seconds
        self._pulse = pulse
        self._round = timedelta(seconds=min(HOUSEKEEPING_SECONDS, lease_seconds))
        self._housekept: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. A failing database is waited out, never died of."""
        while not stop.is_set():
            try:
                busy = self.step(stop)
            except SQLAlchemyError as error:
                log.warning("worker %s: database: %s", self._name, type(error).__name__)
                busy = False
            if not busy:
                stop.wait(self._idle_seconds)

    def step(self, stop: threading.Event) -> bool:
        """Do one job if there is one; False: there was nothing to do."""
        self._beat()
        self._keep_house()
        with self._sessions.read() as session:
            if not jobs.any_ready(session, self._clock(), self._handlers):
                return False
        with self._sessions.begin() as session:
            job = jobs.lease(
                session, self._name, self._clock(), self._lease_seconds, self._handlers
            )
        if job is None:
            return False
        self._work(job, stop)
        return True

    def _work(self, job: Job, stop: threading.Event) -> None:
        task = Task(job.about, self._clock, stop)
        try:
            with self._holding(job, task):
                self._handlers[job.kind](task)
        except Stopping:
            self._settle(job, lambda s: jobs.put_back(s, job, self._name, self._clock()))
        except jobs.NotYet as error:
            ready_at = self._clock() + timedelta(seconds=error.seconds)
            self._settle(job, lambda s: jobs.put_back(s, job, self._name, ready_at))
        except LeaseLost:
            log.warning("worker %s: lost %s %s", self._name, job.kind, job.about)
        except Exception as error:  # noqa: BLE001 - whatever a handler meets, the worker goes on
            self._failed(job, error)
        else:
            self._settle(job, lambda s: self._done(s, job))

    def _done(self, session: Session, job: Job) -> None:
        now = self._clock()
        jobs.complete(session, job, self._name, now)
        timer = self._timers.get(job.kind)
        if timer is not None and job.about == TIMER:
            jobs.enqueue(session, timer.kind, TIMER, now, ready_at=now + timer.every)

    def _failed(self, job: Job, error: Exception) -> None:
        # Messages of libraries quote what they were given, and that may be a person's data:
        # only our own refusals are written out.
        what = type(error).__name__
        if isinstance(error, DomainError):
            what = f"{what}: {error}"
        log.error("worker %s: %s %s failed: %s", self._name, job.kind, job.about, what)
        self._settle(job, lambda s: jobs.fail(s, job, self._name, self._clock(), what))

    def _settle(self, job: Job, settle: Callable[[Session], None]) -> None:
        try:
            with self._sessions.begin() as session:
                settle(session)
        except LeaseLost:
            log.warning("worker %s: lost %s %s", self._name, job.kind, job.about)

    @contextmanager
    def _holding(self, job: Job, task: Task) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(
            target=self._hold, args=(job, task, over), name="lease", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _hold(self, job: Job, task: Task, over: threading.Event) -> None:
        while not over.wait(self._lease_seconds / 3):
            self._beat()
            try:
                with self._sessions.begin() as session:
                    jobs.extend(session, job, self._name, self._clock(), self._lease_seconds)
            except LeaseLost:
                task.lost.set()
                return
            except SQLAlchemyError as error:
                log.warning("worker %s: lease: %s", self._name, type(error).__name__)

    def _keep_house(self) -> None:
        now = self._clock()
        since = None if self._housekept is None else now - self._housekept
        # A clock set back makes `since` negative; then it is time as well.
        if since is not None and timedelta(0) <= since < self._round:
            return
        self._housekept = now
        with self._departed() as departed, self._sessions.begin() as session:
            jobs.release_expired(session, now, departed)
            for timer in self._timers.values():
                first = now if since is None else now + timer.every
                jobs.enqueue(session, timer.kind, TIMER, now, ready_at=first)

    def _departed(self) -> AbstractContextManager[Sequence[str]]:
        return nullcontext(()) if self._pulse is None else self._pulse.departed()

    def _beat(self) -> None:
        if self._pulse is not None:
            self._pulse.beat()


def run_until_signalled(worker: Worker) -> None:
    """Run in the main thread until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker.run(stop)
