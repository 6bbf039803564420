"""A form whose login had expired is kept, sealed, and offered again to the same account.

For browsers without JavaScript; with it, the page signs in within a dialog and sends again itself.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from flask import g, request
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.auth import csrf
from portal.auth.loading import expired_login
from portal.context import actor, now, services
from portal.models import SavedForm
from verification.errors import NotFound
from verification.secrets import FieldKeys, SealBroken

FIELD = "saved_form"
KEPT = timedelta(hours=12)
LARGEST = 64 * 1024
MOST = 5
_NEVER = frozenset({csrf.FIELD, FIELD})
Fields = list[tuple[str, str]]


def keep() -> None:
    """Keep this request's form if an ended session vouches for it: its cookie and its CSRF token."""
    expired = expired_login()
    if expired is None or request.content_length is None or request.content_length > LARGEST:
        return
    account_id, secret = expired
    if not csrf.fits(csrf.given_token(), secret):
        return
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in _NEVER and "password" not in name
    ]
    with services().sessions.begin() as session:
        _sweep(session, account_id, now())
        form = SavedForm(account_id=account_id, path=request.path[:300], body=b"", created_at=now())
        session.add(form)
        session.flush()
        form.body = services().form_keys.seal(json.dumps(fields).encode(), _context(form))
    g.kept_form = form.public_id


def latest(session: Session, account_id: int) -> SavedForm | None:
    """The form to offer after signing in."""
    return session.scalar(
        select(SavedForm)
        .where(SavedForm.account_id == account_id, SavedForm.created_at > now() - KEPT)
        .order_by(SavedForm.id.desc())
        .limit(1)
    )


def find(session: Session, public_id: str) -> SavedForm:
    """The actor's own saved form. Raises NotFound for anybody else's, an old or an unknown one."""
    form = session.scalar(select(SavedForm).where(SavedForm.public_id == public_id))
    if form is None or form.account_id != actor().account_id or form.created_at <= now() - KEPT:
        raise NotFound("saved form")
    return form


def fields_of(form: SavedForm, keys: FieldKeys) -> Fields:
    """The fields as they were sent. Raises NotFound when the seal does not hold."""
    try:
        opened = json.loads(keys.open(form.body, _context(form)))
    except SealBroken as error:
        raise NotFound("saved form") from error
    return [(str(name), str(value)) for name, value in opened]


def drop(session: Session, form: SavedForm) -> None:
    """Sent again, or not wanted any more."""
    session.delete(form)


def _context(form: SavedForm) -> bytes:
    return f"saved_form:{form.public_id}:{form.account_id}:{form.path}".encode()


def _sweep(session: Session, account_id: int, at: datetime) -> None:
    session.execute(delete(SavedForm).where(SavedForm.created_at <= at - KEPT))
    kept = session.scalar(
        select(func.count()).select_from(SavedForm).where(SavedForm.account_id == account_id)
    )
    if (kept or 0) >= MOST:
        oldest = select(func.min(SavedForm.id)).where(SavedForm.account_id == account_id)
        session.execute(delete(SavedForm).where(SavedForm.id == oldest.scalar_subquery()))
