"""One upload process: the tus server over its shards, with the portal's Policy beside it.

Started by `sipol up` once for each `SIPOL_UPLOAD_INDEX`, as

    granian --interface asgi --factory portal.uploads_process:app …

It loads the key of the capability URLs and no other, and it imports no Flask: restarting the portal
never touches an upload in flight.

Next station: `uploads/asgi.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from portal import process_logs
from portal.config import Config, ConfigurationError
from portal.intake import PortalPolicy
from portal.keys import KeyStore
from uploads.asgi import Application, application
from uploads.filestore import FileStore
from uploads.server import UploadServer
from verification.db import Sessions, make_engine

INDEX = "SIPOL_UPLOAD_INDEX"
POLICY_THREADS = 8
HASH_THREADS = 2
PRIVATE = 0o077


def app() -> Application:
    """The ASGI application of the process that the environment describes."""
    os.umask(PRIVATE)
    config = Config.load(os.environ)
    process_logs.configure(config.log_level)
    # Every thread that may ask the database gets a connection without waiting for another's.
    engine = make_engine(config.database_url, pool_size=POLICY_THREADS + HASH_THREADS)
    return application(server_of(config, index_in(os.environ, config), Sessions(engine)))


def server_of(config: Config, index: int, sessions: Sessions) -> UploadServer:
    """The server of upload process `index`. Raises KeyMissing when `sipol init` has not been run."""
    return UploadServer(
        store=FileStore(config.upload_root, headroom=config.disk_headroom),
        secret=KeyStore(config.keys_dir).upload_secret(),
        policy=PortalPolicy(sessions, config),
        shards=config.shards_of(index),
        max_size=config.max_upload_size,
        policy_threads=POLICY_THREADS,
        hash_threads=HASH_THREADS,
    )


def index_in(environ: Mapping[str, str], config: Config) -> int:
    """Which of the upload processes this is. Raises ConfigurationError."""
    text = environ.get(INDEX, "")
    if not text.isascii() or not text.isdigit() or int(text) >= config.upload_processes:
        raise ConfigurationError(f"{INDEX}: 0 to {config.upload_processes - 1}")
    return int(text)
