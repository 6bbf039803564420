"""The tus protocol and the bytes: what a party sends is stored here, durably, before it is acknowledged."""

from uploads.arrivals import ArrivalLog
from uploads.errors import CreationRefused, Refusal
from uploads.policy import Arrival, Claim, CreateRequest, Grant, Policy

__all__ = [
    "Arrival",
    "ArrivalLog",
    "Claim",
    "CreateRequest",
    "CreationRefused",
    "Grant",
    "Policy",
    "Refusal",
]
