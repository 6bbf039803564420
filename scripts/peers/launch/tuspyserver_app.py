"""tuspyserver in FastAPI on uvicorn: tuspyserver_app.py SOCKET FOLDER."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from tuspyserver import create_tus_router

if __name__ == "__main__":
    socket, folder = sys.argv[1:]
    app = FastAPI()
    app.include_router(create_tus_router(prefix="files", files_dir=folder))
    uvicorn.run(
        app, uds=socket, loop="uvloop", http="httptools", log_level="error", access_log=False,
        backlog=4096, timeout_keep_alive=75,
    )  # fmt: skip
