"""Forty parties fill one small disk at once: quotas and headroom exact, nothing acknowledged lost, and
whoever waits goes on by himself when there is room again.

Every party first begins an upload whose length it does not say: room for it is promised but not taken,
so that its bytes meet the full disk in mid-write once something else has eaten the promise.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.models import Account, ApiToken, Reservation
from portal.tokens import TokenKind, new_token, sha256_of
from tests.contracts.tusjs import tusjs
from tests.journeys.test_bad_line_cli import Terminal
from tests.large_files import padded_pdf
from tests.small_disk import disk, filled, free, on_small_disk
from tests.stack import Stack
from tests.traffic import (
    AD_ART,
    OCTETS,
    SECONDS,
    TUS,
    Caller,
    ask,
    judged,
    not_judged,
    path_of,
    spelled,
    upload_id,
    wait_for,
)
from uploads import ArrivalLog
from verification import journal, reference
from verification.db import Sessions, make_engine
from verification.models import Participation, Party, ReceivedFile
from verification.models.proof import ChainKind

MIB = 1024**2
PARTIES = 40
SIZE = 2 * MIB
WANTED, FITTING = 5, 3
LARGEST = 4 * MIB
"""Of any upload, so it is what one without a length takes of quota and room."""
QUOTA = LARGEST + FITTING * SIZE + SIZE // 2
HEADROOM = 16 * MIB
DISK = 512 * MIB
FILES = 43
ROOM = PARTIES * LARGEST + FILES * SIZE + HEADROOM
EATEN = 20 * MIB
LONG = 3 * MIB
CHUNK = MIB
CHUNKS = {"Content-Type": OCTETS}


@dataclass
class Sender:
    """One party's program, and what it was told."""

    caller: Caller
    participation: int
    open: str = ""
    granted: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    content: dict[str, bytes] = field(default_factory=dict)
    acknowledged: int = 0

    def begin(self) -> None:
        """The upload whose length comes later."""
        fields = {"Upload-Defer-Length": "1", "Upload-Metadata": spelled(AD_ART.metadata())}
        headers = {**TUS, **self.caller.bearer, **fields}
        answer = judged(lambda: ask(self.caller.address, "POST", "/files/", headers))
        self.open = path_of(answer.expect(201))
        self.content[self.open] = random.Random(self.open).randbytes(LONG)

    def create(self) -> None:
        answer = self.caller.post_once(SIZE, AD_ART)
        if answer.status == 201:
            path = path_of(answer)
            self.content[path] = random.Random(path).randbytes(SIZE)
            self.granted.append(path)
            self.answers["granted"] += 1
            return
        self.answers[str(answer.json()["code"])] += 1
        if answer.status == 503:
            assert int(answer.headers["retry-after"]) > 0
        if not_judged(answer):
            self.create()

    def fill(self) -> bool:
        """Send pieces of the open upload until one is refused; whether one was."""
        while self.acknowledged < LONG - CHUNK:
            answer = self.piece(self.acknowledged + CHUNK)
            if answer != 204:
                return True
            self.acknowledged += CHUNK
        return False

    def piece(self, end: int, **more: str) -> int:
        fields = {**TUS, **CHUNKS, "Upload-Offset": str(self.acknowledged), **more}
        body = self.content[self.open][self.acknowledged : end]
        answer = ask(self.caller.address, "PATCH", self.open, fields, body)
        if answer.status != 204:
            # What a client waits on: never a final no.
            assert answer.status in (423, 503), answer
            assert int(answer.headers["retry-after"]) > 0
        return answer.status

    def finish(self) -> None:
        """From where the server is to the end, the length said with the last piece."""
        self.acknowledged = self.caller.offset(self.open)
        assert self.piece(LONG, **{"Upload-Length": str(LONG)}) == 204


@pytest.fixture
def stack(seeded_home: Path) -> Iterator[Stack]:
    with on_small_disk(
        seeded_home,
        DISK,
        disk_headroom=HEADROOM,
        party_quota=QUOTA,
        max_upload_size=LARGEST,
        workers=1,
    ) as running:
        yield running


def enrol(session: Session, number: int, now: datetime) -> tuple[int, str]:
    """One more party with a program that may upload: its participation, its token."""
    election = reference.current_election(session)
    party = Party(name=f"Partai Uji Ruang {number}", abbreviation=f"R{number}")
    session.add(party)
    session.flush()
    chain = journal.new_chain(session, ChainKind.PARTICIPATION)
    participation = Participation(
        party_id=party.id, election_id=election.id, chain_id=chain.id, registered_at=now
    )
    account = Account(
        login=f"ruang.{number}", name="Akun uji", password_hash="-", role="coordinator",
        party_id=party.id, created_at=now,
    )  # fmt: skip
    session.add_all([participation, account])
    session.flush()
    token = new_token(TokenKind.API)
    session.add(
        ApiToken(
            token_sha256=sha256_of(token), account_id=account.id, label="uji", scopes=["upload"],
            created_at=now, expires_at=now + timedelta(days=1),
        )
    )  # fmt: skip
    return participation.id, token


