"""The portal in a test: a real application on a real database, people of every role, a clock to turn.

    stand = build_stand(sessions, tmp_path)
    page = stand.browser("koordinator.a").get("/dosir")
    reply = stand.browser("verifikator.a").call("POST", "/api/v1/queue/claim", {})
    reply = stand.client().get("/api/v1/me", headers=stand.bearer("pengawas", "read"))

Two parties (`a`, `b`), the offices of `tests.world`, every password is `PASSWORD`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.accounts import NewAccount, create
from portal.app import create_app_on
from portal.auth import sessions as logins
from portal.auth.csrf import token_for
from portal.auth.passwords import Passwords
from portal.config import Config
from portal.context import EXTENSION
from portal.credentials import ApiScope, issue_token
from portal.keys import KeyStore
from portal.models import Account
from portal.page import CLOSING
from portal.wiring import Services, build_on
from tests.builders import build_party
from tests.engines import engine_on
from tests.world import NOON, World, build_world
from verification.db import Sessions
from verification.models import Participation
from verification.receipt_keys import PublicKey, TrustedKeys
from verification.states import Role

PASSWORD = "kuda-lumping-besi-27"
HOST = "http://localhost"

# login → role, party, office, regions
PEOPLE: dict[str, tuple[Role, str | None, str | None, tuple[str, ...]]] = {
    "koordinator.a": (Role.COORDINATOR, "a", None, ()),
    "operator.a": (Role.OPERATOR, "a", None, ("32.73",)),
    "koordinator.b": (Role.COORDINATOR, "b", None, ()),
    "verifikator.a": (Role.VERIFIER, None, "32.73", ()),
    "verifikator.b": (Role.VERIFIER, None, "32.73", ()),
    "verifikator.lain": (Role.VERIFIER, None, "73.71", ()),
    "pengawas": (Role.SUPERVISOR, None, "32.73", ()),
    "pengawas.ri": (Role.SUPERVISOR, None, "ID", ()),
    "administrator": (Role.ADMINISTRATOR, None, None, ()),
    "pengamat": (Role.OBSERVER, None, None, ()),
}


@dataclass(slots=True)
class TurnedClock:
    """A clock that stands still until a test turns it."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def turn(self, **by: float) -> None:
        self.at += timedelta(**by)


