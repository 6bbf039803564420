"""`sipol worker`: does the jobs until SIGTERM; a long one stops at its next checkpoint and goes back.

Next station: `portal/worker_process.py`.
"""

from __future__ import annotations

import os

import click

# A worker is one core's: a second thread of polars waits by looking for work, a tenth more CPU for
# each list, and more cores take more workers. polars reads this once, when it is imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

from portal import process_logs  # after the setting, not before
from portal.cli.installation import configuration, database, refusals
from portal.worker_process import sandbox_of, worker_of
from verification.niceness import begin_soon
from verification.pulses import pulse_in
from verification.sandbox.launcher import SandboxUnavailable
from verification.worker import run_until_signalled


@click.command()
def worker() -> None:
    """Periksa berkas, impor daftar anggota, terbitkan tanda terima, sampai dihentikan.

    Check files, import member lists, issue receipts, until stopped.
    """
    begin_soon()
    config = configuration()
    process_logs.configure(config.log_level)
    try:
        sandbox = sandbox_of(config)
    except SandboxUnavailable as error:
        raise click.ClickException(
            f"berkas asing tidak dapat diperiksa dengan aman di mesin ini: {error}. Pasang "
            "bubblewrap, atau SIPOL_SANDBOX=development untuk mencoba-coba."
        ) from None
    with database(config) as sessions, refusals(), pulse_in(config.run_dir) as pulse:
        run_until_signalled(worker_of(config, sessions, sandbox, pulse))
