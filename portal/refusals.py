"""The portal's own refusals; those of the process stand in `verification.errors`.

Next station: `portal.errors`, which gives each its one HTTP answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from verification.errors import DomainError


class LoginRequired(DomainError):
    """Nobody is signed in, or the session has ended; what was stored stays stored."""


class WrongRole(DomainError):
    """The account's role has nothing to do on this page."""


class ScopeMissing(DomainError):
    """The API token was not given the scope this call needs."""


class WrongPassword(DomainError):
    """Login and password do not fit, or there is no such login: the two must look the same."""


class WeakPassword(DomainError):
    """A new password is too short, too common, or holds the login."""


class LoginTaken(DomainError):
    """Another account has that login."""


class TooManyAttempts(DomainError):
    """A budget is used up for the moment. `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"budget used up for {retry_after} s")
        self.retry_after = retry_after


class TooManyChecks(TooManyAttempts):
    """As many NIK were asked for as are answered for a while: of this network, or of everybody."""


class Busy(DomainError):
    """Too many logins are being checked at this moment; memory is bounded on purpose."""

    retry_after = 2


class CsrfFailed(DomainError):
    """The form does not come from a page of this session."""


class BadInput(DomainError):
    """Fields are missing or do not fit. `fields`: field name → what is wrong with it."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        super().__init__(f"fields: {', '.join(sorted(fields))}")
        self.fields = dict(fields)


class ImageNotDrawn(DomainError):
    """An image is being drawn and will be there soon."""

    retry_after = 2


class KeyReused(DomainError):
    """An Idempotency-Key came again with another request."""


class NotYours(DomainError):
    """An account cannot do this to itself: disable itself or change its own role."""
