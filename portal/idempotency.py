"""One reply for one Idempotency-Key: a client that lost the answer may ask again.

The reply is stored in the transaction of the change itself, so there is never one without the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.models import IdempotentReply
from portal.refusals import BadInput, KeyReused

KEPT = timedelta(days=3)
LONGEST_KEY = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it is recognised again: who, which route, which key, what it said."""

    account_id: int
    route: str
    key: str
    request_sha256: str


def asked(account_id: int, route: str, key: str, body: bytes) -> Asked:
    """Raises BadInput when the key is too long or not printable ASCII."""
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise BadInput({"Idempotency-Key": ["1–80"]})
    return Asked(
        account_id=account_id,
        route=route[:120],
        key=key,
        request_sha256=hashlib.sha256(route.encode() + b"\0" + body).hexdigest(),
    )


def earlier(session: Session, request: Asked) -> tuple[int, dict[str, Any]] | None:
    """Status and body given before. Raises KeyReused when the key came with another request."""
    found = session.scalar(
        select(IdempotentReply).where(
            IdempotentReply.account_id == request.account_id,
            IdempotentReply.route == request.route,
            IdempotentReply.key == request.key,
        )
    )
    if found is None:
        return None
    if found.request_sha256 != request.request_sha256:
        raise KeyReused("the key came with another request before")
    return found.status, found.body


def keep(
    session: Session, request: Asked, status: int, body: dict[str, Any], now: datetime
) -> None:
    """Store a reply; a second one at the same moment fails on the constraint and is rolled back."""
    session.execute(delete(IdempotentReply).where(IdempotentReply.created_at < now - KEPT))
    session.add(
        IdempotentReply(
            account_id=request.account_id,
            route=request.route,
            key=request.key,
            request_sha256=request.request_sha256,
            status=status,
            body=body,
            created_at=now,
        )
    )
    session.flush()
