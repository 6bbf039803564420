"""The order of a run: every contender in every round, each round beginning with another one.

Contenders alternate in the shortest possible time, so that a machine that becomes slower becomes slower
for all. Of bulk and documents a round more is run first and thrown away.

Next station: `portal/bench/report.py`.
"""

from __future__ import annotations

import math
import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from portal.bench import machine, tasks
from portal.bench.client import ClientFailed, compiled
from portal.bench.contenders import Contender, PeerMissing
from portal.bench.election import DemoElection
from portal.bench.looking_over import WrongFiles
from portal.bench.measuring import Figures, Spoiled, Task, limits, measure
from portal.bench.processes import NotStarted
from portal.bench.stand import Stand

MIB = 1024**2
SPARE_DESCRIPTORS = 200
# A server holds the connection and the file of an upload.
DESCRIPTORS_AN_UPLOAD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is run. `paths`: through nginx (True), direct (False). `folder`: on the disk to be used."""

    contenders: Sequence[Contender]
    tasks: Sequence[Task]
    rounds: int
    paths: Sequence[bool]
    policy: str
    pinned: bool
    folder: Path
    peers: Path
    limit_size: int = 0


@dataclass(slots=True)
class Outcome:
    """What came of it; `faults` are (contender, task, sentence) of what could not be used.

    `ended`: somebody stopped it before the plan was done.
    """

    facts: dict[str, str]
    limits: list[dict[str, Any]] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False


class CannotRun(Exception):
    """This machine does not let the plan be run; the sentence says why."""


def run(plan: Plan, tell: Callable[[str], None]) -> Outcome:
    """Run everything. Raises CompilerMissing, PostgresMissing, CannotRun before it begins."""
    compiled()
    _check_descriptors(plan)
    outcome = Outcome(machine.facts(plan.folder, plan.peers))
    cores = sorted(os.sched_getaffinity(0))
    pinned = plan.pinned and len(cores) > 1
    outcome.facts["cores"] = (
        "client and database on one, server and nginx on another" if pinned else "shared"
    )
    client_core, server_core = (cores[0], cores[1]) if pinned else (None, None)
    plan.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        place = Path(tempfile.mkdtemp(prefix="bench-", dir=plan.folder))
        opened.callback(shutil.rmtree, place, ignore_errors=True)
        election = None
        if plan.policy == "postgresql":
            election = opened.enter_context(DemoElection(place / "election", core=client_core))
        if plan.limit_size:
            tell("physical limits")
            outcome.limits = list(limits(place / "limits", plan.limit_size, client_core))
        turns = _Turns(plan, outcome, place, election, client_core, server_core, tell)
        try:
            for task in plan.tasks:
                turns.take(task)
        except (KeyboardInterrupt, SystemExit):
            outcome.ended = True
    return outcome


@dataclass(slots=True)
class _Turns:
    plan: Plan
    outcome: Outcome
    place: Path
    election: DemoElection | None
    client_core: int | None
    server_core: int | None
    tell: Callable[[str], None]

    def take(self, task: Task) -> None:
        """All rounds of a task."""
        short = task.mode in ("bulk", "documents")
        rounds = self.plan.rounds if short else 1
        discarded = 1 if rounds > 1 else 0
        for through_nginx in self.plan.paths:
            if task.through_nginx_only and not through_nginx:
                continue
            for number in range(rounds + discarded):
                for contender in rotated(self.plan.contenders, number):
                    figures = self._one(contender, task, through_nginx=through_nginx)
                    if figures is not None and number >= discarded:
                        self.outcome.figures.append(figures)

    def _one(self, contender: Contender, task: Task, *, through_nginx: bool) -> Figures | None:
        task = _fitting(task, contender)
        label = f"{task.name}, {'through nginx' if through_nginx else 'direct'}"
        if any(name == contender.name for name, _ in self.outcome.missing):
            return None
        if not contender.own and (contender.name, label) in {f[:2] for f in self.outcome.faults}:
            return None  # it would only cost the same time again
        self.tell(f"{label}: {contender.name}")
        try:
            return self._measured(contender, task, through_nginx=through_nginx)
        except PeerMissing as error:
            self.outcome.missing.append((contender.name, str(error)))
        except (Spoiled, NotStarted, ClientFailed, WrongFiles) as error:
            self.tell(f"  not used: {error}")
            self.outcome.faults.append((contender.name, label, str(error)))
        return None

    def _measured(self, contender: Contender, task: Task, *, through_nginx: bool) -> Figures:
        election = self.election
        headers = (election.authorization,) if election else ()
        recorded = election.recorded() if election else 0
        warm_up = warm_up_of(task)
        with Stand(
            enough_of(contender, task, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
            self.place / "stand",
            through_nginx=through_nginx,
            policy=self.plan.policy,
            settings=election.settings if election else None,
            server_core=self.server_core,
            clients=task.connections + 64,
        ) as stand:
            figures = measure(
                stand,
                task,
                headers=headers,
                warm_up=warm_up,
                client_core=self.client_core,
                database=election.pids if election else list,
            )
        if election and contender.own:
            new = election.recorded() - recorded
            files = sum(one.files for one in (task, *warm_up))
            if new < files:
                raise Spoiled(f"{files} files, but {new} rows in the database")
        return figures


def rotated(contenders: Sequence[Contender], number: int) -> Iterator[Contender]:
    """The contenders in the order of round `number`: each begins once, and every other round backwards."""
    at = number % len(contenders)
    turned = [*contenders[at:], *contenders[:at]]
    return iter(turned if number % 2 == 0 else reversed(turned))


def enough_of(contender: Contender, task: Task, descriptors: int) -> Contender:
    """With as many processes as have the descriptors for this task, `descriptors` each."""
    wanted = task.connections * DESCRIPTORS_AN_UPLOAD
    needed = math.ceil(wanted / max(1, descriptors - SPARE_DESCRIPTORS))
    if descriptors == resource.RLIM_INFINITY or needed <= contender.processes:
        return contender
    if not contender.scales:
        raise Spoiled(f"one process needs {wanted} descriptors, and has {descriptors}")
    return replace(contender, processes=needed)


def warm_up_of(task: Task) -> tuple[Task, ...]:
    """What is sent before, so that nothing is done for the first time while it counts."""
    if task.mode == "documents":
        return (tasks.documents(64, min(8, task.connections), with_body="one POST" in task.name),)
    return (tasks.bulk(8 * MIB, MIB),)


def _fitting(task: Task, contender: Contender) -> Task:
    """A server that stores no body of a creation gets its documents in two requests."""
    if task.mode == "documents" and "one POST" in task.name and not contender.with_body:
        return tasks.documents(task.files, task.connections, with_body=False, size=task.size)
    return task


def _check_descriptors(plan: Plan) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = max((task.connections for task in plan.tasks), default=0)
    if hard != resource.RLIM_INFINITY and most + SPARE_DESCRIPTORS > hard:
        raise CannotRun(f"{most} connections need more descriptors than the {hard} of this machine")
