"""One worker: what it holds, and when it begins. It has no door; work comes to it as jobs.

It holds the receipt key and the field keys, and parses foreign files behind walls only; when those
do not stand it does not begin (configuration `sandbox`).

Next station: `verification/worker.py` takes the jobs, `verification/handlers.py` does them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from portal.config import Config
from portal.early import EVERY as LOOK_EARLY_EVERY
from portal.early import EarlyLooks
from portal.intake import PortalPolicy
from portal.keys import KeyStore
from portal.reconcile import Reconciler
from uploads.shelf import Shelf
from verification.db import Sessions
from verification.handlers import TIMERS, handlers
from verification.jobs import JobKind
from verification.pulses import Pulse
from verification.sandbox.launcher import Bubblewrap, Sandbox, Unwalled
from verification.signing import Signer
from verification.tools import Tools, sandbox_waits
from verification.worker import Handler, Task, Timer, Worker

log = logging.getLogger(__name__)

RECONCILE_EVERY = timedelta(seconds=15)


def worker_of(config: Config, sessions: Sessions, sandbox: Sandbox, pulse: Pulse) -> Worker:
    """A worker wired to this installation. Raises KeyMissing when `sipol init` has not been run."""
    keys = KeyStore(config.keys_dir)
    shelf = Shelf(config.upload_root)
    tools = Tools(
        sessions=sessions,
        shelf=shelf,
        derived=config.derived_dir,
        scratch=config.tmp_dir,
        sandbox=sandbox,
        field_keys=keys.field_keys(),
        signer=Signer(key=keys.receipt_key(), issuer=config.issuer),
    )
    return Worker(
        sessions,
        handlers(tools, portal_handlers(config, sessions, shelf, sandbox)),
        name=pulse.name,
        timers=(
            *TIMERS,
            Timer(kind=JobKind.RECONCILE, every=RECONCILE_EVERY),
            Timer(kind=JobKind.LOOK_EARLY, every=LOOK_EARLY_EVERY),
        ),
        pulse=pulse,
    )


def portal_handlers(
    config: Config, sessions: Sessions, shelf: Shelf, sandbox: Sandbox
) -> Mapping[str, Handler]:
    """The jobs that only the portal can do: they call the Policy, or look at open uploads."""
    policy = PortalPolicy(sessions, config)
    reconciler = Reconciler(shelf, sessions, policy)

    def reconcile(_task: Task) -> None:
        done = reconciler.run()
        if done.recorded or done.released or done.failed:
            log.info(
                "reconciled: %d recorded, %d released, %d failed",
                done.recorded,
                done.released,
                done.failed,
            )

    looks = EarlyLooks(sessions, shelf, sandbox, config.tmp_dir)

    def look_early(task: Task) -> None:
        with sandbox_waits():
            looks.run(task)

    return {JobKind.RECONCILE: reconcile, JobKind.LOOK_EARLY: look_early}


def sandbox_of(config: Config) -> Sandbox:
    """The walls the configuration asks for, each tried from inside. Raises SandboxUnavailable."""
    if config.sandbox == "development":
        log.warning("foreign files are parsed without walls: for development only")
        return Unwalled()
    walls = Bubblewrap()
    walls.verify(hidden=(config.keys_dir, config.upload_root))
    return walls
