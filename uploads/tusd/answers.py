"""What tusd answers, in the statuses clients survive: our refusals in place of its words.

tusd puts addresses, paths and errors of the operating system into its answers. None of them leaves here:
its code is matched, its text is not passed on.

Next station: `uploads/replies.py` makes a refusal an answer.
"""

import logging

from uploads.errors import (
    BadHeader,
    LongerThanDeclared,
    Refusal,
    Stopping,
    StoreFull,
    StoreTrouble,
    TooLarge,
    UnknownUpload,
    UploadLocked,
)
from uploads.tusd.client import Answer

log = logging.getLogger(__name__)

FULL = (b"no space left on device", b"disk quota exceeded", b"file too large")
"""How Go says what `uploads.store.FULL` says."""
BY_CODE: dict[bytes, type[Refusal]] = {
    b"ERR_UPLOAD_NOT_FOUND": UnknownUpload,
    b"ERR_UPLOAD_LOCKED": UploadLocked,
    b"ERR_LOCK_TIMEOUT": UploadLocked,
    b"ERR_UPLOAD_INTERRUPTED": UploadLocked,
    b"ERR_UPLOAD_SIZE_EXCEEDED": LongerThanDeclared,
    b"ERR_MAX_SIZE_EXCEEDED": TooLarge,
    b"ERR_SERVER_SHUTDOWN": Stopping,
}
BY_STATUS: dict[int, type[Refusal]] = {
    404: UnknownUpload,
    410: UnknownUpload,
    413: LongerThanDeclared,
    423: UploadLocked,
}


def refusal_in(answer: Answer) -> Refusal:
    """The refusal an answer means that is no success. A 409 is trouble: the offset was judged before."""
    if any(text in answer.body.lower() for text in FULL):
        return StoreFull()
    code = answer.body.partition(b":")[0].strip()
    kind = BY_CODE.get(code) or BY_STATUS.get(answer.status)
    if answer.status >= 500 and kind is None:
        # The last words only: before them stand paths and addresses.
        reason = answer.body.rpartition(b": ")[2].strip()[:60].decode("ascii", "replace")
        log.warning("tusd answered %s: %s", answer.status, reason)
    if kind is None:
        kind = (
            BadHeader
            if answer.status in (400, 415) and code.startswith(b"ERR_IN")
            else StoreTrouble
        )
    return kind()
