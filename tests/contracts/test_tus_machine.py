"""Any order of requests, takeovers, crashes and expiries, against a model of what was acknowledged."""

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tests.unit.uploads.builders import (
    OCTETS,
    Clock,
    Exchange,
    RememberingPolicy,
    an_exchange,
    id_of,
    until,
)
from tests.unit.uploads.forgetful import ForgetfulStore
from uploads import ArrivalLog
from uploads.body import BodyBroken
from uploads.fedbody import FedBody
from uploads.model import Reply

T = TypeVar("T")

LENGTH = st.integers(0, 40)
COUNT = st.integers(0, 50)


@dataclass
class Model:
    """An upload as its client knows it; `told` is the highest offset it was ever told."""

    path: str
    content: bytes
    there: int = 0
    told: int = 0
    gone: bool = False
    expires_in: int = 7
    flying: tuple[FedBody, "asyncio.Task[Reply]"] | None = None


class TusMachine(RuleBasedStateMachine):
    uploads = Bundle("uploads")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory()
        self.store = ForgetfulStore(Path(self.directory.name))
        self.policy = RememberingPolicy()
        self.clock = Clock()
        self.models: list[Model] = []
        self.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def start(self) -> None:
        async def started() -> Exchange:
            exchange = an_exchange(self.store.root, self.policy, self.store)
            exchange.clock.moment = self.clock.moment
            self.clock = exchange.clock
            await (await exchange.server.start())
            return exchange

        self.client = self.run(started())

    @rule(target=uploads, length=LENGTH, first=COUNT)
    def create(self, length: int, first: int) -> Model:
        content = bytes(range(length))
        fields = {"Upload-Length": str(length), "Content-Type": OCTETS}
        body = content[: min(first, length)]
        reply = self.run(self.client.ask("POST", "/files/", fields, body))
        assert reply.status == 201
        assert int(reply.headers.get("Upload-Offset", "0")) == len(body)
        model = Model(reply.headers["Location"], content, len(body), len(body))
        self.models.append(model)
        return model

    @rule(model=uploads, offset=COUNT, count=COUNT)
    def patch(self, model: Model, offset: int, count: int) -> None:
        flying, model.flying = model.flying, None
        piece = model.content[offset : offset + count]
        reply = self.run(self.client.patch(model.path, offset, piece))
        if flying is not None:
            assert self.run(self.finish(flying)).status in {204, 410, 423}
        if model.gone:
            assert reply.status in {404, 410}
        elif offset != model.there:
            assert reply.status == 409
            assert int(reply.headers["Upload-Offset"]) == model.there
            model.told = max(model.told, model.there)
        else:
            assert reply.status == 204
            model.there += len(piece)
            model.told = model.there
            assert int(reply.headers["Upload-Offset"]) == model.there

    async def finish(self, flying: tuple[FedBody, "asyncio.Task[Reply]"]) -> Reply:
        return await flying[1]

    @rule(model=uploads, count=COUNT)
    def patch_without_end(self, model: Model, count: int) -> None:
        """A client that sends some bytes and then nothing."""
        if model.gone or model.flying is not None:
            return
        left = len(model.content) - model.there
        if left == 0:
            return
        body = FedBody(left)
        piece = model.content[model.there : model.there + min(count, left - 1)]

        async def begin() -> None:
            before = self.client.server.counters.active
            task = asyncio.create_task(self.client.patch(model.path, model.there, body))
            await until(lambda: self.client.server.counters.active > before or task.done())
            assert not task.done(), task.result()
            body.feed(piece)
            model.flying = body, task

        self.run(begin())
        model.there += len(piece)

    @rule(model=uploads)
    def break_line(self, model: Model) -> None:
        if model.flying is not None:
            flying, model.flying = model.flying, None
            flying[0].interrupt(BodyBroken)
            assert self.run(self.finish(flying)).status == 503

    @rule(model=uploads)
    def head(self, model: Model) -> None:
        flying, model.flying = model.flying, None
        reply = self.run(self.client.ask("HEAD", model.path))
        if flying is not None:
            assert self.run(self.finish(flying)).status == 423
        if model.gone:
            assert reply.status in {404, 410}
        else:
            assert (reply.status, int(reply.headers["Upload-Offset"])) == (200, model.there)
            assert int(reply.headers["Upload-Length"]) == len(model.content)
            model.told = model.there

    @rule(model=consumes(uploads))
    def terminate(self, model: Model) -> None:
        flying, model.flying = model.flying, None
        reply = self.run(self.client.ask("DELETE", model.path))
        if flying is not None:
            assert self.run(self.finish(flying)).status == 423
        if model.gone:
            assert reply.status in {404, 410}
        elif model.there == len(model.content):
            assert reply.status == 403
        else:
            assert reply.status == 204
            model.gone = True

    @rule(days=st.integers(1, 4))
    def time_passes(self, days: int) -> None:
        self.clock.moment += timedelta(days=days)
        self.policy.expires_at = self.clock.moment + timedelta(days=7)
        for model in self.models:
            model.expires_in -= days
            if model.expires_in <= 0 and model.flying is None and not self.complete(model):
                model.gone = True
        self.break_expired()
        self.run(self.client.server.expiry.sweep())

    def break_expired(self) -> None:
        for model in self.models:
            if model.expires_in <= 0 and not self.complete(model):
                self.break_line(model)
                model.gone = True

    @rule()
    def crash(self) -> None:
        """Power goes: what was not synced is lost, and nothing that was ever told."""
        for model in self.models:
            if model.flying is not None:
                body, task = model.flying
                model.flying = None
                body.interrupt(BodyBroken)
                self.run(asyncio.wait([task]))  # type: ignore[arg-type]
        self.run(self.client.server.finisher.settle())
        self.run(self.client.server.stop())
        self.store.crash()
        for model in self.models:
            if not model.gone:
                there = self.store.load(id_of(model.path)).offset
                assert there >= model.told
                model.there = there
        self.start()

    def complete(self, model: Model) -> bool:
        return not model.gone and model.there == len(model.content)

    @invariant()
    def what_is_stored_is_what_was_sent(self) -> None:
        for model in self.models:
            if not model.gone and model.flying is None:
                with self.store.read(id_of(model.path)) as file:
                    assert file.read() == model.content[: model.there]

    def teardown(self) -> None:
        for model in self.models:
            self.break_line(model)
        self.run(self.client.server.finisher.settle())
        log = ArrivalLog(self.store.root)
        for model in self.models:
            upload_id = id_of(model.path)
            assert (log.read(upload_id) is not None) == self.complete(model)
            heard = [each for each in self.policy.arrivals if each.upload_id == upload_id]
            assert bool(heard) == self.complete(model)
        self.run(self.client.server.stop())
        self.loop.close()
        self.directory.cleanup()


TusMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25)
test_any_order_of_requests = TusMachine.TestCase
