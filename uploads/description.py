"""The description of an upload on disk: the JSON of tusd's file store (v2), so that either engine reads it.

What tusd has no field for stands among the metadata under keys that clients may not use. tusd's own
Storage.Path is left out on purpose: without it tusd looks beside the description, and a restored or moved
upload root stays valid.
"""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from uploads.headers import RESERVED_METADATA
from uploads.model import Upload
from uploads.policy import Claim

OWNER = RESERVED_METADATA + "owner"
CLAIM = RESERVED_METADATA + "claim"
CREATED = RESERVED_METADATA + "created"
EXPIRES = RESERVED_METADATA + "expires"
MAX_SIZE = RESERVED_METADATA + "max-size"
JOINED_AS = RESERVED_METADATA + "joined-as"
_as_json = json.JSONEncoder(ensure_ascii=False).encode


def to_info(upload: Upload) -> str:
    """The text of an `.info` file; every metadata value is a string, as tusd requires."""
    ours = {
        OWNER: upload.owner,
        CLAIM: _claim_text(upload.claim),
        CREATED: upload.created_at.isoformat(),
        EXPIRES: upload.expires_at.isoformat(),
        MAX_SIZE: str(upload.max_size),
    }
    if upload.joined_as:
        ours[JOINED_AS] = upload.joined_as
    info = {
        "ID": upload.upload_id,
        "Size": upload.length or 0,
        "SizeIsDeferred": upload.length is None,
        # tusd and we both take the data file's size instead.
        "Offset": 0,
        "MetaData": {**upload.metadata, **ours},
        "IsPartial": upload.partial,
        "IsFinal": bool(upload.parts),
        "PartialUploads": list(upload.parts) or None,
        "Storage": {"Type": "filestore"},
    }
    return _as_json(info)


@lru_cache(maxsize=1024)
def _claim_text(claim: Claim) -> str:
    """The thousand files of an evening's queue have one claim."""
    return _as_json(asdict(claim))


@lru_cache(maxsize=1024)
def _claim_of(text: str) -> Claim:
    return Claim(**json.loads(text))


@lru_cache(512)
def described(text: bytes) -> Upload:
    """`from_info` of bytes, without offset and time: an upload in many requests is parsed once."""
    return from_info(text.decode(), offset=0, changed_at=datetime.fromtimestamp(0, UTC))


def from_info(text: str, *, offset: int, changed_at: datetime) -> Upload:
    """The upload an `.info` file describes. Raises ValueError, KeyError or TypeError on any other text."""
    info: dict[str, Any] = json.loads(text)
    found: dict[str, str] = info["MetaData"]
    return Upload(
        upload_id=info["ID"],
        length=None if info["SizeIsDeferred"] else int(info["Size"]),
        offset=offset,
        metadata={
            key: value for key, value in found.items() if not key.startswith(RESERVED_METADATA)
        },
        owner=sys.intern(found[OWNER]),
        claim=_claim_of(found[CLAIM]),
        max_size=int(found[MAX_SIZE]),
        created_at=datetime.fromisoformat(found[CREATED]),
        expires_at=datetime.fromisoformat(found[EXPIRES]),
        changed_at=changed_at,
        partial=bool(info["IsPartial"]),
        parts=tuple(info["PartialUploads"] or ()),
        joined_as=found.get(JOINED_AS, ""),
    )
