"""How tusd is started: reachable through one Unix socket, with nothing on that nobody needs.

Next station: `portal/tusd_process.py` becomes it.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from uploads.tusd.asking import NONCE
from uploads.tusd.hooks import HookAddress


class EngineMissing(Exception):
    """There is no tusd; the sentence says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStart:
    """One tusd over the upload root it is started in. `max_size` in bytes."""

    program: str
    socket: Path
    hooks: HookAddress
    max_size: int

    def command(self) -> tuple[str, ...]:
        """Program and flags; the working directory must be the upload root.

        The folder is named relative to it: tusd writes that name into its descriptions, and a root that
        is moved or restored elsewhere has to stay valid.
        """
        return (
            self.program,
            f"-unix-sock={self.socket}",
            "-upload-dir=data",
            "-base-path=/files/",
            f"-max-size={self.max_size}",
            "-file-perms=0600",
            "-dir-perms=0700",
            f"-hooks-http={self.hooks.url}",
            "-hooks-enabled-events=pre-create,post-finish",
            # The Policy has two seconds; one try, because the client comes again by itself.
            "-hooks-http-timeout=4s",
            "-hooks-http-retry=1",
            f"-hooks-http-size-limit={64 * 1024}",
            f"-hooks-http-forward-headers={NONCE}",
            "-disable-download",
            "-disable-cors",
            "-expose-metrics=false",
            "-expose-pprof=false",
            "-show-greeting=false",
            "-show-startup-logs=false",
            # Its log holds addresses of hooks and texts of errors; the front counts and logs.
            "-verbose=false",
            # The front is asked first and lets go at once; these are for what it cannot see.
            "-acquire-lock-timeout=2s",
            "-filelock-holder-poll-interval=200ms",
            "-filelock-acquirer-poll-interval=100ms",
            "-network-timeout=120s",
            "-request-completion-timeout=5s",
            "-shutdown-timeout=5s",
        )


def program(configured: str, beside: Path) -> str:
    """The tusd to run: the configured one, the one `make tusd` built, or one on the PATH.

    Raises EngineMissing with a sentence for the operator.
    """
    for candidate in [configured] if configured else [str(beside), "tusd"]:
        found = shutil.which(candidate)
        if found is not None:
            # It is started in another folder.
            return str(Path(found).absolute())
    if configured:
        raise EngineMissing(f"SIPOL_TUSD: {configured} tidak dapat dijalankan")
    raise EngineMissing(
        "SIPOL_UPLOADS=tusd memerlukan program tusd 2.10. Jalankan `make tusd` untuk membangunnya, "
        "atau tunjuk program yang ada dengan SIPOL_TUSD=/jalan/ke/tusd."
    )
