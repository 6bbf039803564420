"""Opaque tokens: random text for the bearer, SHA-256 for the table.

The first letters say what a token is, so that a secret scanner, and `portal.uploads_auth`, can tell
them apart without asking the database.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from enum import StrEnum

_TOKEN = re.compile(r"sipol_([sat])_[A-Za-z0-9_-]{43}")


class TokenKind(StrEnum):
    """The letter after `sipol_`: login session, API token, upload ticket."""

    SESSION = "s"
    API = "a"
    TICKET = "t"


def new_token(kind: TokenKind) -> str:
    """256 random bits with their kind in front: `sipol_a_…`."""
    return f"sipol_{kind.value}_{secrets.token_urlsafe(32)}"


def kind_of(token: str) -> TokenKind | None:
    """What a text claims to be; None when it has no token's form."""
    found = _TOKEN.fullmatch(token)
    return TokenKind(found.group(1)) if found else None


def sha256_of(token: str) -> str:
    """How the tables know a token: 64 hex digits. 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
