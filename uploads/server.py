"""The tus 1.0.0 server: its verbs, read from headers and answered in headers. No web, no storage.

Next station: `uploads/rules.py` says what a request must be like, `uploads/operations.py` does it.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable, Collection, Coroutine, Iterable
from datetime import datetime
from typing import Any

from uploads import reading, rules
from uploads.body import Body
from uploads.capability import PREFIX, id_from_path, path_for
from uploads.errors import MethodNotAllowed, Refusal, Stopping, StoreTrouble, UnknownUpload
from uploads.expiry import SteadyClock
from uploads.headers import prefers_english
from uploads.model import Offer, Reply, Request, Upload
from uploads.operations import Operations
from uploads.packing import PackingStore
from uploads.packing_operations import PackingOperations
from uploads.policy import Policy
from uploads.replies import expires, offered, refused, reply, state_of
from uploads.rules import Asked, RequestRule
from uploads.store import Store, extensions

log = logging.getLogger(__name__)

GIB = 1024**3
STOP_SECONDS = 10.0


class UploadServer:
    """One process's server over one store; `start` before the first request, `stop` after the last.

    `secret`: the key of the capability URLs. `shards`: the first bytes (0–255) of the ids this process
    mints. `max_size`: bytes, for any upload, whatever a Grant allows. `engine` stores the
    bytes, with `settings` of its own; by default the one its store is made for.
    """

    def __init__(
        self,
        *,
        store: Store,
        secret: bytes,
        policy: Policy,
        shards: Collection[int] = range(256),
        max_size: int = 64 * GIB,
        now: Callable[[], datetime] | None = None,
        engine: type[Operations] | None = None,
        **settings: Any,
    ) -> None:
        packs = isinstance(store, PackingStore)
        engine = engine or (PackingOperations if packs else Operations)
        self.operations = engine(
            store=store, policy=policy, shards=shards, now=now or SteadyClock().now, **settings
        )
        self.counters = self.operations.counters
        self.arrivals = self.operations.arrivals
        self.finisher = self.operations.finisher
        self.expiry = self.operations.expiry
        self._secret = secret
        possible = tuple(name for name in extensions(store) if name not in engine.without)
        self._offer = Offer(
            extensions=possible,
            algorithms=("sha1", "sha256") if "checksum" in possible else (),
            max_size=max_size,
        )
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.stopping = False

    async def start(self) -> asyncio.Task[None]:
        """Begin the background work; the task is done when what an earlier process left is taken up."""
        return await self.operations.start()

    async def stop(self) -> None:
        """Keep what every upload in flight has received, answer 503, end the background work."""
        self.interrupt()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._idle.wait()
        await self.operations.stop()

    def interrupt(self) -> None:
        """Let every upload in flight store what it has and end; refuse new ones. At once, no waiting."""
        self.stopping = True
        self.operations.interrupt()

    def handle(self, request: Request, body: Body) -> Coroutine[Any, Any, Reply]:
        """Answer one request; never raises a Refusal. `body` may be left unread.

        What the request says is read at once, so that nothing else of it is kept while its body comes.
        """
        method = request.headers.get("x-http-method-override", request.method).upper()
        self._in_flight += 1
        self._idle.clear()
        try:
            doing = self._read(method, request, body)
        except Exception as error:  # noqa: BLE001 - answered like what goes wrong later
            doing = _fail(error), _removed
        english = prefers_english(request.headers.get("accept-language", ""))
        return self._answer(method, doing, english=english)

    async def _answer(self, method: str, doing: "_Doing", *, english: bool) -> Reply:
        done, said = doing
        try:
            answer = said(await done)
        except Refusal as refusal:
            answer = refused(method, refusal, english=english)
        except Exception as error:  # noqa: BLE001 - the edge: a client is told to come back, not dropped
            # Frames without the message: it may quote a header, and keys and names are in headers.
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("unexpected %s\n%s", type(error).__name__, frames)  # noqa: TRY400
            answer = refused(method, StoreTrouble(), english=english)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()
        self.counters.answers[method, answer.status] += 1
        return answer

    def _read(self, method: str, request: Request, body: Body) -> "_Doing":
        """What is to be done, and how its result is said. Raises a Refusal."""
        if self.stopping:
            raise Stopping
        if method == "OPTIONS":
            return _nothing(), lambda _: offered(self._offer)
        if method == "POST" and request.path in (PREFIX, PREFIX.rstrip("/")):
            return self._post(request, body)
        if method not in rules.BY_METHOD:
            raise MethodNotAllowed
        self._judge(rules.BY_METHOD[method], request)
        upload_id = id_from_path(self._secret, request.path)
        if upload_id is None:
            raise UnknownUpload
        if method == "HEAD":
            return self.operations.look(upload_id), self._looked
        if method == "PATCH":
            return self._patch(request, body, upload_id), _appended
        return self.operations.remove(upload_id), _removed

    def _post(self, request: Request, body: Body) -> "_Doing":
        self._judge(rules.POST, request)
        creating = self.operations.create(
            reading.wanted(request, self._secret),
            body if request.has_body else None,
            reading.checksum(request, body, self._offer),
        )
        return creating, self._filled if request.has_body else self._created

    def _patch(self, request: Request, body: Body, upload_id: str) -> Coroutine[Any, Any, Upload]:
        return self.operations.append(
            upload_id,
            reading.offset(request),
            body,
            length=reading.length(request),
            expected=reading.checksum(request, body, self._offer),
        )

    def _created(self, upload: Upload) -> Reply:
        """Creation, POST: 201 with Location."""
        return reply(201, {"Location": path_for(self._secret, upload.upload_id)} | expires(upload))

    def _filled(self, upload: Upload) -> Reply:
        """Creation With Upload: and how much of a body is stored."""
        fields = {
            "Location": path_for(self._secret, upload.upload_id),
            "Upload-Offset": str(upload.offset),
        }
        return reply(201, fields | expires(upload))

    def _looked(self, upload: Upload) -> Reply:
        """Core, HEAD: 200 with the durable offset."""
        return reply(200, state_of(upload, reading.concat_of(upload, self._secret)))

    def _judge(self, verb: Iterable[RequestRule], request: Request) -> None:
        asked = Asked(request, self._offer)
        for rule in verb:
            rule(asked)


_Doing = tuple[Coroutine[Any, Any, Any], Callable[[Any], Reply]]
"""What is to be awaited, and its result as an answer."""


def _appended(upload: Upload) -> Reply:
    """Core, PATCH: 204 with the new offset, once the bytes are durable."""
    return reply(204, {"Upload-Offset": str(upload.offset)} | expires(upload))


def _removed(_: None) -> Reply:
    """Termination, DELETE: 204, and the upload is gone."""
    return reply(204, {})


async def _nothing() -> None:
    """For a question that nothing is done for."""


async def _fail(error: Exception) -> None:
    """Of this nothing is ever said but the error."""
    raise error
