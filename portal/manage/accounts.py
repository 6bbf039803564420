"""Accounts on pages: who there is, making one, changing, disabling, a new password, tokens.

A password is made here and shown once; nobody chooses one for somebody else.

Next station: `portal.accounts`, `portal.credentials`.
"""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import accounts, credentials
from portal.accounts import NewAccount
from portal.api.fields import row_key
from portal.auth import sessions as logins
from portal.context import actor, now, services
from portal.manage.blueprint import bp
from portal.models import Account
from portal.provisioning import new_password
from portal.refusals import BadInput, LoginTaken
from verification import reference
from verification.errors import NotFound
from verification.models import Party
from verification.states import Role

PER_PAGE = 50
ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
ROLES = tuple(role for role in Role if role is not Role.SYSTEM)


@bp.get("/kelola/akun")
def account_list() -> ResponseReturnValue:
    role = next((each for each in ROLES if each.value == request.args.get("peran")), None)
    with services().sessions.read() as session:
        found = accounts.page(
            session,
            actor(),
            after=request.args.get("dari", 0, row_key),
            limit=PER_PAGE + 1,
            role=role,
        )
        kept = found[:PER_PAGE]
        return render_template(
            "manage/accounts.html",
            rows=kept,
            role=role,
            after=kept[-1].id if len(found) > len(kept) else None,
        )


@bp.get("/kelola/akun/baru")
def new_account() -> ResponseReturnValue:
    with services().sessions.read() as session:
        return _form(session, {})


@bp.post("/kelola/akun/baru")
def make_account() -> ResponseReturnValue:
    given = request.form.to_dict()
    password = new_password()
    # The hash takes memory and time, and no transaction may wait for it.
    hashed = services().passwords.hash(password, login=given.get("login", ""))
    try:
        with services().sessions.begin() as session:
            new = _wanted(session, given, hashed)
            accounts.check_may_create(actor(), new)
            made = accounts.create(session, new, actor=actor().actor, now=now())
            return _secret_page(made, password)
    except (BadInput, LoginTaken, NotFound) as refusal:
        with services().sessions.read() as session:
            return _form(session, given, refusal), 422


@bp.get("/kelola/akun/<id:account_id>")
def account(account_id: str) -> ResponseReturnValue:
    with services().sessions.read() as session:
        found = accounts.managed(session, actor(), account_id)
        return render_template(
            "manage/account.html", row=found, tokens=credentials.tokens_of(session, found.id),
            roles=_roles_like(found), self_=found.id == actor().account_id,
        )  # fmt: skip


@bp.post("/kelola/akun/<id:account_id>")
def change_account(account_id: str) -> ResponseReturnValue:
    """Name, role and regions; a new role or scope ends the account's sessions."""
    with services().sessions.begin() as session:
        found = accounts.managed(session, actor(), account_id)
        wanted = request.form.get("role", found.role)
        if wanted not in {role.value for role in _roles_like(found)}:
            raise BadInput({_("Peran"): [wanted]})
        name = request.form.get("name", "").strip()
        if not 1 <= len(name) <= 120:
            raise BadInput({_("Nama"): ["1–120"]})
        regions = _regions(session, request.form.get("regions", ""))
        current = sorted(row.region_code for row in found.regions)
        accounts.change(
            session, found, by=actor(), now=now(),
            name=name if name != found.name else None,
            role=Role(wanted),
            regions=regions if regions != current else None,
        )  # fmt: skip
    flash(_("Akun diubah."), "success")
    return redirect(url_for("manage.account", account_id=account_id), 303)


@bp.post("/kelola/akun/<id:account_id>/sandi")
def reset_password(account_id: str) -> ResponseReturnValue:
    """A new password, shown once; the account is signed out everywhere."""
    password = new_password()
    with services().sessions.read() as session:
        login = accounts.managed(session, actor(), account_id).login
    hashed = services().passwords.hash(password, login=login)
    with services().sessions.begin() as session:
        found = accounts.managed(session, actor(), account_id)
        accounts.change(session, found, by=actor(), now=now(), password_hash=hashed)
        return _secret_page(found, password)


@bp.post("/kelola/akun/<id:account_id>/keadaan")
def switch_account(account_id: str) -> ResponseReturnValue:
    """Disable, or open again."""
    with services().sessions.begin() as session:
        found = accounts.managed(session, actor(), account_id)
        if found.disabled_at is None:
            accounts.disable(session, found, by=actor(), now=now())
            said = _("Akun dinonaktifkan; sesi, token, dan klaimnya berakhir.")
        else:
            accounts.enable(session, found, by=actor(), now=now())
            said = _("Akun diaktifkan lagi.")
    flash(said, "success")
    return redirect(url_for("manage.account", account_id=account_id), 303)


@bp.post("/kelola/akun/<id:account_id>/keluarkan")
def end_sessions(account_id: str) -> ResponseReturnValue:
    with services().sessions.begin() as session:
        logins.end_all(session, accounts.managed(session, actor(), account_id), now=now())
    flash(_("Semua sesi akun ini diakhiri."), "success")
    return redirect(url_for("manage.account", account_id=account_id), 303)


@bp.post("/kelola/akun/<id:account_id>/token/<id:token_id>/cabut")
def revoke_token(account_id: str, token_id: str) -> ResponseReturnValue:
    with services().sessions.begin() as session:
        found = accounts.managed(session, actor(), account_id)
        credentials.revoke_token(session, found.id, token_id, actor=actor().actor, now=now())
    flash(_("Token dicabut."), "success")
    return redirect(url_for("manage.account", account_id=account_id), 303)


def _wanted(session: Session, given: dict[str, str], hashed: str) -> NewAccount:
    role = next((each for each in ROLES if each.value == given.get("role")), None)
    zone = given.get("time_zone", ZONES[0])
    if role is None or zone not in ZONES:
        raise BadInput({_("Peran"): [_("pilih salah satu")]})
    code = given.get("office", "").strip()
    return NewAccount(
        login=given.get("login", ""),
        name=given.get("name", ""),
        password_hash=hashed,
        role=role,
        party=session.scalar(select(Party).where(Party.public_id == given.get("party", ""))),
        office=reference.office_by_code(session, code) if code else None,
        regions=_regions(session, given.get("regions", "")),
        time_zone=zone,
    )


def _regions(session: Session, text: str) -> list[str]:
    codes = sorted({part.strip() for part in text.replace(",", " ").split() if part.strip()})
    election = reference.current_election(session)
    wrong = []
    for code in codes:
        try:
            reference.region_of(session, election, code)
        except NotFound:
            wrong.append(code)
    if wrong:
        raise BadInput({_("Kode wilayah tidak dikenal"): wrong})
    return codes


def _form(session: Session, given: dict[str, Any], refusal: Exception | None = None) -> str:
    return render_template(
        "manage/account_new.html",
        given=given,
        roles=ROLES,
        zones=ZONES,
        refusal=refusal,
        taken=isinstance(refusal, LoginTaken),
        unknown_office=isinstance(refusal, NotFound),
        parties=session.scalars(select(Party).order_by(Party.name)).all(),
    )


def _secret_page(found: Account, password: str) -> str:
    # Answered at once and not after a redirect: the password is nowhere but in this answer.
    return render_template("manage/account_secret.html", row=found, password=password)


def _roles_like(found: Account) -> tuple[Role, ...]:
    for kind in (accounts.PARTY, accounts.OFFICE):
        if Role(found.role) in kind:
            return tuple(role for role in ROLES if role in kind)
    return tuple(r for r in ROLES if r not in accounts.PARTY and r not in accounts.OFFICE)
