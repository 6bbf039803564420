"""A test run that will be killed: `python -m tests.contracts.killed_run FOLDER` starts every stand."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from tests import tus_stand
from tests.contracts.tus_edge import SHARDS, BehindNginx
from tests.edge_stand import EdgeStand

folder = Path(sys.argv[1])
edge = EdgeStand(processes=len(SHARDS)).__enter__()
BehindNginx(folder / "behind", edge.config.upload_socket(0), SHARDS[0]).start()
tus_stand.TusProcess(folder / "tus").start()
sys.stdout.write(f"{edge.home}\n")
sys.stdout.flush()
threading.Event().wait()