def taken(sessions: Sessions) -> dict[int, int]:
    """Bytes of its quota that each party has in use, by the tables."""
    total: Counter[int] = Counter()
    with sessions.read() as session:
        for key, size in (
            (ReceivedFile.participation_id, ReceivedFile.size),
            (Reservation.participation_id, Reservation.bytes),
        ):
            for party, used in session.execute(select(key, func.sum(size)).group_by(key)):
                total[party] += int(used)
    return total


@pytest.mark.parametrize("rounds", [1, pytest.param(8, marks=pytest.mark.soak)])
def test_forty_parties_fill_one_disk(stack: Stack, tmp_path: Path, rounds: int) -> None:
    engine = make_engine(stack.config.database_url)
    sessions, now = Sessions(engine), datetime.now(UTC)
    with sessions.begin() as session:
        enrolled = [enrol(session, number, now) for number in range(PARTIES)]
    senders = [Sender(Caller(stack.base_url, token), key) for key, token in enrolled]
    with ThreadPoolExecutor(PARTIES) as pool, filled(stack, left=ROOM):
        list(pool.map(Sender.begin, senders))
        for _ in range(rounds):
            everyone = [sender for sender in senders for _ in range(WANTED)]
            list(pool.map(Sender.create, random.Random(1).sample(everyone, len(everyone))))
            assert free(stack) >= HEADROOM
            assert max(taken(sessions).values()) <= QUOTA
        exact_as_far_as_room_goes(senders)
        with filled(stack, left=EATEN, by="more"):
            stand_at_the_full_disk(pool, senders)
            waiting = clients(pool, stack, senders[0], tmp_path)
            wait_for(lambda: stack_refuses(stack, senders[1]), "a disk too full for a creation")
    # There is room again; the pool is gone, and with it whoever waited in it.
    assert [client.result(1) for client in waiting] == [True, True]
    for sender in senders:
        sender.finish()
    everything_is_right(stack, sessions, senders)
    engine.dispose()


def exact_as_far_as_room_goes(senders: list[Sender]) -> None:
    """Whom the disk did not refuse got what fits his quota, and nobody more."""
    told: Counter[str] = sum((sender.answers for sender in senders), Counter())
    # Which bound a party meets first is the order in which forty of them come.
    assert {"granted", "storage_full"} <= set(told)
    assert set(told) <= {"granted", "quota_exceeded", "storage_full", "permission_unavailable"}
    assert told["granted"] <= FILES
    for sender in senders:
        assert sender.answers["granted"] <= FITTING
        # What was granted too late counts until it is given back.
        if not sender.answers["storage_full"] and not sender.answers["permission_unavailable"]:
            assert sender.answers["granted"] == FITTING


def stand_at_the_full_disk(pool: ThreadPoolExecutor, senders: list[Sender]) -> None:
    """Open uploads are refused in mid-write and keep what they were told; reserved ones have their room."""
    refused = sum(pool.map(Sender.fill, senders))
    assert refused > PARTIES // 2
    for sender in senders:
        # A part of the refused piece may be there besides: kept, too.
        assert sender.caller.offset(sender.open) >= sender.acknowledged

    def send(sender: Sender) -> None:
        for path in sender.granted:
            sender.caller.patch(path, 0, sender.content[path]).expect(204)

    list(pool.map(send, senders))


def clients(
    pool: ThreadPoolExecutor, stack: Stack, sender: Sender, folder: Path
) -> list[Future[bool]]:
    """Our CLI and tus-js-client, begun while the disk is full; whether each came to its end."""
    small = padded_pdf(folder / "kecil.pdf", SIZE // 4, seed="kecil")
    terminal = Terminal(stack, folder)
    command = terminal.start(small)
    options = {
        "headers": sender.caller.bearer,
        "metadata": AD_ART.metadata(),
        "retryDelays": [300] * 1000,
    }
    endpoint = urljoin(stack.base_url, "/files/")

    def by_library() -> bool:
        return bool(tusjs(endpoint, small, 0, "plain", options)["id"])

    def by_command() -> bool:
        try:
            assert command.wait(2 * SECONDS) == 0, terminal.lines.read_text()
        except subprocess.TimeoutExpired:
            command.kill()
            return False
        return True

    return [pool.submit(by_command), pool.submit(by_library)]


def stack_refuses(stack: Stack, sender: Sender) -> bool:
    answer = sender.caller.post(1, AD_ART)
    assert answer.status in (413, 503)
    return answer.status == 503 and free(stack) < HEADROOM


def everything_is_right(stack: Stack, sessions: Sessions, senders: list[Sender]) -> None:
    """Every file that was granted arrived with its own bytes; the tables count what is there."""
    # None of them came with its creation, so none is packed.
    log = ArrivalLog(disk(stack))
    expected = {upload_id(path): body for each in senders for path, body in each.content.items()}
    wait_for(lambda: all(log.read(key) for key in expected), "every arrival")
    for key, body in expected.items():
        arrival = log.read(key)
        assert arrival is not None
        assert arrival.sha256 == hashlib.sha256(body).hexdigest()
        assert log.data_path(key).read_bytes() == body
    mine = {sender.participation for sender in senders}

    def recorded() -> bool:
        with sessions.read() as session:
            left = session.scalar(
                select(func.count()).where(Reservation.participation_id.in_(mine))
            )
        return left == 0

    wait_for(recorded, "every reservation given back")
    used = taken(sessions)
    for sender in senders[1:]:
        assert used[sender.participation] == sum(map(len, sender.content.values()))
