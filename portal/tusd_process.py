"""One tusd behind one upload process: clear what the last one left, then become it.

Started by `sipol up` when `SIPOL_UPLOADS=tusd`, once for each `SIPOL_UPLOAD_INDEX`, beside the upload
process of the same number, which alone speaks to it.

Next station: tusd, as `uploads/tusd/engine.py` starts it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from portal.config import Config, ConfigurationError
from portal.upload_slot import hooks_in, index_in
from uploads.tusd.engine import EngineMissing, EngineStart, program
from uploads.tusd.upkeep import clear_locks

BUILT = Path(__file__).resolve().parent.parent / ".tools" / "tusd"


def find(config: Config) -> str:
    """The tusd to run. Raises EngineMissing, whose sentence is for the operator."""
    return program(config.tusd, BUILT)


def main() -> None:
    """Replace this process by tusd."""
    os.umask(0o077)
    config = Config.load(os.environ)
    index = index_in(os.environ, config)
    start = EngineStart(
        program=find(config),
        socket=config.engine_socket(index),
        hooks=hooks_in(os.environ),
        max_size=config.max_upload_size,
    )
    (config.upload_root / "data").mkdir(parents=True, exist_ok=True)
    clear_locks(config.upload_root, config.shards_of(index))
    os.chdir(config.upload_root)
    command = start.command()
    # Two lines for every request, which our own process logs already; what it dies of goes to stderr.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    # No variable of ours: tusd reads proxies and certificates from there, and needs neither.
    os.execve(command[0], command, {"PATH": os.defpath})  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    try:
        main()
    except (ConfigurationError, EngineMissing) as error:
        sys.exit(str(error))
