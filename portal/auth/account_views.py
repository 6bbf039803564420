"""One's own account: language, time zone, password.

Next station: `portal.accounts` writes it and ends the other sessions.
"""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import accounts, security
from portal.actors import Actor
from portal.answers import Answer, answer_for
from portal.auth import sessions
from portal.babel import COOKIE as LANGUAGE_COOKIE
from portal.babel import LOCALES
from portal.context import actor, now, services
from portal.models import Account
from portal.refusals import BadInput, Busy, WeakPassword, WrongPassword

ZONES = (
    ("Asia/Jakarta", "WIB – Jakarta"),
    ("Asia/Makassar", "WITA – Makassar"),
    ("Asia/Jayapura", "WIT – Jayapura"),
)


def install(bp: Blueprint) -> None:
    """The pages of `/akun`, on the blueprint of signing in."""
    bp.add_url_rule("/akun", "account", show)
    bp.add_url_rule("/akun", "change_settings", change_settings, methods=["POST"])
    bp.add_url_rule("/akun/kata-sandi", "change_password", change_password, methods=["POST"])


def show() -> ResponseReturnValue:
    return _page(actor())


def change_settings() -> ResponseReturnValue:
    """Language and zone; the language cookie would stand over it and goes."""
    locale, zone = request.form.get("locale", ""), request.form.get("time_zone", "")
    wrong: dict[str, object] = {}
    if locale not in LOCALES:
        wrong["locale"] = [locale[:5]]
    if zone not in dict(ZONES):
        wrong["time_zone"] = [zone[:40]]
    if wrong:
        raise BadInput(wrong)
    with services().sessions.begin() as session:
        account = session.get_one(Account, actor().account_id)
        account.locale, account.time_zone = locale, zone
    response = make_response(redirect(url_for("auth.account"), 303))
    response.delete_cookie(LANGUAGE_COOKIE)
    return response


def change_password() -> ResponseReturnValue:
    """Needs the old one; every session of the account ends, and this browser gets a new one."""
    who, given = actor(), request.form
    try:
        _check_old(who, given.get("old_password", ""))
        hashed = services().passwords.hash(given.get("new_password", ""), login=who.login)
    except (WrongPassword, WeakPassword, Busy) as refusal:
        answer = answer_for(refusal)
        return _page(who, answer), answer.status
    config = services().config
    with services().sessions.begin() as session:
        account = session.get_one(Account, who.account_id)
        accounts.change(session, account, by=who, now=now(), password_hash=hashed)
        token, _row = sessions.start(
            session,
            account,
            now=now(),
            idle=config.session_idle,
            lifetime=config.session_lifetime,
        )
    flash(_("Kata sandi sudah diganti. Sesi lain akun ini berakhir."), "success")
    response = make_response(redirect(url_for("auth.account"), 303))
    security.set_login_cookie(response, token)
    return response


def _check_old(who: Actor, password: str) -> None:
    with services().sessions.read() as session:
        stored = session.get_one(Account, who.account_id).password_hash
    if not services().passwords.check(stored, password):
        raise WrongPassword("the old password")


def _page(who: Actor, refusal: Answer | None = None) -> str:
    facts = [
        (_("Nama"), who.name),
        (_("Nama masuk"), who.login),
        (_("Partai atau kantor"), who.party_name or who.office_name or "–"),
        (_("Wilayah kerja"), ", ".join(who.regions) or "–"),
    ]
    return render_template("auth/account.html", facts=facts, zones=ZONES, refusal=refusal)
