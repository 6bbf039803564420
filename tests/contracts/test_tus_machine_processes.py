"""Any order of requests, cut lines, takeovers, kill -9 and expiries against two processes on one root.

Every request goes to either process, whoever minted the upload. The model knows what was acknowledged:
of an upload whose line broke, or whose process was killed, it knows only bounds until it is told.
"""

from __future__ import annotations

import base64
import hashlib
import time
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.contracts.tus_models import Final, Model, Stand, stand
from tests.contracts.tus_process import sha256
from tests.patience import PATIENCE
from tests.unit.uploads.builders import OCTETS, id_of

LENGTH = st.integers(0, 60)
COUNT = st.integers(0, 70)
PROCESS = st.integers(0, 1)
LIFE = 24
"""Hours an upload is granted for."""
BETWEEN_HOURS, BETWEEN_KILLS = 6, 20
"""Steps without them, or nothing would live long."""


class Machine(RuleBasedStateMachine):
    stand: ClassVar[Stand]
    uploads = Bundle("uploads")
    finals = Bundle("finals")

    def __init__(self) -> None:
        super().__init__()
        self.models: list[Model] = []
        self.joins: list[Final] = []
        self.since_kill = self.since_time = 0

    def step(self, what: str) -> None:
        self.stand.steps += 1
        self.since_kill += 1
        self.since_time += 1
        self.stand.counts[what] = self.stand.counts.get(what, 0) + 1

    @rule(
        target=uploads, length=LENGTH, first=COUNT, partial=st.booleans(), deferred=st.booleans(),
        process=PROCESS,
    )  # fmt: skip
    def create(self, length: int, first: int, partial: bool, deferred: bool, process: int) -> Model:
        self.step("create")
        content = bytes((self.stand.steps + n) % 256 for n in range(length))
        fields = {"Upload-Defer-Length": "1"} if deferred else {"Upload-Length": str(length)}
        fields |= {"Upload-Concat": "partial"} if partial else {}
        body = content[:first]
        fields |= {"Content-Type": OCTETS} if body else {}
        answer = self.stand.ask(process, "POST", "/files/", fields, body)
        assert answer.status == 201, answer
        assert int(answer.headers.get("upload-offset", "0")) == len(body)
        model = Model(
            answer.headers["location"], content, self.stand.hours + LIFE, len(body), len(body),
            partial, None if deferred else length,
        )  # fmt: skip
        self.models.append(model)
        return model

    @rule(
        model=uploads, wrong=st.sampled_from([0, 0, 0, 0, 1, -1]), count=COUNT, process=PROCESS,
        checksum=st.sampled_from(["", "", "right", "wrong", "behind"]), declare=st.booleans(),
    )  # fmt: skip
    def patch(
        self, model: Model, wrong: int, count: int, process: int, checksum: str, declare: bool
    ) -> None:
        self.step("patch")
        self.settle(model)
        offset = max(model.low + wrong, 0)
        piece = model.content[offset : offset + count]
        declares = declare and model.length is None
        fields = {"Content-Type": OCTETS, "Upload-Offset": str(offset)}
        fields |= {"Upload-Length": str(len(model.content))} if declares else {}
        digest = hashlib.sha1(piece + b"!" * (checksum == "wrong")).digest()
        said = {"Upload-Checksum": "sha1 " + base64.b64encode(digest).decode()}
        behind = checksum == "behind"
        fields |= {"Trailer": "Upload-Checksum"} if behind else said if checksum else {}
        answer = self.stand.ask(
            process, "PATCH", model.path, fields, piece, chunked=behind,
            trailers=said if behind else {},
        )  # fmt: skip
        if model.gone:
            assert answer.status in {404, 410}, answer
        elif offset != model.low:
            assert answer.status == 409, answer
            assert int(answer.headers["upload-offset"]) == model.low
        elif checksum == "wrong":
            assert answer.status == 460, answer
        else:
            assert answer.status == 204, answer
            model.low = model.high = offset + len(piece)
            assert int(answer.headers["upload-offset"]) == model.low
            if declares:
                model.length = len(model.content)

    @rule(model=uploads, count=COUNT, process=PROCESS)
    def patch_without_end(self, model: Model, count: int, process: int) -> None:
        """A client that sends some bytes and then nothing."""
        self.step("patch without end")
        self.settle(model)
        left = len(model.content) - model.low
        if model.gone or left == 0:
            return
        line = self.stand.processes[process].connect()
        line.sendall(
            f"PATCH {model.path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
            f"Content-Type: {OCTETS}\r\nUpload-Offset: {model.low}\r\n"
            f"Content-Length: {left}\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        # Without waiting the request might begin after later ones, and win.
        assert line.recv(4096).startswith(b"HTTP/1.1 100 ")
        piece = model.content[model.low : model.low + min(count, left - 1)]
        line.sendall(piece)
        model.high, model.flying = model.low + len(piece), line

    @rule(model=uploads)
    def cut(self, model: Model) -> None:
        self.step("cut")
        self.hang_up(model)

    @rule(model=uploads, process=PROCESS)
    def head(self, model: Model, process: int) -> None:
        """The latest request wins: whoever holds the upload lets go, in either process."""
        self.step("head")
        answer = self.stand.ask(process, "HEAD", model.path, {})
        if model.gone:
            assert answer.status in {404, 410}, answer
            return
        assert answer.status == 200, answer
        offset = int(answer.headers["upload-offset"])
        assert model.low <= offset <= model.high
        if model.length is None:
            assert answer.headers["upload-defer-length"] == "1"
        else:
            assert int(answer.headers["upload-length"]) == model.length
        assert answer.headers.get("upload-concat") == ("partial" if model.partial else None)
        model.low = model.high = offset
        self.hang_up(model)

    @rule(model=uploads, process=PROCESS)
    def terminate(self, model: Model, process: int) -> None:
        self.step("terminate")
        self.settle(model)
        answer = self.stand.ask(process, "DELETE", model.path, {})
        final = model.final
        waited_for = final is not None and not final.gone and not final.joined
        if model.gone:
            assert answer.status in {404, 410}, answer
        elif (model.complete and not model.partial) or (
            waited_for and not (final and final.doomed)
        ):
            assert answer.status == 403, answer
        else:
            assert answer.status in ({204, 403} if final else {204}), answer
            model.gone = answer.status == 204

    @rule(
        target=finals, parts=st.lists(uploads, min_size=1, max_size=3, unique=True), process=PROCESS
    )
    def concatenate(self, parts: list[Model], process: int) -> Final | None:
        self.step("concatenate")
        fields = {"Upload-Concat": "final;" + " ".join(part.path for part in parts)}
        answer = self.stand.ask(process, "POST", "/files/", fields)
        holders = {part.final for part in parts} - {None}
        if any(part.gone or not part.partial for part in parts):
            assert answer.status in {400, 410}, answer
            return None
        known = next((final for final in holders if final and final.parts == parts), None)
        if known is not None and not known.gone and not known.doomed:
            assert (answer.status, answer.headers["location"]) == (201, known.path), answer
            return known
        if any(final and not final.gone for final in holders):
            if answer.status == 403:
                return None
            # Only what is doomed may have let its parts go meanwhile.
            assert all(final and final.doomed for final in holders), answer
        assert answer.status == 201, answer
        final = Final(answer.headers["location"], list(parts), self.stand.hours + LIFE)
        for part in parts:
            part.final = final
        self.joins.append(final)
        return final

    @rule(final=finals, process=PROCESS)
    def head_final(self, final: Final | None, process: int) -> None:
        self.step("head final")
        if final is not None:
            self.look(final, process)

    @rule(final=finals, process=PROCESS)
    def write_final(self, final: Final | None, process: int) -> None:
        self.step("write final")
        if final is None:
            return
        fields = {"Content-Type": OCTETS, "Upload-Offset": "0"}
        answer = self.stand.ask(process, "PATCH", final.path, fields, b"x")
        if not final.gone:
            assert answer.status == 403 or (final.doomed and answer.status == 404), answer

    @rule(final=finals, process=PROCESS)
    def terminate_final(self, final: Final | None, process: int) -> None:
        self.step("terminate final")
        if final is None or final.gone or final.doomed:
            return
        for part in final.parts:
            self.settle(part)
        answer = self.stand.ask(process, "DELETE", final.path, {})
        # Complete, it may be just before its join.
        assert answer.status in ({204, 403, 423} if final.joined else {204}), answer
        final.gone = answer.status == 204

    @precondition(lambda self: self.since_time > BETWEEN_HOURS)
    @rule(hours=st.integers(1, 14))
    def time_passes(self, hours: int) -> None:
        self.step("time passes")
        self.since_time = 0
        self.stand.hours += hours
        for final in self.joins:
            if final.joined:
                self.wait_until_joined(final)
        clock = self.stand.root.with_name(f"{self.stand.root.name}-hours")
        clock.write_text(str(self.stand.hours))
        for model in self.models:
            if model.ends <= self.stand.hours and not model.gone:
                self.settle(model)
                if model.partial or not model.complete:
                    model.gone = True
                    self.hang_up(model)
        for final in self.joins:
            if final.ends <= self.stand.hours and not final.joined:
                final.gone = True
            final.doomed |= not final.joined and any(part.gone for part in final.parts)

    @precondition(lambda self: self.since_kill > BETWEEN_KILLS)
    @rule(process=PROCESS)
    def kill(self, process: int) -> None:
        self.step("kill")
        self.since_kill = 0
        self.stand.processes[process].kill()
        self.stand.processes[process].start()

    def settle(self, model: Model) -> None:
        """Learn where an upload is whose line was cut, or is held."""
        if model.low != model.high or model.flying is not None:
            answer = self.stand.ask(0, "HEAD", model.path, {})
            if answer.status == 200:
                offset = int(answer.headers["upload-offset"])
                assert model.low <= offset <= model.high, (model, answer)
                model.low = offset
            model.high = model.low
            self.hang_up(model)

    def hang_up(self, model: Model) -> None:
        if model.flying is not None:
            model.flying.close()
            model.flying = None

    def look(self, final: Final, process: int) -> bool:
        """Whether it is joined; what is told is true in any case."""
        answer = self.stand.ask(process, "HEAD", final.path, {})
        if final.gone or final.doomed:
            assert final.doomed or answer.status in {404, 410}, answer
            return True
        # A join holds its upload; nobody else is told of it meanwhile.
        assert answer.status == 200 or (final.joined and answer.status == 423), answer
        if "upload-offset" not in answer.headers:
            return False
        assert final.joined
        assert answer.headers["upload-offset"] == str(len(final.content))
        assert answer.headers["upload-length"] == str(len(final.content))
        return True

    def wait_until_joined(self, final: Final) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.look(final, 0):
            assert time.monotonic() < deadline, final
            time.sleep(0.02)

    def teardown(self) -> None:
        for model in self.models:
            self.settle(model)
        due: dict[str, bytes] = {}
        for final in self.joins:
            if final.joined and not final.gone:
                self.wait_until_joined(final)
                due[id_of(final.path)] = final.content
        for model in self.models:
            if model.complete and not model.partial:
                due[id_of(model.path)] = model.content[: model.low]
        heard = self.heard(set(due))
        assert heard == {upload_id: sha256(content) for upload_id, content in due.items()}

    def heard(self, due: set[str]) -> dict[str, str]:
        """What the Policy was told of this run's uploads, once it has been told of all that is due."""
        own = {id_of(model.path) for model in self.models}
        own |= {id_of(final.path) for final in self.joins}
        deadline = time.monotonic() + PATIENCE
        while True:
            facts = [fact for fact in self.stand.processes[0].heard() if "sha256" in fact]
            found = {
                fact["upload_id"]: fact["sha256"] for fact in facts if fact["upload_id"] in own
            }
            if due <= found.keys() or time.monotonic() > deadline:
                return found
            time.sleep(0.02)


def run(examples: int, steps: int) -> Stand:
    with stand() as running:
        Machine.stand = running
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=examples, stateful_step_count=steps, database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
        return running


def test_any_order_of_requests_to_two_processes() -> None:
    assert run(6, 40).steps > 50


@pytest.mark.soak
def test_ten_thousand_steps() -> None:
    done = run(250, 50)
    print(done.steps, done.counts)  # noqa: T201 - the figures
    assert done.steps >= 10_000
