"""The tus protocol and the bytes: what a party sends is stored here, durably, before it is acknowledged.

Inward: `Policy` (the portal decides) and `ArrivalLog` (the portal reads). Outward: `UploadServer` over a
`Store`, put on the wire by `uploads.receiver.serve`.
"""

from uploads.arrivals import ArrivalLog
from uploads.capability import id_from_path, is_upload_id, key_for, path_for
from uploads.counters import Counters
from uploads.errors import CreationRefused, Refusal
from uploads.filestore import FileStore
from uploads.policy import Arrival, Claim, CreateRequest, Grant, Policy
from uploads.server import UploadServer
from uploads.store import Store

__all__ = [
    "Arrival",
    "ArrivalLog",
    "Claim",
    "Counters",
    "CreateRequest",
    "CreationRefused",
    "FileStore",
    "Grant",
    "Policy",
    "Refusal",
    "Store",
    "UploadServer",
    "id_from_path",
    "is_upload_id",
    "key_for",
    "path_for",
]
