"""A test run that will be killed: `python killed_run.py SEEDED` starts the tree and says where."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from tests.stack import Stack

stack = Stack(Path(sys.argv[1]))
stack.start()
sys.stdout.write(f"{stack.home}\n")
sys.stdout.flush()
threading.Event().wait()
