"""The body between receiving and storing, within a bounded amount of memory.

What comes fast lies in large buffers aligned like the file it goes to, and one is stored while the next
is filled; what trickles is gathered in a few small bytes.

Next station: `uploads/transfer.py` writes the pieces into the store.
"""

import asyncio
import time
from collections.abc import Mapping

from uploads.body import NO_TRAILERS, BodyBroken, BodyEnding, BodyStalled, Flow, Piece, Pour
from uploads.buffers import PAGE
from uploads.dozing import LONGEST_DOZE, doze_after
from uploads.gathered import Gathered
from uploads.supply import FIRST_AGE, Supply

KIB = 1024
ADOPT_BYTES = 32 * KIB
"""So much at once is worth a large buffer."""
QUICK_SECONDS = 0.5
"""A share that was filled in this time is worth one too."""
GRACE_SECONDS = 0.05
"""A line that dozed gets this long to hand over what the kernel has, before an ending counts."""


class FedBody(Gathered):
    """A Body fed from the event loop that reads it: by copies, or by receiving into its `buffer`.

    A slow one on a patient line dozes between its pieces: what comes waits in the kernel, and is
    received and written at one go.
    """

    __slots__ = (
        "_doze", "_dozing", "_ending", "_enough", "_fed_at", "_flow", "_in_line", "_placed",
        "_pour", "_pouring", "_reader", "_received", "_since", "_soon", "_taken_at", "ended",
        "length", "trailers",
    )  # fmt: skip

    def __init__(
        self, length: int | None, supply: Supply | None = None, flow: Flow | None = None
    ) -> None:
        self.length = length
        self.ended = length == 0
        self.trailers = NO_TRAILERS
        super().__init__(supply or Supply())
        self._flow = flow
        self._received = 0
        self._ending: type[BodyEnding] | None = None
        self._reader: asyncio.Future[Piece] | None = None
        self._enough = 64 * KIB
        # Somebody has said where in the file the first byte goes.
        self._placed = False
        self._since = self._fed_at = self._taken_at = 0.0
        self._in_line = False
        # Seconds to doze before the next piece; 0 as long as the body is not known to be slow.
        self._doze = 0.0
        self._dozing = False
        self._soon: type[BodyEnding] | None = None
        self._pour: Pour | None = None
        self._pouring = False

    @property
    def open(self) -> bool:
        """More is wanted: neither ended nor broken nor interrupted."""
        return not self.ended and self._ending is None

    @property
    def left(self) -> int | None:
        """Bytes not received yet; None when the length is not known."""
        return None if self.length is None else self.length - self._received

    @property
    def exhausted(self) -> bool:
        return self.ended and self._ending is None and not self.held

    def buffer(self) -> memoryview:
        """Where to receive next: not empty, and not longer than what is left of the body."""
        into, begin = self._large, self._end
        if into is None:
            into, begin = self._supply.guest, self._beside()
        if self.length is None:
            return into[begin:]
        return into[begin : begin + self.length - self._received]

    def received(self, count: int) -> None:
        """So many bytes lie in `buffer` now; after an interruption they are dropped."""
        self._received += count
        complete = self._received == self.length
        if self.open and count:
            self._note()
            if self._large is not None:
                self._end += count
            else:
                begin = self._beside()
                if not self._is_swift(count) or not self._adopt(begin + count):
                    self._hold(self._supply.guest[begin : begin + count])
            if not complete:
                self._offer()
        if complete:
            self.end()

    def _is_swift(self, count: int) -> bool:
        """Whether what came is worth a large buffer; whoever dozed brings as much at every waking."""
        return self._placed and not self._doze and (count >= ADOPT_BYTES or self._swift)

    def feed(self, piece: Piece) -> None:
        """Add a copy of a received piece; after an interruption it is dropped."""
        view = memoryview(piece)
        self._received += len(view)
        if view and self.open:
            self._note()
            self._hold(view)
            self._offer()

    def end(self, trailers: Mapping[str, str] = NO_TRAILERS) -> None:
        """The body is complete."""
        self.ended = True
        self.trailers = trailers
        self._deliver()

    def interrupt(self, why: type[BodyEnding]) -> None:
        if not self.open:
            return
        if self._dozing and why is not BodyBroken:
            self._wake()
            self._soon = why
            asyncio.get_running_loop().call_later(GRACE_SECONDS, self._break, why)
        else:
            self._break(why)

    def _break(self, why: type[BodyEnding]) -> None:
        if self.open:
            self._ending = why
            self._deliver()

    def finish(self) -> None:
        """Nobody reads any more: give all memory back; what still comes is dropped."""
        self.interrupt(BodyBroken)
        self._nobody_waits()
        self._forget()

    def read(self, enough: int, at: int) -> "asyncio.Future[Piece]":
        self._give_back()
        self._enough = enough
        if self._large is None:
            self._at = at
        self._placed = True
        # Not a coroutine: ten thousand may be waiting, and a future is all that this takes.
        reader: asyncio.Future[Piece] = asyncio.get_running_loop().create_future()
        if self.open and not self._ready():
            self._reader = reader
            self._await_more()
        else:
            self._answer(reader)
            if self._flow is not None and self.open:
                self._flow.resume()
        return reader

    def pour(self, into: Pour | None) -> None:
        self._pour = into

    def _await_more(self) -> None:
        self._fed_at = time.monotonic()
        self._supply.watch(self)
        if self._doze and not self.held and self._soon is None and not self._in_line:
            self._fall_asleep()
        else:
            self._line_up()
            if self._flow is not None:
                self._flow.resume()

    def ripen(self, now: float) -> float | None:
        self._in_line = False
        if self._dozing:
            self._wake()
            return None
        if self._reader is None or not self.held:
            return None
        due = self._due()
        if now < due:
            self._in_line = True
            return due
        self._swift = False
        self._deliver()
        return None

    def check_stall(self, since: float) -> None:
        # A reader waits with the oldest byte for `age` at most, so a fed body never gets here late.
        if self._fed_at < since:
            self.interrupt(BodyStalled)

    def _fall_asleep(self) -> None:
        assert self._flow is not None
        self._dozing = self._in_line = True
        self._flow.pause()
        self._supply.ripen_at(self._fed_at + self._doze, self)

    def _wake(self) -> None:
        self._dozing = False
        # Silence in the kernel is none of the sender's.
        self._fed_at = max(self._fed_at, time.monotonic() - self._supply.age)
        if self._flow is not None:
            self._flow.resume()

    def _due(self) -> float:
        """When the oldest byte is old: soon, while it is not known whether the body is slow."""
        patient = self._flow is not None and self._flow.patient
        return self._since + self._supply.age * (FIRST_AGE if patient else 1.0)

    def _note(self) -> None:
        self._fed_at = time.monotonic()
        if not self.held:
            self._since = self._fed_at

    def _hold(self, view: memoryview) -> None:
        held = self._copy(view)
        if (
            self._placed
            and self.length is not None
            # Of many bodies each has a small share, and none is fast for having filled it.
            and held >= max(self._supply.share, ADOPT_BYTES)
            # Whoever dozed brings as much at once every time, and is slow all the same.
            and not self._doze
            and self._fed_at - self._since < QUICK_SECONDS
        ):
            self._adopt(self._at % PAGE + held)

    def _ready(self) -> bool:
        if self._large is not None:
            return self._end == len(self._large) or self._end - self._start >= self._enough
        return self.held >= min(self._enough, self._supply.share)

    def _offer(self) -> None:
        if self._doze and self._large is None and self._reader is not None:
            # It has waited in the kernel long enough.
            if self._pour is None:
                self._deliver()
            else:
                self._pour_out(self._pour)
        elif not self._ready():
            self._line_up()
        elif self._reader is not None:
            self._deliver()
        elif self._flow is not None:
            self._flow.pause()

    def _pour_out(self, pour: Pour) -> None:
        """What a dozing line brought is written without waking the reader, which costs more than that."""
        assert self._flow is not None
        self._flow.pause()
        self._pouring = True
        pour(self._take()).add_done_callback(self._poured)

    def _poured(self, done: "asyncio.Future[None]") -> None:
        self._pouring = False
        error, reader = done.exception(), self._reader
        if reader is None or reader.done():
            return
        if error is not None:
            self._nobody_waits()
            reader.set_exception(error)
        elif self.open:
            self._await_more()
        else:
            self._deliver()

    def _line_up(self) -> None:
        if self._reader is not None and not self._in_line and self.held:
            self._in_line = True
            self._supply.ripen_at(self._due(), self)

    def _deliver(self) -> None:
        reader = self._reader
        if reader is not None and not self._pouring:
            self._nobody_waits()
            if not reader.done():
                self._answer(reader)

    def _answer(self, reader: "asyncio.Future[Piece]") -> None:
        piece = self._take()
        if not piece and self._ending is not None:
            reader.set_exception(self._ending())
        else:
            reader.set_result(piece)

    def _nobody_waits(self) -> None:
        self._reader = None
        self._supply.unwatch(self)

    def _take(self) -> Piece:
        piece = self._hand_out()
        if piece:
            before, self._taken_at = self._taken_at or self._since, time.monotonic()
            if self._flow is not None and self._flow.patient:
                seconds, longest = self._taken_at - before, self._supply.age * LONGEST_DOZE
                self._doze = doze_after(self._doze, len(piece), seconds, self.left, longest)
        return piece
