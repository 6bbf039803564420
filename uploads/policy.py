"""The only door out of this package: what the portal decides about an upload, and what it is told.

The upload server holds no accounts, no parties, no windows. Before it stores the first byte it asks a
Policy; when the last byte is stored it reports an Arrival. A Policy is called in a few threads of its
own, never in the event loop, and only for POST: HEAD, PATCH and DELETE live on the capability URL. Those
who come together are asked for together (`uploads/batches.py`), so that a Policy over a database pays
for one transaction and not for many.

Next station: what a Policy is told of as finished is an arrival on disk first, `uploads/arrivals.py`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a file is sent for: codes and public ids only, frozen at creation.

    `purpose` is `document`, `roster` or `scans`; `region` a dotted region code or `ID`;
    `account` the public id of the sender.
    """

    election: str
    party: str
    requirement: str
    region: str
    purpose: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    """A creation the protocol found in order: `length` in bytes, `metadata` decoded.

    `length` None: declared later, so the Grant's `max_size` is what has to be reserved. `partial`: a
    part of a file that is joined later, usually without metadata. `parts`: a final upload, joined from
    the uploads of these ids, whose keys the client holds. The four header values are the client's,
    verbatim; they are secrets and stay out of `repr`.
    """

    upload_id: str
    length: int | None
    metadata: Mapping[str, str] = field(repr=False)
    authorization: str | None = field(repr=False)
    cookie: str | None = field(repr=False)
    origin: str | None
    host: str | None
    partial: bool = False
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Leave to upload: `owner` is an actor string, `max_size` bytes, `expires_at` aware UTC."""

    owner: str
    claim: Claim
    max_size: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What arrived, as it lies on disk: `size` bytes, `sha256` in hex, both times aware UTC.

    The file is the truth and the row is derived from it (design, "Acceptance is its own step").
    """

    upload_id: str
    size: int
    sha256: str
    created_at: datetime
    finished_at: datetime
    claim: Claim
    metadata: Mapping[str, str] = field(repr=False)

    def to_json(self) -> str:
        """One JSON object with sorted keys; times in ISO 8601 UTC."""
        facts = {
            "upload_id": self.upload_id,
            "size": self.size,
            "sha256": self.sha256,
            "created_at": self.created_at.astimezone(UTC).isoformat(),
            "finished_at": self.finished_at.astimezone(UTC).isoformat(),
            "claim": asdict(self.claim),
            "metadata": dict(self.metadata),
        }
        return json.dumps(facts, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Arrival":
        """The inverse of `to_json`. Raises ValueError, KeyError or TypeError on anything else."""
        facts: dict[str, Any] = json.loads(text)
        return cls(
            upload_id=facts["upload_id"],
            size=facts["size"],
            sha256=facts["sha256"],
            created_at=datetime.fromisoformat(facts["created_at"]),
            finished_at=datetime.fromisoformat(facts["finished_at"]),
            claim=Claim(**facts["claim"]),
            metadata=facts["metadata"],
        )


DEFERRED_BYTES = 256 * 1024 * 1024
"""The most an upload whose length is declared later may have; as much is reserved until then."""


class Policy(Protocol):
    """What the portal implements. Every method may be called from several threads at once."""

    def may_create(self, requests: Sequence[CreateRequest]) -> Sequence[Grant | Exception]:
        """Judge creations before anything is stored: for each, in order, leave or why not.

        Why not is a `uploads.errors.CreationRefused`; anything else is answered 503. A creation has two
        seconds. Raises `uploads.errors.Temporary` when nobody can be judged now; after anything else
        raised, and then nothing may be granted, the creations are asked for one by one.
        """
        ...

    def declared(self, upload_id: str, length: int) -> None:
        """The length of an upload granted without one, in bytes. May come twice, late or never."""
        ...

    def finished(self, arrivals: Sequence[Arrival]) -> Sequence[Exception | None]:
        """Every byte of these is on stable storage and hashed. May come twice and may come late.

        For each, in order, None or why it could not be taken; it is told of again later. What is
        raised is treated as in `may_create`.
        """
        ...

    def ended(self, upload_id: str, why: str) -> None:
        """A granted upload will never finish: `terminated`, `expired` or `not created`."""
        ...
