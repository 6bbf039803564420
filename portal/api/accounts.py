"""Accounts and API tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import accounts, credentials
from portal.api.calls import EVERYBODY, Calls, Page, PageQuery
from portal.api.fields import Moment, Text, cursor_of, public_id, region_code
from portal.auth import sessions
from portal.babel import LOCALES
from portal.context import actor, now, services
from portal.credentials import ApiScope
from portal.models import Account
from portal.refusals import BadInput, LoginTaken, NotYours, WeakPassword
from verification import reference
from verification.errors import NotAllowed, NotFound
from verification.models import Party
from verification.states import Role

calls = Calls("accounts")
MANAGERS = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR, Role.COORDINATOR})
ROLES = [role.value for role in Role if role is not Role.SYSTEM]
DEFAULT_LIFE = timedelta(days=90)


class AccountSchema(Schema):
    """An account one manages."""

    id = fields.String(attribute="public_id")
    login = fields.String()
    name = fields.String()
    role = fields.String()
    party = fields.String(attribute="party.public_id", allow_none=True)
    office = fields.String(attribute="office.code", allow_none=True)
    regions = fields.Function(lambda row: [each.region_code for each in row.regions])
    created_at = Moment()
    disabled_at = Moment(allow_none=True)


class AccountsQuery(PageQuery):
    role = fields.String(validate=validate.OneOf(ROLES), load_default=None)


class NewAccountBody(Schema):
    """A coordinator's new operator takes his party, a supervisor's verifier his office."""

    login = Text(required=True, validate=validate.Length(3, 80))
    name = Text(required=True, validate=validate.Length(1, 120))
    password = Text(required=True, validate=validate.Length(1, 200))
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    party = public_id(load_default=None, allow_none=True)
    office = region_code(load_default=None, allow_none=True)
    regions = fields.List(region_code(), load_default=list, validate=validate.Length(max=600))
    locale = fields.String(validate=validate.OneOf(LOCALES), load_default="id")
    time_zone = Text(validate=validate.Length(max=40), load_default="Asia/Jakarta")


class AccountBody(Schema):
    """What is given is changed."""

    name = Text(validate=validate.Length(1, 120), load_default=None)
    role = fields.String(validate=validate.OneOf(ROLES), load_default=None)
    regions = fields.List(region_code(), load_default=None, validate=validate.Length(max=600))
    password = Text(validate=validate.Length(1, 200), load_default=None)
    disabled = fields.Boolean(load_default=None)


@calls.read("/accounts", summary="The accounts one manages", roles=MANAGERS,
            scope=ApiScope.MANAGE, query=AccountsQuery, reply=AccountSchema,
            paged=True)  # fmt: skip
def list_accounts(session: Session, query: dict[str, Any]) -> Page:
    found = accounts.page(
        session, actor(), after=cursor_of(query), limit=query["limit"] + 1,
        role=Role(query["role"]) if query["role"] else None,
    )  # fmt: skip
    kept = found[: query["limit"]]
    return Page(kept, kept[-1].id if len(found) > len(kept) else None)


@calls.read("/accounts/<id:account_id>", summary="One account", roles=MANAGERS,
            scope=ApiScope.MANAGE, reply=AccountSchema, refusals=(NotFound,))  # fmt: skip
def show_account(session: Session, account_id: str) -> Any:
    return accounts.managed(session, actor(), account_id)


@calls.hashing("POST", "/accounts", summary="Make an account", roles=MANAGERS,
               scope=ApiScope.MANAGE, body=NewAccountBody, reply=AccountSchema, status=201,
               refusals=(LoginTaken, NotAllowed, NotFound, WeakPassword))  # fmt: skip
def make_account(body: dict[str, Any]) -> Any:
    # The hash takes memory and time, and no transaction may wait for it.
    hashed = services().passwords.hash(body["password"], login=body["login"])

    def write(session: Session) -> Account:
        new = _new(session, body, hashed)
        accounts.check_may_create(actor(), new)
        made = accounts.create(session, new, actor=actor().actor, now=now())
        session.refresh(made, ["party", "office"])
        return made

    return write


@calls.hashing("PATCH", "/accounts/<id:account_id>", summary="Change or disable an account",
               roles=MANAGERS, scope=ApiScope.MANAGE, body=AccountBody, reply=AccountSchema,
               refusals=(NotFound, NotAllowed, NotYours, WeakPassword))  # fmt: skip
def change_account(account_id: str, body: dict[str, Any]) -> Any:
    """A new role, scope or password ends the account's sessions; disabling ends tickets too."""
    with services().sessions.read() as session:
        login = accounts.managed(session, actor(), account_id).login
    given = body["password"]
    hashed = services().passwords.hash(given, login=login) if given is not None else None

    def write(session: Session) -> Account:
        account = accounts.managed(session, actor(), account_id)
        accounts.change(
            session, account, by=actor(), now=now(), name=body["name"],
            role=Role(body["role"]) if body["role"] else None, regions=body["regions"],
            password_hash=hashed,
        )  # fmt: skip
        if body["disabled"] is True:
            accounts.disable(session, account, by=actor(), now=now())
        elif body["disabled"] is False:
            accounts.enable(session, account, by=actor(), now=now())
        return account

    return write


