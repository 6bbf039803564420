"""One spelling for what is signed or chained: the same value always gives the same bytes.

Canonical JSON here: keys sorted by code point, no spaces, UTF-8 without escapes beyond JSON's own,
no floating point (its spelling differs between languages). Times are UTC with six decimals and Z.
Part of the base install: the standard library only.

Next station: `verification.signed` and `verification.chain`, which work on these bytes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

__all__ = [
    "HEX_SHA256",
    "Json",
    "NotCanonical",
    "canonical",
    "instant",
    "moment",
    "parse",
    "sha256_hex",
]

type_error = "only text, whole numbers, true, false, null, lists and objects have one spelling"

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]

HEX_SHA256 = r"[0-9a-f]{64}"


class NotCanonical(ValueError):
    """A value that has no single spelling, or a text that is not the spelling of its value."""


def canonical(value: Json) -> str:
    """The one spelling of `value`. Raises NotCanonical for floats and foreign types."""
    _check(value)
    text = _SPELLING.encode(value)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical("text with a lone surrogate has no UTF-8 spelling") from None
    return text


_SPELLING = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)


def parse(text: str) -> dict[str, Json]:
    """Read an object from exactly its canonical spelling.

    Raises NotCanonical for anything else: other spacing or order, a key given twice, a float.
    """
    try:
        value = json.loads(text)
        spelled = canonical(value)
    except (ValueError, RecursionError):
        raise NotCanonical("not canonical JSON") from None
    if not isinstance(value, dict) or spelled != text:
        raise NotCanonical("not the canonical spelling of an object")
    return value


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 lowercase hex digits."""
    return hashlib.sha256(data).hexdigest()


def instant(at: datetime) -> str:
    """An aware time as `2022-08-14T16:59:07.000000Z`. Raises NotCanonical for a naive one."""
    if at.tzinfo is None:
        raise NotCanonical("a time without its zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The reverse of `instant`; nothing but its spelling is taken. Raises NotCanonical."""
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise NotCanonical("not a time in UTC") from None
    if instant(at) != text:
        raise NotCanonical("not the canonical spelling of a time")
    return at


def _check(value: object) -> None:
    if value is None or isinstance(value, str | int):
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise NotCanonical("object keys are text")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    else:
        raise NotCanonical(type_error)
