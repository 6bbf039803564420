"""resumable-upload on uvicorn, with its SQLite store: resumable_upload_app.py SOCKET FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from resumable_upload import SQLiteStorage, TusServer
from resumable_upload.asgi import TusASGIApp

if __name__ == "__main__":
    socket, folder = sys.argv[1:]
    store = SQLiteStorage(db_path=str(Path(folder) / "uploads.db"), upload_dir=folder)
    uvicorn.run(
        TusASGIApp(TusServer(storage=store, base_path="/files")),
        uds=socket, loop="uvloop", http="httptools", log_level="error", access_log=False,
        backlog=4096, timeout_keep_alive=75,
    )  # fmt: skip