@calls.write("POST", "/accounts/<id:account_id>/end-sessions", summary="Sign an account out",
             roles=MANAGERS, scope=ApiScope.MANAGE, refusals=(NotFound,))  # fmt: skip
def end_sessions(session: Session, account_id: str) -> None:
    sessions.end_all(session, accounts.managed(session, actor(), account_id), now=now())


class TokenSchema(Schema):
    """An API token; its text is shown once, when it is made."""

    id = fields.String(attribute="public_id")
    label = fields.String()
    scopes = fields.List(fields.String())
    created_at = Moment()
    expires_at = Moment()


class NewTokenSchema(TokenSchema):
    token = fields.String()


class TokensSchema(Schema):
    items = fields.List(fields.Nested(TokenSchema))


class NewTokenBody(Schema):
    """`expires_at`: at most 366 days away; 90 days when it is not given."""

    label = Text(required=True, validate=validate.Length(1, 80))
    scopes = fields.List(
        fields.String(validate=validate.OneOf([scope.value for scope in ApiScope])),
        required=True,
        validate=validate.Length(1, 5),
    )
    expires_at = Moment(load_default=None)


@calls.read("/tokens", summary="One's own API tokens", roles=EVERYBODY, scope=ApiScope.MANAGE,
            reply=TokensSchema)  # fmt: skip
def list_tokens(session: Session) -> Any:
    return {"items": credentials.tokens_of(session, actor().account_id)}


@calls.write("POST", "/tokens", summary="Make an API token for oneself", roles=EVERYBODY,
             scope=ApiScope.MANAGE, body=NewTokenBody, reply=NewTokenSchema, status=201)  # fmt: skip
def make_token(session: Session, body: dict[str, Any]) -> Any:
    """A token never has more scopes than the credential that makes it."""
    if actor().kind == "token" and not set(body["scopes"]) <= actor().scopes:
        raise BadInput({"scopes": ["more than this token's own"]})
    text, token = credentials.issue_token(
        session,
        session.get_one(Account, actor().account_id),
        label=body["label"],
        scopes=body["scopes"],
        expires_at=body["expires_at"] or now() + DEFAULT_LIFE,
        actor=actor().actor,
        now=now(),
    )
    names = ("public_id", "label", "scopes", "created_at", "expires_at")
    return {**{name: getattr(token, name) for name in names}, "token": text}


@calls.write("DELETE", "/tokens/<id:token_id>", summary="Revoke an API token of one's own",
             roles=EVERYBODY, scope=ApiScope.MANAGE, refusals=(NotFound,))  # fmt: skip
def revoke_token(session: Session, token_id: str) -> None:
    credentials.revoke_token(session, actor().account_id, token_id, actor=actor().actor, now=now())


def _new(session: Session, body: dict[str, Any], hashed: str) -> accounts.NewAccount:
    who, role = actor(), Role(body["role"])
    party = None
    if role in accounts.PARTY:
        wanted = Party.public_id == body["party"] if body["party"] else Party.id == who.party_id
        party = session.scalar(select(Party).where(wanted))
    code = body["office"]
    if code is None and role in accounts.OFFICE:
        code = who.office_code
    office = reference.office_by_code(session, code) if code else None
    return accounts.NewAccount(
        login=body["login"], name=body["name"], password_hash=hashed, role=role, party=party,
        office=office, regions=body["regions"], locale=body["locale"],
        time_zone=body["time_zone"],
    )  # fmt: skip
