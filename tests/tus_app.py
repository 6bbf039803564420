"""The real upload server with a policy that lets every bearer in, for tests of clients.

Served by `tests.tus_stand`; root and port come in the environment, the secret is no secret.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from uploads import Arrival, Claim, CreateRequest, CreationRefused, FileStore, Grant, UploadServer
from uploads.receiver import serve

SECRET = b"tests only, thirty-two bytes...."
ELECTION = "2029"


class Permissive:
    """Any bearer but one that says `expired`; region 99 is nobody's."""

    def may_create(self, requests: Sequence[CreateRequest]) -> list[Grant | Exception]:
        return [self._judge(request) for request in requests]

    def _judge(self, request: CreateRequest) -> Grant | CreationRefused:
        if not (request.authorization or "").startswith("Bearer ") or "expired" in (
            request.authorization or ""
        ):
            return CreationRefused(401, "login_required", "Tiket tidak dikenal.", "Unknown ticket.")
        if request.metadata["region"] == "99":
            return CreationRefused(
                403, "out_of_scope", "Wilayah ini tidak termasuk wilayah Anda.", "Not your region."
            )
        claim = Claim(
            election=request.metadata.get("election", ELECTION),
            party="partai-uji",
            requirement=request.metadata["requirement"],
            region=request.metadata["region"],
            purpose=request.metadata["purpose"],
            account="0" * 32,
        )
        return Grant(
            owner="account:" + "0" * 32,
            claim=claim,
            max_size=1 << 32,
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )

    def declared(self, upload_id: str, length: int) -> None:
        """Nothing was reserved."""

    def finished(self, arrivals: Sequence[Arrival]) -> list[Exception | None]:
        """The arrival on disk is all that is needed here."""
        return [None for _ in arrivals]

    def ended(self, upload_id: str, why: str) -> None:
        """Nothing was reserved."""


if __name__ == "__main__":
    serve(
        UploadServer(
            store=FileStore(Path(os.environ["TUS_ROOT"])), secret=SECRET, policy=Permissive()
        ),
        port=int(os.environ["TUS_PORT"]),
    )
