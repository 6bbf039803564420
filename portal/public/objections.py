"""`/publik/keberatan`: whoever finds his NIK in a party's list objects, and sees what became of it.

A picture of the KTP-el is not asked for: it proves less than the card itself, and would be one more thing
to lose. The office looks at the card; until it has, nothing follows from an objection, and the party is
not named. There is no call of the API for it: programs have no NIK of their own.

Next station: `verification.disputes.filing`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from portal import budgets, dispute_words
from portal.answers import ANSWERS
from portal.budgets import Bucket
from portal.context import now, services
from portal.public import nik as nik_page
from portal.public.blueprint import bp
from portal.refusals import BadInput, TooManyAttempts, TooManyChecks
from verification import reference
from verification.disputes import filing
from verification.disputes.filing import Filed, Person
from verification.disputes.states import PROVEN
from verification.models import Objection
from verification.secrets import is_nik

FILING_NETWORK = Bucket(kind="objection-network", size=10, seconds_each=360)
# One and the same NIK: for who wrote his address wrong, not for who wants to fill an office's desk.
FILING_NIK = Bucket(kind="objection-nik", size=3, seconds_each=28_800)
LOOKING = Bucket(kind="objection-look", size=30, seconds_each=20)
DAY = 86_400
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PHONE = re.compile(r"[+(]?[0-9][0-9 ().-]{6,22}[0-9]")


@dataclass(slots=True)
class Given:
    """What the form brings; `wrong`: field → what is to be mended."""

    nik: str
    name: str
    contact: str
    wrong: dict[str, LazyString] = field(default_factory=dict)


@bp.get("/publik/keberatan/baru")
def objection_form() -> ResponseReturnValue:
    return nik_page.unkept(_form(Given("", "", "")))


@bp.post("/publik/keberatan/baru")
def objection_file() -> ResponseReturnValue:
    """The ticket and its code, shown once; or that no submitted list has the NIK."""
    given = _given()
    if given.wrong:
        response = nik_page.unkept(_form(given))
        response.status_code = ANSWERS[BadInput].status
        return response
    # It tells whether a NIK is listed, so it is one of those questions as well.
    nik_page.spend(request.remote_addr)
    _spend(given.nik)
    with services().sessions.begin() as session:
        filed = filing.file(
            session,
            services().field_keys,
            reference.current_election(session),
            given.nik,
            Person(name=given.name, contact=given.contact),
            now=now(),
            days=services().config.objection_identity_days,
        )
        return nik_page.sized(_form(given, unlisted=True) if filed is None else _filed(filed))


@bp.get("/publik/keberatan")
def objection_look() -> ResponseReturnValue:
    return nik_page.unkept(render_template("public/objection.html"))


@bp.post("/publik/keberatan")
def objection_state() -> ResponseReturnValue:
    """Where an objection stands, for who has ticket and code."""
    with services().sessions.begin() as session:
        _take(session, LOOKING, budgets.network_of(request.remote_addr))
    with services().sessions.read() as session:
        found = filing.look_up(session, request.form.get("nomor", ""), request.form.get("kode", ""))
        if found is None:
            page = nik_page.unkept(render_template("public/objection.html", unknown=True))
            page.status_code = ANSWERS[BadInput].status
            return page
        return nik_page.unkept(_sheet("public/objection.html", found))


def _given() -> Given:
    form = request.form
    name, contact = (" ".join(form.get(each, "").split()) for each in ("nama", "kontak"))
    given = Given(nik_page.digits_of(form.get("nik", "")), name, contact)
    if not is_nik(given.nik):
        given.wrong["nik"] = _("Tulis 16 angka NIK, seperti tertulis di KTP-el.")
    if not name or len(name) > filing.NAME_LIMIT or not _printable(name):
        given.wrong["nama"] = _("Tulis nama seperti di KTP-el, paling banyak 200 huruf.")
    reachable = _MAIL.fullmatch(contact) or _PHONE.fullmatch(contact)
    if not reachable or len(contact) > filing.CONTACT_LIMIT or not _printable(contact):
        given.wrong["kontak"] = _("Tulis alamat surel atau nomor telepon yang dapat dihubungi.")
    if form.get("bukan") != "ya":
        given.wrong["bukan"] = _("Centang pernyataan bahwa Anda bukan anggota.")
    return given


def _printable(text: str) -> bool:
    return not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text)


def _spend(nik: str) -> None:
    day = services().config.objections_day
    everybody = Bucket(kind="objection-day", size=day, seconds_each=DAY / day)
    # Under the field key: a plain digest of a NIK is a NIK to whoever tries them all.
    person = services().field_keys.encipher(nik).hex()
    with services().sessions.begin() as session:
        _take(session, FILING_NETWORK, budgets.network_of(request.remote_addr))
        _take(session, FILING_NIK, person)
        _take(session, everybody, "")


def _take(session: Session, bucket: Bucket, subject: str) -> None:
    try:
        budgets.take(session, bucket, subject, now())
    except TooManyAttempts as refusal:
        raise TooManyChecks(refusal.retry_after) from None


def _form(given: Given, *, unlisted: bool = False) -> str:
    return render_template("public/objection_new.html", given=given, unlisted=unlisted)


def _filed(filed: Filed) -> str:
    return _sheet("public/objection_filed.html", filed.objection, code=filing.spelled(filed.code))


def _sheet(template: str, objection: Objection, **more: str) -> str:
    return render_template(
        template,
        objection=objection,
        ticket=filing.spelled(objection.ticket),
        states=dispute_words.STATES,
        told=dispute_words.TOLD,
        proven={state.value for state in PROVEN},
        **more,
    )
