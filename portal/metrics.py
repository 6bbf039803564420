"""`/metrics` for the machine's own listener: a Unix socket in the run directory that nginx does not know.

Each portal process answers for itself; what is counted in the database is read when somebody asks.
"""

from __future__ import annotations

import atexit
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingMixIn, UnixStreamServer

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from portal.models import Reservation
from portal.upload_figures import gathered
from portal.wiring import Services
from verification import jobs

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REGISTRY = CollectorRegistry()
# Labels are routes, statuses and methods: nothing that somebody could type.
REQUESTS = Counter(
    "sipol_portal_requests", "Answered requests.", ("route", "method", "status"), registry=REGISTRY
)
SECONDS = Histogram(
    "sipol_portal_request_seconds",
    "Time to answer.",
    ("route",),
    buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10),
    registry=REGISTRY,
)


def install(app: Flask) -> None:
    """Count every answer."""
    app.after_request(_count)


def _count(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else "-"
    REQUESTS.labels(route, request.method, str(response.status_code)).inc()
    if "started" in g:
        SECONDS.labels(route).observe(time.perf_counter() - g.started)
    return response


class _FromDatabase:
    """Work that waits, and uploads that are open: read at the moment of the question."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        work = GaugeMetricFamily("sipol_jobs", "Jobs not done.", labels=("kind", "state"))
        uploads = GaugeMetricFamily("sipol_open_uploads", "Uploads begun and not ended.")
        with suppress(SQLAlchemyError), self._services.sessions.read() as session:
            for (kind, state), number in jobs.counts(session).items():
                work.add_metric((kind, state), number)
            opened = session.scalar(select(func.count()).select_from(Reservation))
            uploads.add_metric((), opened or 0)
        yield work
        yield uploads


class _FromUploads:
    """The figures of the upload processes, each with its number."""

    def __init__(self, services: Services) -> None:
        self._config = services.config

    def collect(self) -> Iterator[Metric]:
        yield from gathered(self._config)


class _Answer(StreamRequestHandler):
    """Whatever is asked on this socket, the figures are the answer."""

    server: MetricsServer

    def handle(self) -> None:
        while self.rfile.readline(8192).strip():
            continue
        body = generate_latest(self.server.registry)
        head = f"HTTP/1.0 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}"
        self.wfile.write(f"{head}\r\n\r\n".encode() + body)


class MetricsServer(ThreadingMixIn, UnixStreamServer):
    """Answers on a Unix socket (0600) until `close`."""

    daemon_threads = True

    def __init__(self, path: Path, services: Services) -> None:
        path.unlink(missing_ok=True)
        self.registry = CollectorRegistry()
        self.registry.register(REGISTRY)
        self.registry.register(_FromDatabase(services))
        self.registry.register(_FromUploads(services))
        self.path = path
        super().__init__(str(path), _Answer)
        path.chmod(0o600)
        self._thread = threading.Thread(target=self.serve_forever, name="metrics", daemon=True)

    def start(self) -> MetricsServer:
        """Serve in a thread of its own."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop serving and take the socket away."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        self.path.unlink(missing_ok=True)


def serve(services: Services) -> MetricsServer:
    """Serve this process's figures at `run/metrics-<pid>.sock` until the process ends."""
    folder = services.config.run_dir
    for old in folder.glob("metrics-*.sock"):
        if not Path(f"/proc/{old.stem.removeprefix('metrics-')}").exists():
            old.unlink(missing_ok=True)  # left behind by a process that was killed
    server = MetricsServer(folder / f"metrics-{os.getpid()}.sock", services).start()
    atexit.register(server.close)
    return server


def scrape(path: Path) -> str:
    """What the socket answers; for `sipol` itself and for tests."""
    pieces: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        while piece := client.recv(65536):
            pieces.append(piece)
    return b"".join(pieces).decode()
