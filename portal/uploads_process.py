"""One upload process: the tus server over its shards, with the portal's Policy beside it.

Started by `sipol up` once for each `SIPOL_UPLOAD_INDEX`, as

    python -m portal.uploads_process

It loads the key of the capability URLs and no other, and it imports no Flask: restarting the portal
never touches an upload in flight.

Next station: `uploads/receiver/service.py`.
"""

from __future__ import annotations

import os
from typing import Any

from portal import process_logs
from portal.config import Config
from portal.intake import PortalPolicy
from portal.keys import KeyStore
from portal.upload_slot import hooks_in, index_in
from uploads.exposition import Exposed, disk_levels
from uploads.handler import Handler
from uploads.packing import PackingStore
from uploads.receiver import serve
from uploads.server import UploadServer
from uploads.space import Space
from uploads.tusd.hooks import HookAddress
from uploads.tusd.operations import EngineOperations
from verification.db import Sessions, make_engine

POLICY_CONNECTIONS = 3
"""One for those who are judged, one for those who are recorded, one for what ends."""
HASH_THREADS = 2
PRIVATE = 0o077


def main() -> None:
    """Serve as the environment says, until SIGTERM."""
    config = Config.load(os.environ)
    serve(handler(), path=config.upload_socket(index_in(os.environ, config)))


def handler() -> Handler:
    """What the process that the environment describes answers with; its files are nobody else's."""
    os.umask(PRIVATE)
    config = Config.load(os.environ)
    process_logs.configure(config.log_level)
    engine = make_engine(config.database_url, pool_size=POLICY_CONNECTIONS)
    index, sessions = index_in(os.environ, config), Sessions(engine)
    if config.uploads == "tusd":
        return exposed(config, front_of(config, index, sessions, hooks_in(os.environ)))
    return exposed(config, server_of(config, index, sessions))


def exposed(config: Config, server: UploadServer) -> Handler:
    """The server with the figures of its process beside it, for the portal's `/metrics`."""
    promised = Space(config.upload_root).promised
    levels = disk_levels(config.upload_root, lambda: float(promised()))
    levels["open"] = lambda: float(server.expiry.open_count)
    return Exposed(server, server.counters, levels)


def server_of(config: Config, index: int, sessions: Sessions) -> UploadServer:
    """The server of upload process `index`. Raises KeyMissing when `sipol init` has not been run."""
    return UploadServer(**_common(config, index, sessions))


def front_of(config: Config, index: int, sessions: Sessions, hooks: HookAddress) -> UploadServer:
    """The same server with tusd as the one who stores the bytes. Raises KeyMissing."""
    return UploadServer(
        engine=EngineOperations,
        socket=config.engine_socket(index),
        hooks=hooks,
        **_common(config, index, sessions),
    )


def _common(config: Config, index: int, sessions: Sessions) -> dict[str, Any]:
    return {
        "store": PackingStore(config.upload_root, headroom=config.disk_headroom),
        "secret": KeyStore(config.keys_dir).upload_secret(),
        "policy": PortalPolicy(sessions, config),
        "shards": config.shards_of(index),
        "max_size": config.max_upload_size,
        "hash_threads": HASH_THREADS,
    }


if __name__ == "__main__":
    main()
