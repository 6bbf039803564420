"""What the core speaks of: an upload, a request, a reply. Frozen; nothing here knows a web server.

Next station: `uploads/rules.py` judges a Request, and then a Request against an Upload.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from uploads.policy import Claim

TUS_VERSION = "1.0.0"
NO_METADATA: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload as its store knows it.

    `length` and `offset` in bytes, `length` None until it is declared; `metadata` is the client's,
    decoded; `changed_at` is the time of the last byte. `partial`: a part of a file to be joined;
    `parts`: the ids this final upload is joined from, in order, and `joined_as` how its creator named
    them, keys left out. Everything but `length`, `offset` and `changed_at` was fixed at creation.
    """

    upload_id: str
    length: int | None
    offset: int
    metadata: Mapping[str, str] = field(repr=False)
    owner: str
    claim: Claim
    max_size: int
    created_at: datetime
    expires_at: datetime
    changed_at: datetime
    partial: bool = False
    parts: tuple[str, ...] = ()
    joined_as: str = ""

    @property
    def finished(self) -> bool:
        return self.offset == self.length

    @property
    def perishable(self) -> bool:
        """Whether its time can run out: only a whole file is exempt, and a part is none."""
        return self.partial or not self.finished

    @property
    def limit(self) -> int:
        """How many bytes there may be: the declared length, or what was granted without one."""
        return self.max_size if self.length is None else self.length


def bare(upload: Upload) -> Upload:
    """Without what nobody asks for while bytes come: ten thousand of them may come slowly."""
    return replace(upload, metadata=NO_METADATA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What this server can do, as OPTIONS says it; `max_size` in bytes."""

    extensions: tuple[str, ...]
    algorithms: tuple[str, ...]
    max_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request without its body: `headers` by lower-case name, `body_length` None when chunked.

    Path, query and headers hold secrets and stay out of `repr`. `path` is decoded; `client` is the
    address of the other side, empty behind a Unix socket.
    """

    method: str
    path: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body_length: int | None = 0
    query: str = field(default="", repr=False)
    client: str = field(default="", repr=False)

    @property
    def has_body(self) -> bool:
        return self.body_length != 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: `headers` in their usual spelling (Location holds a key), `body` a problem or empty.

    `repeated`: fields that may stand more than once, as Set-Cookie does.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = b""
    repeated: tuple[tuple[str, str], ...] = field(default=(), repr=False)
