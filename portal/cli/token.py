"""`sipol token ACCOUNT`: a new API token on standard output, shown this once."""

from __future__ import annotations

from datetime import timedelta

import click

from portal.cli.account import by_login
from portal.cli.installation import configuration, database, refusals
from portal.clock import system_clock
from portal.credentials import ApiScope, issue_token
from portal.models import Account
from portal.provisioning import SYSTEM, USUAL_SCOPES
from verification.states import Role


@click.command()
@click.argument("login", metavar="ACCOUNT")
@click.option(
    "--scopes", help="Dipisah koma: read,upload,submit,review,manage. Bawaan: menurut peran."
)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366))
@click.option("--label", default="sipol token", show_default=True)
def token(*, login: str, scopes: str | None, days: int, label: str) -> None:
    """Buat token API untuk ACCOUNT dan tampilkan sekali ini saja.

    Make an API token for ACCOUNT and print it, this once.
    """
    config, now = configuration(), system_clock()
    with database(config) as sessions, refusals(), sessions.begin() as session:
        account = by_login(session, login)
        text, _ = issue_token(
            session,
            account,
            label=label,
            scopes=_scopes(scopes, account),
            expires_at=now + timedelta(days=days),
            actor=SYSTEM.actor,
            now=now,
        )
    click.echo(text)


def _scopes(given: str | None, account: Account) -> tuple[ApiScope, ...]:
    if given is None:
        return USUAL_SCOPES[Role(account.role)]
    try:
        return tuple(ApiScope(word.strip()) for word in given.split(","))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--scopes") from None
