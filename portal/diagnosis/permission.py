"""Leave for the small uploads of a diagnosis: `purpose diagnosis` in Upload-Metadata.

Such an upload is a part (`Upload-Concat: partial`) that nobody joins: the server expires parts whether
complete or not, so it never becomes an arrival or a row, and no window has to be open. It takes no quota
of the party; how many there can be is bounded by account and time, how large by `LARGEST`.

Next station: none; the client deletes it, or it expires in minutes.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta

from portal.budgets import Bucket, take
from portal.clock import Clock
from portal.refusals import TooManyAttempts
from portal.upload_permission import sender_of
from portal.uploads_auth import Credentials
from uploads.errors import CreationRefused
from uploads.policy import Claim, CreateRequest, Grant
from verification.db import Sessions

PURPOSE = "diagnosis"
LARGEST = 16 * 1024**2
LIFETIME = timedelta(minutes=10)
# A diagnosis takes one; somebody who repeats it all night keeps 64 MB on the disk at any moment.
ACCOUNT = Bucket(kind="diagnosis", size=6, seconds_each=150)


class Diagnoses:
    """Grants them. `secure`: a cookie is believed from https pages only."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        writing: AbstractContextManager[object],
        *,
        secure: bool,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._writing = writing
        self._secure = secure

    def may_create(self, request: CreateRequest) -> Grant:
        """Raises CreationRefused: not one's own, not a part, too large, or too many of them."""
        if not request.partial or request.length is None or request.length > LARGEST:
            raise CreationRefused(
                400,
                "bad_metadata",
                "Unggahan pemeriksaan adalah satu bagian kecil, tidak lebih.",
                "The upload of a check is one small part and no more.",
            )
        now = self._clock()
        with self._sessions.read() as session:
            credentials = Credentials(session, [(request.cookie, request.authorization)], now)
            account = sender_of(credentials, request, secure=self._secure)
            party = account.party.public_id if account.party is not None else ""
        try:
            with self._writing, self._sessions.begin() as session:
                take(session, ACCOUNT, account.public_id, now)
        except TooManyAttempts as error:
            raise CreationRefused(
                503,
                "too_many_diagnoses",
                "Jalur ini baru saja diperiksa beberapa kali. Tunggu beberapa menit, lalu ulangi.",
                "This line was checked several times just now. Wait a few minutes, then try again.",
                retry_after=error.retry_after,
            ) from None
        return Grant(
            owner=account.actor,
            claim=Claim(
                election="",
                party=party,
                requirement="",
                region="",
                purpose=PURPOSE,
                account=account.public_id,
            ),
            max_size=LARGEST,
            expires_at=now + LIFETIME,
        )
