"""Two parties and everybody who works on their registration, with random passwords.

The passwords and tokens are kept in `<home>/demo.json`, mode 0600, so that asking again shows the
same ones; an account whose password is not known there any more gets a new one. Production refuses.

Next station: `portal.auth.login`, with one of these.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import accounts
from portal.accounts import NewAccount
from portal.auth.passwords import Passwords
from portal.config import Config
from portal.credentials import issue_token
from portal.models import Account, ApiToken
from portal.provisioning import SYSTEM, USUAL_SCOPES, new_password
from portal.seed.parties import take_part
from portal.tokens import sha256_of
from verification.db import Sessions
from verification.models import Party
from verification.reference import current_election, office_by_code
from verification.states import Role

PARTIES = {"A": "Partai Contoh A", "B": "Partai Contoh B"}
_TOKEN_LIFE = timedelta(days=30)
_RENEW_BEFORE = timedelta(days=1)
BANDUNG, AMBON, JAWA_BARAT, NATION = "32.73", "81.71", "32", "ID"
_WIT = "Asia/Jayapura"


class DemoRefused(Exception):
    """A production installation takes no accounts whose passwords stand in a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the demonstration; `party` is a letter of PARTIES, `office` an office's code."""

    login: str
    name: str
    role: Role
    party: str | None = None
    office: str | None = None
    regions: tuple[str, ...] = ()
    time_zone: str = "Asia/Jakarta"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLogin:
    """How to sign in as somebody: what `sipol demo` prints and `demo.json` holds."""

    role: str
    login: str
    password: str
    token: str
    name: str
    party: str | None
    office: str | None
    regions: tuple[str, ...]


def _party_people() -> list[Person]:
    people = []
    for letter in PARTIES:
        small = letter.lower()
        people += [
            Person(
                login=f"koordinator.{small}",
                name=f"Koordinator Contoh {letter}",
                role=Role.COORDINATOR,
                party=letter,
            ),
            Person(
                login=f"operator.{small}.bandung",
                name=f"Operator Contoh {letter} Bandung",
                role=Role.OPERATOR,
                party=letter,
                regions=(BANDUNG,),
            ),
            Person(
                login=f"operator.{small}.ambon",
                name=f"Operator Contoh {letter} Ambon",
                role=Role.OPERATOR,
                party=letter,
                regions=(AMBON,),
                time_zone=_WIT,
            ),
        ]
    return people


def _office_people() -> list[Person]:
    offices = (
        ("bandung", "Bandung", BANDUNG, 2, "Asia/Jakarta"),
        ("ambon", "Ambon", AMBON, 2, _WIT),
        ("jabar", "Jawa Barat", JAWA_BARAT, 1, "Asia/Jakarta"),
        ("pusat", "Pusat", NATION, 1, "Asia/Jakarta"),
    )
    people = []
    for word, place, office, verifiers, zone in offices:
        people += [
            Person(
                login=f"verifikator.{word}.{number}",
                name=f"Verifikator Contoh {place} {number}",
                role=Role.VERIFIER,
                office=office,
                time_zone=zone,
            )
            for number in range(1, verifiers + 1)
        ]
        people.append(
            Person(
                login=f"pengawas.{word}",
                name=f"Pengawas Contoh {place}",
                role=Role.SUPERVISOR,
                office=office,
                time_zone=zone,
            )
        )
    return people


DEMO_ACCOUNTS: tuple[Person, ...] = (
    *_party_people(),
    *_office_people(),
    Person(
        login="administrator.pusat",
        name="Administrator Contoh",
        role=Role.ADMINISTRATOR,
        office=NATION,
    ),
    Person(login="pengamat.bawaslu", name="Pengamat Contoh Bawaslu", role=Role.OBSERVER),
)


def demo_file(config: Config) -> Path:
    """Where the passwords are kept."""
    return config.home / "demo.json"


def ensure(
    sessions: Sessions, config: Config, passwords: Passwords, now: datetime
) -> list[DemoLogin]:
    """Everybody of the demonstration, able to sign in; idempotent. Raises DemoRefused, NotFound."""
    if config.production:
        raise DemoRefused("production takes no demonstration accounts")
    kept = _read(demo_file(config))
    with sessions.read() as session:
        known = {row.login: row for row in session.scalars(select(Account))}
        good = {
            person.login
            for person in DEMO_ACCOUNTS
            if person.login in known
            and person.login in kept
            and passwords.check(known[person.login].password_hash, kept[person.login].password)
        }
    fresh = {p.login: new_password() for p in DEMO_ACCOUNTS if p.login not in good}
    hashes = {login: passwords.hash(word, login=login) for login, word in fresh.items()}
    logins = []
    with sessions.begin() as session:
        for person in DEMO_ACCOUNTS:
            account = _account(session, person, hashes.get(person.login), now)
            old = kept.get(person.login)
            login = DemoLogin(
                role=person.role.value,
                login=person.login,
                password=fresh.get(person.login) or kept[person.login].password,
                token="",
                name=person.name,
                party=PARTIES.get(person.party or ""),
                office=person.office,
                regions=person.regions,
            )
            logins.append(
                replace(login, token=_token(session, account, old.token if old else "", now))
            )
    _write(demo_file(config), logins)
    return logins


def _account(session: Session, person: Person, password_hash: str | None, now: datetime) -> Account:
    account = session.scalar(select(Account).where(Account.login == person.login))
    if account is None:
        assert password_hash is not None
        new = NewAccount(
            login=person.login,
            name=person.name,
            password_hash=password_hash,
            role=person.role,
            party=_party(session, person.party, now),
            office=office_by_code(session, person.office) if person.office else None,
            regions=person.regions,
            time_zone=person.time_zone,
            demo=True,
        )
        return accounts.create(session, new, actor=SYSTEM.actor, now=now)
    if password_hash is not None:
        accounts.change(session, account, by=SYSTEM, now=now, password_hash=password_hash)
    return account


def _party(session: Session, letter: str | None, now: datetime) -> Party | None:
    if letter is None:
        return None
    election = current_election(session)
    abbreviation = f"Contoh {letter}"
    return take_part(
        session, election, name=PARTIES[letter], abbreviation=abbreviation, now=now
    ).party


def _token(session: Session, account: Account, old: str, now: datetime) -> str:
    row = session.scalar(
        select(ApiToken).where(
            ApiToken.token_sha256 == sha256_of(old),
            ApiToken.account_id == account.id,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now + _RENEW_BEFORE,
        )
    )
    if row is not None:
        return old
    text, _ = issue_token(
        session,
        account,
        label="demo",
        scopes=USUAL_SCOPES[Role(account.role)],
        expires_at=now + _TOKEN_LIFE,
        actor=SYSTEM.actor,
        now=now,
    )
    return text


def _read(path: Path) -> dict[str, DemoLogin]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["accounts"]
        people = [DemoLogin(**{**row, "regions": tuple(row["regions"])}) for row in rows]
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return {}
    return {person.login: person for person in people}


def _write(path: Path, logins: list[DemoLogin]) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        rows = [asdict(login) for login in logins]
        json.dump({"accounts": rows}, file, ensure_ascii=False, indent=2)
    draft.replace(path)
