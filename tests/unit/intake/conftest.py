"""A small country with two parties, enough to judge uploads in; on both databases."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.auth import sessions as logins
from portal.config import Config
from portal.intake import PortalPolicy
from portal.models import Account, AccountRegion, ApiToken, Reservation, UploadTicket
from portal.reconcile import Reconciler
from portal.seed.process import load_process
from portal.tokens import TokenKind, new_token, sha256_of
from uploads.arrivals import ArrivalLog
from uploads.model import Upload
from uploads.packs import PackStore
from uploads.policy import Arrival, CreateRequest, Grant
from uploads.shelf import Shelf
from verification.db import Sessions
from verification.journal import new_chain, system_chain
from verification.models import Participation, Party, ReceivedFile, Region, RegionSet
from verification.models.proof import ChainKind

Answer = TypeVar("Answer")

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
HOST = "127.0.0.1:8080"
REGIONS = {
    "ID": ("national", None),
    "32": ("province", "ID"),
    "32.73": ("regency", "32"),
    "32.73.01": ("district", "32.73"),
    "81": ("province", "ID"),
    "81.71": ("regency", "81"),
}


@dataclass
class OneByOne:
    """A Policy asked for one creation or arrival at a time: its answer, or what is wrong raised."""

    policy: PortalPolicy

    def may_create(self, request: CreateRequest) -> Grant:
        return answered(self.policy.may_create([request]))

    def finished(self, arrival: Arrival) -> None:
        answered(self.policy.finished([arrival]))

    def declared(self, upload_id: str, length: int) -> None:
        self.policy.declared(upload_id, length)

    def ended(self, upload_id: str, why: str) -> None:
        self.policy.ended(upload_id, why)


def answered(answers: list[Answer | Exception]) -> Answer:
    """The only answer, an exception raised."""
    [answer] = answers
    if isinstance(answer, Exception):
        raise answer
    return answer


@dataclass
class World:
    """The country, its clock, the policy over it, and the means to act in it."""

    sessions: Sessions
    config: Config
    now: datetime = NOW
    parties: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)

    def policy(self, **settings: object) -> OneByOne:
        return OneByOne(
            PortalPolicy(self.sessions, replace(self.config, **settings), lambda: self.now)
        )

    def account(self, session: Session, login: str) -> Account:
        return session.get_one(Account, self.accounts[login])

    def token(self, login: str, *scopes: str) -> str:
        """The Authorization field of an API token."""
        token = new_token(TokenKind.API)
        with self.sessions.begin() as session:
            session.add(
                ApiToken(
                    token_sha256=sha256_of(token),
                    account_id=self.accounts[login],
                    label="uji",
                    scopes=list(scopes or ("upload",)),
                    created_at=self.now,
                    expires_at=self.now + timedelta(days=365),
                )
            )
        return f"Bearer {token}"

    def ticket(self, login: str, *, hours: int = 24) -> str:
        """The Authorization field of an upload ticket."""
        token = new_token(TokenKind.TICKET)
        with self.sessions.begin() as session:
            session.add(
                UploadTicket(
                    token_sha256=sha256_of(token),
                    account_id=self.accounts[login],
                    created_at=self.now,
                    expires_at=self.now + timedelta(hours=hours),
                )
            )
        return f"Bearer {token}"

    def cookie(self, login: str) -> str:
        """The Cookie field of a fresh login."""
        with self.sessions.begin() as session:
            token, _ = logins.start(
                session, self.account(session, login), now=self.now, idle=1800, lifetime=43200
            )
        return f"lang=id; sipol_session={token}"


DOCUMENT = {
    "filename": "berkas contoh.pdf",
    "filetype": "application/pdf",
    "purpose": "document",
    "requirement": "sk-pengurus-kabupaten",
    "region": "32.73",
}


def asked(length: int = 1000, upload_id: str | None = None, **given: str | None) -> CreateRequest:
    """A creation: header fields by their names, every other word is metadata."""
    headers = {name: given.pop(name, None) for name in ("authorization", "cookie", "origin")}
    metadata = {k: v for k, v in (DOCUMENT | given).items() if v is not None}
    return CreateRequest(
        upload_id=upload_id or secrets.token_hex(16),
        length=length,
        metadata=metadata,
        host=HOST,
        **headers,
    )


def arrival_of(request: CreateRequest, grant: Grant, at: datetime = NOW) -> Arrival:
    """What the upload server reports when the last byte of a granted upload is stored."""
    return Arrival(
        upload_id=request.upload_id,
        size=request.length,
        sha256="ab" * 32,
        created_at=at,
        finished_at=at + timedelta(minutes=1),
        claim=grant.claim,
        metadata=request.metadata,
    )


@pytest.fixture
def world(sessions: Sessions, tmp_path: Path) -> World:
    """Party `a` with a coordinator and an operator for 32.73, party `b` with a coordinator."""
    world = World(sessions=sessions, config=Config(home=tmp_path, database_url="sqlite://"))
    with sessions.begin() as session:
        regions = RegionSet(code="uji", source="uji", licence="uji")
        session.add(regions)
        session.flush()
        for code, (level, parent) in REGIONS.items():
            session.add(
                Region(
                    region_set_id=regions.id, code=code, level=level, parent_code=parent,
                    name=code, time_zone="Asia/Jakarta",
                )
            )  # fmt: skip
        system_chain(session)
        election = load_process(session, regions, NOW)
        for letter in "ab":
            party = Party(name=f"Partai Uji {letter.upper()}", abbreviation=letter)
            session.add(party)
            session.flush()
            session.add(
                Participation(
                    party_id=party.id, election_id=election.id, registered_at=NOW,
                    chain_id=new_chain(session, ChainKind.PARTICIPATION).id,
                )
            )  # fmt: skip
            world.parties[letter] = party.id
        for login, role, letter, scope in (
            ("koordinator.a", "coordinator", "a", ()),
            ("operator.a", "operator", "a", ("32.73",)),
            ("operator.tanpa", "operator", "a", ()),
            ("koordinator.b", "coordinator", "b", ()),
            ("pengamat", "observer", None, ()),
        ):
            account = Account(
                login=login, name=login, password_hash="-", role=role, created_at=NOW,
                party_id=world.parties[letter] if letter else None,
                regions=[AccountRegion(region_code=code) for code in scope],
            )  # fmt: skip
            session.add(account)
            session.flush()
            world.accounts[login] = account.id
    return world


class Desk:
    """An upload root, a policy, and a reconciler over both."""

    def __init__(self, world: World, root: Path) -> None:
        self.world, self.root = world, root
        self.policy = world.policy()
        self.arrivals = ArrivalLog(root)
        self.reconciler = Reconciler(
            Shelf(root), world.sessions, self.policy.policy, lambda: world.now
        )
        self.token = world.token("koordinator.a")

    def arrive(self, upload_id: str | None = None) -> Arrival:
        """An upload granted and arrived, of which nobody has told the portal."""
        request = asked(authorization=self.token, upload_id=upload_id)
        arrival = arrival_of(request, self.policy.may_create(request))
        self.arrivals.write(arrival)
        return arrival

    def arrive_packed(self) -> Arrival:
        """The same, as a document in a pack."""
        request = asked(authorization=self.token, length=9)
        grant = self.policy.may_create(request)
        upload = Upload(
            upload_id=request.upload_id, length=9, offset=0, metadata=request.metadata,
            owner=grant.owner, claim=grant.claim, max_size=grant.max_size, created_at=NOW,
            expires_at=grant.expires_at, changed_at=NOW,
        )  # fmt: skip
        packs = PackStore(self.root, segment_bytes=1 << 20)
        arrival = packs.put(upload, b"%PDF-1.7\n", NOW)
        packs.close()
        return arrival

    def files(self) -> int:
        with self.world.sessions.read() as session:
            return session.scalar(select(func.count(ReceivedFile.id))) or 0

    def reservations(self) -> int:
        with self.world.sessions.read() as session:
            return session.scalar(select(func.count(Reservation.id))) or 0

    def settle(self) -> None:
        """Let every shard look as if it had last changed a while ago."""
        self._change(1_700_000_000)

    def stir(self) -> None:
        """Let every shard look as if it had changed this instant, however slow this machine is."""
        self._change(time.time() + 60)

    def _change(self, at: float) -> None:
        for shard in (self.root / "arrivals").iterdir():
            os.utime(shard, (at, at))


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    return Desk(world, tmp_path / "uploads")
