"""`sipol account`: make, list and disable accounts, and set passwords, at the machine itself.

Next station: `portal.accounts`, the service that `/kelola` calls too.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal import accounts
from portal.accounts import NewAccount
from portal.auth.passwords import Passwords
from portal.cli.installation import configuration, database, refusals
from portal.clock import system_clock
from portal.models import Account
from portal.provisioning import SYSTEM, new_password
from portal.seed.parties import take_part
from verification.errors import NotFound
from verification.models import Office, Party
from verification.reference import current_election, office_by_code
from verification.states import Role

ROLES = [role.value for role in Role if role is not Role.SYSTEM]
READ_PASSWORD = "Baca kata sandi dari masukan baku; tanpa ini dibuat acak."  # noqa: S105 - a help text


@click.group()
def account() -> None:
    """Akun: buat, daftar, nonaktifkan, ganti kata sandi."""


@account.command()
@click.argument("login")
@click.option("--name", required=True, help="Nama lengkap.")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--party", help="Nama atau singkatan partai (koordinator, operator).")
@click.option("--new-party", metavar="SINGKATAN", help="Daftarkan --party dengan singkatan ini.")
@click.option("--office", help="Kode kantor: ID, 32, 32.73 (verifikator, pengawas, administrator).")
@click.option(
    "--region", "regions", multiple=True, help="Kode wilayah kerja operator; boleh diulang."
)
@click.option("--time-zone", default="Asia/Jakarta", show_default=True)
@click.option("--password-stdin", is_flag=True, help=READ_PASSWORD)
def create(
    login: str,
    *,
    name: str,
    role: str,
    party: str | None,
    new_party: str | None,
    office: str | None,
    regions: tuple[str, ...],
    time_zone: str,
    password_stdin: bool,
) -> None:
    """Buat akun LOGIN dan tampilkan kata sandinya bila dibuat acak."""
    config = configuration()
    password = _password(from_stdin=password_stdin)
    with database(config) as sessions, refusals():
        password_hash = Passwords().hash(password, login=login)
        with sessions.begin() as session:
            new = NewAccount(
                login=login,
                name=name,
                password_hash=password_hash,
                role=Role(role),
                party=_party(session, party, new_party),
                office=office_by_code(session, office) if office else None,
                regions=regions,
                time_zone=time_zone,
            )
            accounts.create(session, new, actor=SYSTEM.actor, now=system_clock())
    _show(login, password, secret=password_stdin)


@account.command()
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help=READ_PASSWORD)
def password(login: str, *, password_stdin: bool) -> None:
    """Ganti kata sandi LOGIN; semua sesinya berakhir."""
    config = configuration()
    text = _password(from_stdin=password_stdin)
    with database(config) as sessions, refusals():
        password_hash = Passwords().hash(text, login=login)
        with sessions.begin() as session:
            accounts.change(
                session,
                by_login(session, login),
                by=SYSTEM,
                now=system_clock(),
                password_hash=password_hash,
            )
    _show(login, text, secret=password_stdin)


@account.command()
@click.argument("login")
def disable(login: str) -> None:
    """Nonaktifkan LOGIN; unggahan yang sudah berjalan tetap selesai."""
    config = configuration()
    with database(config) as sessions, refusals(), sessions.begin() as session:
        accounts.disable(session, by_login(session, login), by=SYSTEM, now=system_clock())
    click.echo(f"{login} dinonaktifkan.")


@account.command("list")
@click.option("--json", "as_json", is_flag=True, help="Sebagai JSON.")
def list_(*, as_json: bool) -> None:
    """Daftar akun."""
    config = configuration()
    with database(config) as sessions, refusals(), sessions.read() as session:
        query = select(Account).order_by(Account.role, Account.login)
        rows = [_row(session, found) for found in session.scalars(query)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        place = row["party"] or row["office"] or "-"
        ended = "  (nonaktif)" if row["disabled"] else ""
        click.echo(f"{row['role']:<14} {row['login']:<28} {place}{ended}")


def by_login(session: Session, login: str) -> Account:
    """Raises NotFound."""
    found = session.scalar(select(Account).where(Account.login == login.strip().casefold()))
    if found is None:
        raise NotFound(f"tidak ada akun {login}")
    return found


def _row(session: Session, found: Account) -> dict[str, Any]:
    return {
        "id": found.public_id,
        "login": found.login,
        "name": found.name,
        "role": found.role,
        "party": found.party.name if found.party else None,
        "office": session.get_one(Office, found.office_id).code if found.office_id else None,
        "regions": [row.region_code for row in found.regions],
        "disabled": found.disabled_at is not None,
    }


def _party(session: Session, name: str | None, abbreviation: str | None) -> Party | None:
    if name is None:
        return None
    if abbreviation is not None:
        election = current_election(session)
        return take_part(
            session, election, name=name, abbreviation=abbreviation, now=system_clock()
        ).party
    query = select(Party).where(or_(Party.name == name, Party.abbreviation == name))
    found = session.scalars(query).first()
    if found is None:
        raise NotFound(f"tidak ada partai {name}; daftarkan dengan --new-party SINGKATAN")
    return found


def _password(*, from_stdin: bool) -> str:
    return sys.stdin.readline().rstrip("\n") if from_stdin else new_password()


def _show(login: str, password: str, *, secret: bool) -> None:
    click.echo(f"{login} siap." if secret else f"{login} siap; kata sandi: {password}")