class Browser(FlaskClient):
    """A signed-in browser: `call` speaks to the API with the session's token, `send` posts a form."""

    csrf: str = ""

    def call(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> TestResponse:
        own = {"X-CSRF-Token": self.csrf, "Accept": "application/json"}
        return self.open(path, method=method, json=body, headers={**own, **(headers or {})})

    def send(self, path: str, **fields: Any) -> TestResponse:
        return self.post(path, data={"csrf_token": self.csrf, **fields})


@dataclass(slots=True, kw_only=True)
class Stand:
    """The application with everything a test turns."""

    app: Flask
    services: Services
    clock: TurnedClock
    world: World
    parties: dict[str, Participation]
    people: dict[str, Account] = field(default_factory=dict)

    @property
    def sessions(self) -> Sessions:
        return self.services.sessions

    @property
    def trusted(self) -> TrustedKeys:
        """The key that signs here, valid at the test's fixed times."""
        key = PublicKey(
            public=self.services.signer.key.public, not_before=NOON - timedelta(days=60)
        )
        return TrustedKeys([key])

    def party(self, session: Session, letter: str) -> Participation:
        """Party `a` or `b` as a row of this session."""
        return session.get_one(Participation, self.parties[letter].id)

    def client(self) -> Browser:
        """A browser that nobody is signed in to."""
        client = self.app.test_client()
        assert isinstance(client, Browser)
        return client

    def browser(self, login: str) -> Browser:
        """A browser in which `login` has just signed in."""
        config = self.services.config
        with self.sessions.begin() as session:
            token, row = logins.start(
                session,
                session.merge(self.people[login], load=False),
                now=self.clock(),
                idle=config.session_idle,
                lifetime=config.session_lifetime,
            )
        browser = self.client()
        browser.set_cookie("sipol_session", token)
        browser.csrf = token_for(row.csrf_secret)
        return browser

    def bearer(self, login: str, *scopes: str) -> dict[str, str]:
        """Header fields of an API token; without scopes it has all of them."""
        account = self.people[login]
        with self.sessions.begin() as session:
            text, _ = issue_token(
                session,
                session.merge(account, load=False),
                label="uji",
                scopes=scopes or list(ApiScope),
                expires_at=self.clock() + timedelta(days=30),
                actor=account.actor,
                now=self.clock(),
            )
        return {"Authorization": f"Bearer {text}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Populace:
    """The rows every stand begins with, detached; a copy of their database knows the same keys."""

    world: World
    parties: dict[str, Participation]
    people: dict[str, Account]


def populate(sessions: Sessions) -> Populace:
    """World, parties and people on an empty migrated database."""
    with sessions.begin() as session:
        world = build_world(session)
        parties = {
            letter: build_party(session, world, f"Partai Contoh {letter.upper()}")
            for letter in "ab"
        }
        people = {login: _person(session, login, world, parties) for login in PEOPLE}
    return Populace(world=world, parties=parties, people=people)


def build_stand(
    sessions: Sessions, home: Path, populace: Populace | None = None, *, own_app: bool = False
) -> Stand:
    """The portal on an empty migrated database, or on a populated one; no port is opened.

    All stands of a process use one application after the other: making its map of addresses takes
    longer than most tests. `own_app`: for a test that adds an address.
    """
    clock = TurnedClock()
    services = _services(sessions, home, clock)
    populace = populace or populate(sessions)
    return Stand(
        app=_new_app(services) if own_app else _handed_on(services),
        services=services,
        clock=clock,
        world=populace.world,
        parties=populace.parties,
        people=populace.people,
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A populated SQLite file, and the home whose keys it was filled with; both to copy from."""

    database: Path
    home: Path
    populace: Populace

    def copy_home(self, folder: Path) -> Path:
        """The home, once more."""
        return Path(shutil.copytree(self.home, folder / "home"))

    @contextmanager
    def opened(self, folder: Path, *, own_app: bool = False) -> Iterator[Stand]:
        """The portal on a copy of both."""
        path = shutil.copyfile(self.database, folder / "sipol.db")
        with engine_on(f"sqlite:///{path}") as engine:
            home = self.copy_home(folder)
            yield build_stand(Sessions(engine), home, self.populace, own_app=own_app)


def prepare(template: Path, folder: Path, fill: Callable[[Stand], None] | None = None) -> Prepared:
    """World, parties, people and what `fill` adds, in a copy of a migrated SQLite file."""
    path = shutil.copyfile(template, folder / "sipol.db")
    # The end of the last connection moves everything into the one file.
    with engine_on(f"sqlite:///{path}") as engine:
        stand = build_stand(Sessions(engine), folder / "home")
        if fill is not None:
            fill(stand)
    populace = Populace(world=stand.world, parties=stand.parties, people=stand.people)
    return Prepared(path, folder / "home", populace)


class CompiledTemplates(BytecodeCache):
    """Each template is compiled once a test process, not once an app."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._codes:
            bucket.bytecode_from_string(self._codes[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = CompiledTemplates()
_shared: list[Flask] = []


def _handed_on(services: Services) -> Flask:
    """The process's application, with nothing left of the stand before."""
    if not _shared:
        _shared.append(_new_app(services))
    [app] = _shared
    app.secret_key = services.session_secret
    app.extensions |= {EXTENSION: services, CLOSING: {}}
    return app


def _new_app(services: Services) -> Flask:
    app = create_app_on(services)
    app.testing = True
    # A test wants the answer people get, not the exception.
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.test_client_class = Browser
    app.jinja_env.bytecode_cache = TEMPLATES
    return app


def hidden(page: str, name: str = "csrf_token") -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"no field {name}"
    return found.group(1)


def _services(sessions: Sessions, home: Path, clock: TurnedClock) -> Services:
    config = Config(home=home, database_url="sqlite://")
    for directory in config.directories():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    KeyStore(config.keys_dir).create()
    return build_on(sessions, config, clock=clock)


def _person(
    session: Session, login: str, world: World, parties: dict[str, Participation]
) -> Account:
    role, party, office, regions = PEOPLE[login]
    account = create(
        session,
        NewAccount(
            login=login,
            name=f"Contoh {login}",
            password_hash=_hash(),
            role=role,
            party=parties[party].party if party else None,
            office=world.offices[office] if office else None,
            regions=regions,
        ),
        actor="system",
        now=NOON,
    )
    session.refresh(account, ["party", "office"])
    return account


@lru_cache(maxsize=1)
def _hash() -> str:
    return Passwords().hash(PASSWORD, login="siapa saja")
