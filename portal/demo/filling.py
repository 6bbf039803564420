"""Send one party's sample files through the real upload core, as its own people would.

Without a network, but past every rule: tus requests with tokens, the Policy, quota, durable store,
arrivals. What comes after the last byte is the worker's work, as always.

Next station: `sipol worker` checks what was sent; the party's page `/dosir` shows it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from portal.config import Config
from portal.demo.accounts import DemoLogin
from portal.demo.files import SampleFile
from portal.uploads_process import server_of
from uploads.fedbody import FedBody
from uploads.headers import OFFSET_OCTET_STREAM
from uploads.model import TUS_VERSION, Reply, Request
from uploads.server import UploadServer
from verification.db import Sessions
from verification.models import Participation, Party, ReceivedFile
from verification.states import Role


class NotSent(Exception):
    """The upload core refused a sample file; the sentence is its own."""


def is_filled(sessions: Sessions, party: str) -> bool:
    """Whether the party of that name has sent anything yet."""
    with sessions.read() as session:
        found = session.scalar(
            select(ReceivedFile.id)
            .join(Participation, Participation.id == ReceivedFile.participation_id)
            .join(Party, Party.id == Participation.party_id)
            .where(Party.name == party)
            .limit(1)
        )
        return found is not None


def send(
    config: Config, sessions: Sessions, people: Sequence[DemoLogin], samples: Sequence[SampleFile]
) -> int:
    """Upload the samples with the tokens of `people`; returns how many. Raises NotSent."""
    return asyncio.run(_send_all(server_of(config, 0, sessions), people, samples))


async def _send_all(
    server: UploadServer, people: Sequence[DemoLogin], samples: Sequence[SampleFile]
) -> int:
    try:
        for sample in samples:
            await _send(server, _whose(people, sample).token, sample)
        await server.finisher.settle()
    finally:
        await server.stop()
    return len(samples)


async def _send(server: UploadServer, token: str, sample: SampleFile) -> None:
    content = sample.path.read_bytes()
    metadata = {
        "filename": sample.path.name,
        "purpose": sample.purpose,
        "requirement": sample.requirement,
        "region": sample.region,
        "sha256": hashlib.sha256(content).hexdigest(),
        "batch": "demo",
    }
    headers = {
        "upload-length": str(len(content)),
        "upload-metadata": _spelled(metadata),
        "authorization": f"Bearer {token}",
    }
    created = await _ask(server, "POST", "/files/", headers, b"")
    headers = {"upload-offset": "0", "content-type": OFFSET_OCTET_STREAM}
    await _ask(server, "PATCH", created.headers["Location"], headers, content)


async def _ask(
    server: UploadServer, method: str, path: str, headers: Mapping[str, str], content: bytes
) -> Reply:
    body = FedBody(len(content))
    body.feed(content)
    body.end()
    fields = {"tus-resumable": TUS_VERSION, **headers}
    request = Request(method=method, path=path, headers=fields, body_length=len(content))
    reply = await server.handle(request, body)
    if reply.status >= 300:
        raise NotSent(reply.body.decode())
    return reply


def _whose(people: Sequence[DemoLogin], sample: SampleFile) -> DemoLogin:
    """The operator of the file's region, else the coordinator."""
    operators = (person for person in people if sample.region in person.regions)
    coordinators = (person for person in people if person.role == Role.COORDINATOR)
    return next(operators, None) or next(coordinators)


def _spelled(metadata: Mapping[str, str]) -> str:
    pairs = metadata.items()
    return ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in pairs)
