"""Which of the upload processes this is, and where its engine asks: said by `sipol up` in the environment.

Next station: `portal/uploads_process.py`, and `portal/tusd_process.py` when there is a tusd behind it.
"""

from __future__ import annotations

from collections.abc import Mapping

from portal.config import Config, ConfigurationError
from uploads.tusd.hooks import HookAddress

INDEX = "SIPOL_UPLOAD_INDEX"
HOOKS = "SIPOL_UPLOAD_HOOKS"


def index_in(environ: Mapping[str, str], config: Config) -> int:
    """The number of the upload process. Raises ConfigurationError."""
    text = environ.get(INDEX, "")
    if not text.isascii() or not text.isdigit() or int(text) >= config.upload_processes:
        raise ConfigurationError(f"{INDEX}: 0 to {config.upload_processes - 1}")
    return int(text)


def hooks_in(environ: Mapping[str, str]) -> HookAddress:
    """Where tusd asks this process. Raises ConfigurationError."""
    try:
        return HookAddress.parse(environ.get(HOOKS, ""))
    except ValueError as error:
        raise ConfigurationError(f"{HOOKS}: {error}") from error
