"""A call of the API: route, roles, scope, schemas, in one declaration that also describes it.

The wrapper opens the transaction, judges credential, scope and role, reads body and query, keeps
replies by Idempotency-Key, and turns what the function returns into JSON. Nothing can be added to the
API without saying who may call it.

Next station: the function under the declaration, and the service it calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from marshmallow import RAISE, Schema, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.exceptions import UnsupportedMediaType

from portal import idempotency
from portal.actors import Actor
from portal.api.fields import PageQuery
from portal.auth.loading import ticket_holder
from portal.context import actor, actor_or_none, now, services
from portal.credentials import ApiScope
from portal.refusals import BadInput, LoginRequired, ScopeMissing, WrongRole
from verification.errors import DomainError, Stale
from verification.states import Role

EVERYBODY = frozenset(Role) - {Role.SYSTEM}
Handler = Callable[..., Any]


class Nothing(Schema):
    """The body of a call that takes none: absent, or an empty object."""


@dataclass(frozen=True, slots=True)
class Versioned:
    """A reply that carries its object's version as ETag, for If-Match."""

    value: Any
    version: int


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; `next` is the cursor of the part after it, None at the end."""

    items: Iterable[Any]
    next: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One entry of the API. `path` below `/api/v1`, in Flask's spelling."""

    method: str
    path: str
    tag: str
    summary: str
    roles: frozenset[Role]
    scope: ApiScope
    handler: Handler
    writes: bool
    # Another scope that does as well: who may upload may ask what became of it.
    also: ApiScope | None = None
    prepares: bool = False
    query: type[Schema] | None = None
    body: type[Schema] | None = None
    reply: type[Schema] | None = None
    paged: bool = False
    status: int = 200
    media: str = "application/json"
    if_match: bool = False
    idempotent: bool = False
    # What a repeated request gets instead of a stored reply: a function of the session and the
    # reply's id. For replies with personal data, which must stand in no table in clear.
    recall: Callable[[Session, str], Any] | None = None
    ticket: bool = False
    refusals: tuple[type[DomainError], ...] = ()

    @property
    def name(self) -> str:
        return self.handler.__name__


@dataclass(slots=True)
class Calls:
    """The calls of one topic, in the order in which they are described."""

    tag: str
    declared: list[Call] = field(default_factory=list)

    def read(self, path: str, **kwargs: Any) -> Callable[[Handler], Handler]:
        """A GET in a reading transaction."""
        return self._add("GET", path, writes=False, **kwargs)

    def write(self, method: str, path: str, **kwargs: Any) -> Callable[[Handler], Handler]:
        """A change in one writing transaction, committed when the function returns."""
        return self._add(method, path, writes=True, **kwargs)

    def hashing(self, method: str, path: str, **kwargs: Any) -> Callable[[Handler], Handler]:
        """A change whose function works first, and returns what is to be done in the transaction."""
        return self._add(method, path, writes=True, prepares=True, **kwargs)

    def _add(self, method: str, path: str, **kwargs: Any) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            self.declared.append(
                Call(method=method, path=path, tag=self.tag, handler=handler, **kwargs)
            )
            return handler

        return declare


def register(blueprint: Blueprint, call: Call) -> None:
    """Give a call its route."""

    def view(**path: str) -> ResponseReturnValue:
        return _answer(call, path)

    view.__doc__ = call.handler.__doc__
    blueprint.add_url_rule(call.path, endpoint=call.name, view_func=view, methods=[call.method])


def _answer(call: Call, path: dict[str, str]) -> ResponseReturnValue:
    _admit(call)
    arguments: dict[str, Any] = dict(path)
    if call.query is not None:
        arguments["query"] = _load(call.query(unknown=RAISE), _query())
    if call.body is not None:
        body = _load(call.body(unknown=RAISE), _json())
        if call.body is not Nothing:
            arguments["body"] = body
    if call.if_match:
        arguments["version"] = _version()
    key = request.headers.get("Idempotency-Key")
    if call.idempotent and key is not None:
        return _once(call, arguments, key)
    if call.prepares:
        prepared = call.handler(**arguments)
        with services().sessions.begin() as session:
            return _reply(call, prepared(session))
    opened = services().sessions.begin if call.writes else services().sessions.read
    with opened() as session:
        return _reply(call, call.handler(session, **arguments))


def _admit(call: Call) -> None:
    who: Actor | None = actor_or_none()
    if who is None and call.ticket:
        who = ticket_holder()
    if who is None:
        raise LoginRequired(call.name)
    enough = {call.scope.value, call.also.value if call.also else call.scope.value}
    if who.kind == "token" and not enough & who.scopes:
        raise ScopeMissing(call.scope.value)
    if who.role not in call.roles:
        raise WrongRole(f"{who.role} on {call.name}")


def _once(call: Call, arguments: dict[str, Any], key: str) -> ResponseReturnValue:
    asked = idempotency.asked(actor().account_id, request.path, key, request.get_data())
    for attempt in (1, 2):
        try:
            with services().sessions.begin() as session:
                return _first_or_earlier(session, call, arguments, asked)
        except (IntegrityError, Stale):
            # The same request came twice at one moment; the other one's reply is there by now.
            if attempt == 2 or not _answered(asked):
                raise
    raise AssertionError("unreachable")


def _answered(asked: idempotency.Asked) -> bool:
    with services().sessions.read() as session:
        return idempotency.earlier(session, asked) is not None


def _first_or_earlier(
    session: Session, call: Call, arguments: dict[str, Any], asked: idempotency.Asked
) -> Response:
    before = idempotency.earlier(session, asked)
    if before is not None:
        status, body = before
        if call.recall is not None:
            return _reply(call, call.recall(session, body["id"]))
        again = jsonify(body)
        again.status_code = status
        return again
    response = _reply(call, call.handler(session, **arguments))
    body = response.get_json()
    kept = body if call.recall is None else {"id": body["id"]}
    idempotency.keep(session, asked, response.status_code, kept, now())
    return response


def _reply(call: Call, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    version = None
    if isinstance(result, Versioned):
        result, version = result.value, result.version
    if call.reply is None or result is None:
        response = Response(status=204)
    else:
        response = jsonify(_dump(call.reply(), result))
        response.status_code = call.status
    if version is not None:
        response.set_etag(str(version))
    return response


def _dump(schema: Schema, result: Any) -> Any:
    if isinstance(result, Page):
        following = None if result.next is None else str(result.next)
        return {"items": schema.dump(list(result.items), many=True), "next": following}
    return schema.dump(result)


def _query() -> dict[str, Any]:
    # `election` chooses the actor's participation and belongs to every call.
    return {name: value for name, value in request.args.items() if name != "election"}


def _json() -> Any:
    if not request.get_data():
        return {}
    if not request.is_json:
        raise UnsupportedMediaType
    value = request.get_json()
    if not isinstance(value, dict):
        raise BadInput({"body": ["object"]})
    return value


def _load(schema: Schema, data: Any) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        messages = error.messages
        raise BadInput(messages if isinstance(messages, dict) else {"body": messages}) from None
    return loaded


def _version() -> int | None:
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    text = given.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadInput({"If-Match": ["version"]})
    return int(text)


__all__ = [
    "EVERYBODY",
    "Call",
    "Calls",
    "Nothing",
    "Page",
    "PageQuery",
    "Versioned",
    "register",
]
