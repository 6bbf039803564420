"""Token buckets in the database: what a crowd or a guesser may do in a while, on every process alike.

A subject is stored as a digest: logins and addresses are nobody's reading.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Executable, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.models import Budget
from portal.refusals import TooManyAttempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """`size` attempts at once, then one every `seconds_each`."""

    kind: str
    size: float
    seconds_each: float


# Nobody is locked out for good, and nobody can lock somebody else out: a browser that has signed
# in before has a bucket of its own, and so has every network.
LOGIN_ANYONE = Bucket(kind="login-all", size=200, seconds_each=0.05)
LOGIN_ACCOUNT = Bucket(kind="login-account", size=60, seconds_each=5)
LOGIN_NETWORK = Bucket(kind="login-account-net", size=8, seconds_each=20)
LOGIN_DEVICE = Bucket(kind="login-device", size=8, seconds_each=20)


def take(session: Session, bucket: Bucket, subject: str, now: datetime, *, cost: float = 1) -> None:
    """Take `cost` from a subject's bucket. Raises TooManyAttempts with the seconds to wait."""
    digest = hashlib.sha256(f"{bucket.kind}:{subject}".encode()).hexdigest()
    session.execute(_fresh(session, bucket, digest, now))
    row = session.scalars(
        select(Budget).where(Budget.kind == bucket.kind, Budget.subject == digest).with_for_update()
    ).one()
    gained = max(0.0, (now - row.refilled_at).total_seconds()) / bucket.seconds_each
    row.tokens = min(bucket.size, row.tokens + gained)
    row.refilled_at = max(row.refilled_at, now)
    if row.tokens < cost:
        raise TooManyAttempts(math.ceil((cost - row.tokens) * bucket.seconds_each))
    row.tokens -= cost
    session.flush()


def network_of(address: str | None) -> str:
    """The network of a client's address: behind carrier NAT addresses change, in IPv6 they are free."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    prefix = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))


def _fresh(session: Session, bucket: Bucket, digest: str, now: datetime) -> Executable:
    # Two first attempts at once must not meet at the unique constraint.
    values = {"kind": bucket.kind, "subject": digest, "tokens": bucket.size, "refilled_at": now}
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(Budget).values(values).on_conflict_do_nothing()
    return postgresql.insert(Budget).values(values).on_conflict_do_nothing()
