"""Field types of the API: what both databases and every reader can bear."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
PUBLIC_ID = r"[0-9a-f]{32}"
STAGE_CODE = r"[0-9a-z][0-9a-z-]{0,39}"
REGION_CODE = r"(ID|[0-9]{2}(\.[0-9]{2}){0,2})"


class Text(fields.String):
    """A string without control characters; NUL would be refused by PostgreSQL and not by SQLite."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if _CONTROL.search(text):
            raise ValidationError("control characters")
        return text


class Moment(fields.DateTime):
    """A time as `2022-08-14T16:59:07Z`; one without its zone is refused."""

    def _serialize(
        self,
        value: datetime | None,
        attr: str | None,  # noqa: ARG002  marshmallow's signature
        obj: Any,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> Any:
        if value is None:
            return None
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        if moment.tzinfo is None:
            raise ValidationError("a time without its zone")
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError("out of range") from None


def row_key(text: str) -> int:
    """A row's number in an address; ValueError for what no database counts as far as."""
    key = int(text)
    if not 0 <= key < 2**63:
        raise ValueError("out of range")
    return key


def public_id(**kwargs: Any) -> Text:
    """32 lowercase hex digits."""
    return Text(validate=validate.Regexp(f"^{PUBLIC_ID}\\Z"), **kwargs)


def region_code(**kwargs: Any) -> Text:
    """`ID`, `32`, `32.73`, `32.73.01`."""
    return Text(validate=validate.Regexp(f"^{REGION_CODE}\\Z"), **kwargs)


class PageQuery(Schema):
    """Lists go by cursor: `next` of one answer is `cursor` of the next question."""

    cursor = fields.String(validate=validate.Regexp(r"^[0-9]{1,18}\Z"), load_default="0")
    limit = fields.Integer(validate=validate.Range(1, 200), load_default=50)


def cursor_of(query: dict[str, Any]) -> int:
    """The inner key after which a list goes on; 0 is its beginning."""
    return int(query["cursor"])
