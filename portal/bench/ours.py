"""Our own upload server for the bench, with switches that the product does not have.

Served like the product's own (`portal/uploads_process.py`), with a Policy that lets everybody in or
with the portal's. What it is comes in the environment: the usual SIPOL_* and the switches of
`portal/bench/contenders.py`.

Next station: `uploads/server.py`.
"""

from __future__ import annotations

import cProfile
import io
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import BinaryIO
from unittest.mock import patch

from portal import process_logs
from portal.bench.contenders import DURABLE, HASHED, POLICY, PROFILE
from portal.config import Config
from portal.intake import PortalPolicy
from portal.keys import KeyStore
from portal.upload_slot import index_in
from portal.uploads_process import HASH_THREADS, POLICY_CONNECTIONS, PRIVATE
from uploads import operations
from uploads.hot import HotDigests, Running
from uploads.packing import PackingStore
from uploads.policy import Arrival, Claim, CreateRequest, Grant, Policy
from uploads.receiver import serve
from uploads.server import UploadServer
from verification.db import Sessions, make_engine

_CLAIM = Claim(
    election="bench", party="bench", requirement="bench", region="ID", purpose="document",
    account="0" * 32,
)  # fmt: skip


class Anybody:
    """`uploads.policy.Policy` that lets everybody in and remembers nothing."""

    def may_create(self, requests: Sequence[CreateRequest]) -> list[Grant | Exception]:
        """Whatever they are."""
        grant = Grant(
            owner="system",
            claim=_CLAIM,
            max_size=1 << 50,
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )
        return [grant for _ in requests]

    def declared(self, upload_id: str, length: int) -> None:
        """Nothing was reserved."""

    def finished(self, arrivals: Sequence[Arrival]) -> list[Exception | None]:
        """Nobody waits for them."""
        return [None for _ in arrivals]

    def ended(self, upload_id: str, why: str) -> None:
        """Nothing was reserved."""


class Unread(PackingStore):
    """A store whose finished files are never read again, so that their hash costs nothing."""

    def read(self, upload_id: str) -> BinaryIO:  # noqa: ARG002
        """No bytes."""
        return io.BytesIO()


class NoDigests(HotDigests):
    """Nothing is hashed on the way."""

    def take(self, upload_id: str, offset: int) -> Running | None:  # noqa: ARG002
        """Nothing is known of any upload."""
        return None


def main() -> None:
    """Serve as the environment says, until SIGTERM."""
    os.umask(PRIVATE)
    config = Config.load(os.environ)
    process_logs.configure(config.log_level)
    with ExitStack() as while_serving:
        if os.environ.get(HASHED, "1") != "1":
            while_serving.enter_context(patch.object(operations, "HotDigests", NoDigests))
        if os.environ.get(PROFILE):
            profile = while_serving.enter_context(cProfile.Profile())
            while_serving.callback(profile.dump_stats, f"{os.environ[PROFILE]}.{os.getpid()}")
        server = server_of(config, os.environ)
        serve(server, path=config.upload_socket(index_in(os.environ, config)))


def server_of(config: Config, environ: Mapping[str, str]) -> UploadServer:
    """The server, its switches set."""
    kind = PackingStore if environ.get(HASHED, "1") == "1" else Unread
    return UploadServer(
        store=kind(
            config.upload_root,
            headroom=config.disk_headroom,
            durable=environ.get(DURABLE, "1") == "1",
        ),
        secret=KeyStore(config.keys_dir).upload_secret(),
        policy=_policy(config, environ),
        shards=config.shards_of(index_in(environ, config)),
        max_size=config.max_upload_size,
        hash_threads=HASH_THREADS,
    )


def _policy(config: Config, environ: Mapping[str, str]) -> Policy:
    if environ.get(POLICY, "none") == "none":
        return Anybody()
    engine = make_engine(config.database_url, pool_size=POLICY_CONNECTIONS)
    return PortalPolicy(Sessions(engine), config)


if __name__ == "__main__":
    main()
