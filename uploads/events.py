"""One log line for each upload that finished and each body that ended early: id, bytes, seconds, ending.

No file name, no key, no person. The facts are the `facts` of the log record, so that whoever configures
logging decides how they look (`portal/process_logs.py`: JSON).

Next station: whoever reads the logs; the sums of them are in `uploads/counters.py`.
"""

import logging

from uploads.policy import Arrival

log = logging.getLogger(__name__)


def finished(arrival: Arrival) -> None:
    """The last byte is there; `seconds` since the upload was created."""
    seconds = (arrival.finished_at - arrival.created_at).total_seconds()
    _say("upload finished", arrival.upload_id, arrival.size, seconds, "finished")


def interrupted(upload_id: str, stored: int, seconds: float, ending: str) -> None:
    """A body of `seconds` ended early with code `ending`; `stored` bytes of it are kept."""
    _say("upload interrupted", upload_id, stored, seconds, ending)


def _say(event: str, upload_id: str, size: int, seconds: float, ending: str) -> None:
    facts = {"file": upload_id, "bytes": size, "seconds": round(seconds, 3), "ending": ending}
    log.info(event, extra={"facts": facts})
