"""Run tus-js-client as it is, under node, on one file."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.contracts.tus_process import CHECKOUT
from tests.patience import PATIENCE

SCRIPT = Path(__file__).with_name("tusjs.mjs")


def tusjs(
    endpoint: str, file: Path, chunk: int, mode: str, options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What the script reports. `chunk` 0 is one request for the whole file; `options` as the library's."""
    node = shutil.which("node")
    assert node, "node is missing: run `make test`, which installs it"
    package = CHECKOUT / "node_modules" / "tus-js-client"
    assert package.is_dir(), "node_modules/tus-js-client is missing: run `make test` first"
    done = subprocess.run(
        [node, str(SCRIPT), endpoint, str(file), str(chunk), mode],
        capture_output=True, text=True, timeout=2 * PATIENCE, check=False,
        env=os.environ
        | {"TUSJS_FROM": str(CHECKOUT / "package.json"), "TUSJS_OPTIONS": json.dumps(options or {})},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report
