"""The portal's own tables: people, their sessions and tokens, quota, saved forms."""

from portal.models.access import ApiToken, LoginSession, UploadTicket
from portal.models.accounts import Account, AccountRegion
from portal.models.keeping import Budget, IdempotentReply, PartReservation, Reservation, SavedForm

__all__ = [
    "Account",
    "AccountRegion",
    "ApiToken",
    "Budget",
    "IdempotentReply",
    "LoginSession",
    "PartReservation",
    "Reservation",
    "SavedForm",
    "UploadTicket",
]
