"""Capability URLs: `/files/{id}~{key}`. Who holds the URL may go on; nobody else can guess it.

`id` is public and random; its first two hex digits are its shard. `key` is the first 128 bits of
HMAC-SHA256(server secret, id): checked without a database, stored and logged nowhere.
"""

import hmac
import re
import secrets
from collections.abc import Sequence

PREFIX = "/files/"
_ID = re.compile(r"[0-9a-f]{32}")
_CAPABILITY = re.compile(r"([0-9a-f]{32})~([0-9a-f]{32})")


def key_for(secret: bytes, upload_id: str) -> str:
    """The key of an upload: 32 lowercase hex digits."""
    return hmac.digest(secret, upload_id.encode(), "sha256").hex()[:32]


def path_for(secret: bytes, upload_id: str) -> str:
    """The path of an upload's capability URL; path only, so that it holds behind any host name."""
    return f"{PREFIX}{upload_id}~{key_for(secret, upload_id)}"


def is_upload_id(text: str) -> bool:
    """32 lowercase hex digits: the only names this package ever joins to a directory."""
    return _ID.fullmatch(text) is not None


def id_from_path(secret: bytes, path: str) -> str | None:
    """The upload id of a capability path, or None when path or key is wrong (constant time)."""
    if not path.startswith(PREFIX):
        return None
    found = _CAPABILITY.fullmatch(path[len(PREFIX) :])
    if found is None:
        return None
    upload_id, key = found.groups()
    return upload_id if hmac.compare_digest(key, key_for(secret, upload_id)) else None


def mint_id(shards: Sequence[int]) -> str:
    """A new random upload id whose first two hex digits are one of `shards` (0–255)."""
    # One question to the kernel for all of it. The shard is no secret and may lean a little.
    drawn = secrets.token_bytes(17)
    shard = shards[int.from_bytes(drawn[:2]) % len(shards)]
    return f"{shard:02x}{drawn[2:].hex()}"


def shard_of(upload_id: str) -> int:
    """The shard (0–255) an id belongs to."""
    return int(upload_id[:2], 16)
