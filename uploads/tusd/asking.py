"""A creation between the request that wants it, tusd that asks about it, and the Policy that decides.

tusd's pre-create hook comes back to the process that sent it the creation. What is asked for is the
request that waits here, not what the hook says: a nonce that is in no log and on no command line leads
from one to the other, so that nobody else on this machine can ask, whatever else they know.

Next station: `uploads/creation.py` asks the Policy; tusd writes what it is told.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Iterator
from typing import Any

from uploads.creation import Creation, Wanted
from uploads.description import to_info
from uploads.errors import PolicyUnavailable, Refusal, StoreTrouble
from uploads.model import Upload
from uploads.replies import refused

NONCE = "X-Sipol-Creation"


class Asked:
    """One creation that waits for leave."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.nonce = secrets.token_hex(16)
        self.decided: asyncio.Future[Upload] = asyncio.get_running_loop().create_future()
        """The upload that may be; a Refusal when it may not."""
        self.decided.add_done_callback(lambda done: done.cancelled() or done.exception())

    def decide(self, what: Upload | Refusal) -> None:
        """Leave or a refusal; quiet when nobody waits any more."""
        if self.decided.done():
            return
        if isinstance(what, Refusal):
            self.decided.set_exception(what)
        else:
            self.decided.set_result(what)

    @property
    def granted(self) -> Upload | None:
        """The upload, once there is leave."""
        done = self.decided.done() and not self.decided.cancelled()
        return self.decided.result() if done and self.decided.exception() is None else None

    @property
    def refusal(self) -> Refusal | None:
        """The Policy's no, or ours."""
        if not self.decided.done() or self.decided.cancelled():
            return None
        error = self.decided.exception()
        return error if isinstance(error, Refusal) else None


class Desk:
    """The creations of one process that wait for leave. One event loop."""

    def __init__(self, creation: Creation) -> None:
        self._creation = creation
        self._waiting: dict[str, Asked] = {}

    @contextlib.contextmanager
    def wait(self, wanted: Wanted) -> Iterator[Asked]:
        """While the block lasts tusd may ask for this creation, once."""
        asked = Asked(wanted)
        self._waiting[asked.nonce] = asked
        try:
            yield asked
        finally:
            self._waiting.pop(asked.nonce, None)
            asked.decided.cancel()  # nothing happens when it is decided

    async def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        """What tusd's pre-create hook is told: 200 in any case, with leave or with a refusal."""
        asked = self._asked_in(event)
        if asked is None:
            return _rejection(StoreTrouble("nobody waits for this creation"))
        try:
            upload = await self._creation.permit(asked.wanted)
        except Refusal as refusal:
            asked.decide(refusal)
            return _rejection(refusal)
        except BaseException:
            asked.decide(PolicyUnavailable())
            raise
        if asked.decided.cancelled() or not _is_the_same(upload, event["Upload"]):
            self._creation.give_up(upload.upload_id)
            unwanted = StoreTrouble("nobody waits for it any more, or it is another one")
            asked.decide(unwanted)
            return _rejection(unwanted)
        asked.decide(upload)
        info = json.loads(to_info(upload))
        return {"ChangeFileInfo": {"ID": upload.upload_id, "MetaData": info["MetaData"]}}

    def _asked_in(self, event: dict[str, Any]) -> Asked | None:
        """Who waits for the creation a hook asks for; a nonce is good for one question."""
        values = event["HTTPRequest"]["Header"].get(NONCE, [])
        return self._waiting.pop(values[0], None) if values else None


def _is_the_same(upload: Upload, said: dict[str, Any]) -> bool:
    """Whether tusd is about to create what was granted: the size, and no length left open."""
    return bool(
        not said["SizeIsDeferred"]
        and said["Size"] == upload.length
        and said["IsPartial"] == upload.partial
        and tuple(said["PartialUploads"] or ()) == upload.parts
    )


def _rejection(refusal: Refusal) -> dict[str, Any]:
    reply = refused("POST", refusal)
    return {
        "RejectUpload": True,
        "HTTPResponse": {
            "StatusCode": reply.status,
            "Body": reply.body.decode(),
            "Header": dict(reply.headers),
        },
    }
