"""Whether a creation may be: who asks, for what, and whether the process is open for it.

One function judges; the domain's refusals that an upload's sender can meet are worded in
`portal/upload_answers.py`.

Next station: `portal/quota.py`, the last question, asked in the transaction that reserves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Account
from portal.upload_answers import ANSWERS, answer_of
from portal.upload_metadata import CSV, JPEG, PDF, PNG, XLSX, ZIP, Wanted
from portal.uploads_auth import CredentialKind, Credentials
from uploads.errors import CreationRefused
from uploads.policy import Claim, CreateRequest
from verification import intake, reference
from verification.errors import DomainError, NotFound, OutOfScope
from verification.known import Known, KnownElection, KnownParticipation, KnownRegion
from verification.models import Requirement, Roster
from verification.openings import Openings
from verification.states import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A creation and what its metadata say it is for.

    A final upload `begun` when the last of its parts was, which have `parts_bytes` reserved.
    """

    request: CreateRequest
    wanted: Wanted
    begun: datetime | None = None
    parts_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a creation may be for, by inner keys; `round_id`: the round it was judged in."""

    asked: Asked
    account_id: int
    actor: str
    participation_id: int
    chain_id: int
    requirement_id: int
    region_id: int
    round_id: int
    claim: Claim
    max_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What an election holds of what a batch names."""

    election: KnownElection
    parties: dict[int, KnownParticipation]
    requirements: dict[str, Requirement]
    regions: dict[str, KnownRegion]
    openings: Openings


class Judging:
    """Judges a batch of creations in one transaction: each table is asked once for all of them.

    `known`: what the process remembers of this database. `secure`: a cookie is believed from https
    pages only.
    """

    def __init__(
        self,
        session: Session,
        batch: Sequence[Asked],
        now: datetime,
        *,
        known: Known,
        secure: bool,
    ) -> None:
        self._session = session
        self._known = known
        self._now = now
        self._secure = secure
        self._credentials = Credentials(
            session, [(asked.request.cookie, asked.request.authorization) for asked in batch], now
        )
        self._elections: dict[str | None, _Held | DomainError] = {}
        for code in {asked.wanted.election for asked in batch}:
            of_it = [asked for asked in batch if asked.wanted.election == code]
            try:
                election = known.election(session, code)
            except DomainError as error:
                self._elections[code] = error
            else:
                self._elections[code] = self._held(election, of_it)

    def judge(self, asked: Asked) -> Allowed | CreationRefused:
        """Who asks may create what is asked for, quota and submission aside; or why not."""
        try:
            return self._allowed(asked)
        except CreationRefused as refused:
            return refused
        except tuple(ANSWERS) as error:
            return answer_of(error)

    def _allowed(self, asked: Asked) -> Allowed:
        request, wanted = asked.request, asked.wanted
        account = sender_of(self._credentials, request, secure=self._secure)
        held = self._elections[wanted.election]
        if isinstance(held, DomainError):
            raise held
        party = reference.found(held.parties.get(account.party_id or 0), "participation")
        _in_scope(account, wanted.region)
        requirement = reference.in_force(held.requirements.get(wanted.requirement))
        region = reference.found(held.regions.get(wanted.region), "region")
        intake.check_fit(requirement, region.level, wanted.purpose)
        # A file sent in parts was begun with them, and begun before the close counts.
        held.openings.check_slot(party.id, requirement, region.code, self._now, asked.begun)
        _fits(requirement, wanted, request.length)
        if wanted.corrects is not None:
            _own_roster(self._session, party.id, wanted.corrects)
        return Allowed(
            asked=asked,
            account_id=account.id,
            actor=account.actor,
            participation_id=party.id,
            chain_id=party.chain_id,
            requirement_id=requirement.id,
            region_id=region.id,
            round_id=held.openings.round.id,
            claim=Claim(
                election=held.election.code,
                party=party.party,
                requirement=requirement.code,
                region=region.code,
                purpose=wanted.purpose.value,
                account=account.public_id,
            ),
            max_bytes=requirement.max_bytes,
        )

    def _held(self, election: KnownElection, batch: Sequence[Asked]) -> _Held:
        session, known = self._session, self._known
        senders = (
            self._credentials.of(asked.request.cookie, asked.request.authorization)
            for asked in batch
        )
        keys = {sender.account.party_id or 0 for sender in senders if sender is not None}
        parties = known.parties(session, election, keys)
        return _Held(
            election=election,
            parties=parties,
            requirements=reference.newest_requirements(
                session, election.id, {asked.wanted.requirement for asked in batch}
            ),
            regions=known.regions(session, election, {asked.wanted.region for asked in batch}),
            openings=Openings(session, election.id, [party.id for party in parties.values()]),
        )


def sender_of(credentials: Credentials, request: CreateRequest, *, secure: bool) -> Account:
    """Who asks, if it may upload at all. Raises CreationRefused.

    `secure`: a cookie is believed from https pages only.
    """
    credential = credentials.of(request.cookie, request.authorization)
    if credential is None:
        raise CreationRefused(
            401,
            "login_required",
            "Sesi masuk Anda berakhir. Masuk lagi, lalu unggahan dilanjutkan.",
            "Your session has ended. Sign in again, then the upload goes on.",
        )
    if credential.kind is CredentialKind.SESSION and not same_origin(request, secure=secure):
        raise CreationRefused(
            403,
            "foreign_origin",
            "Permintaan ini tidak datang dari halaman portal.",
            "This request does not come from a page of the portal.",
        )
    if not credential.may_upload:
        raise CreationRefused(
            403,
            "scope_missing",
            "Token ini tidak diberi izin untuk mengunggah berkas.",
            "This token was not given leave to upload files.",
        )
    if credential.account.role not in (Role.COORDINATOR, Role.OPERATOR):
        raise CreationRefused(
            403,
            "wrong_role",
            "Hanya koordinator dan operator partai yang mengunggah berkas.",
            "Only coordinators and operators of a party upload files.",
        )
    return credential.account


def same_origin(request: CreateRequest, *, secure: bool) -> bool:
    """Whether a browser's POST comes from a page of this host; one without Origin does not."""
    origin = urlsplit(request.origin or "")
    if origin.scheme != "https" and (secure or origin.scheme != "http"):
        return False
    return bool(request.host) and origin.netloc.lower() == (request.host or "").lower()


def _in_scope(account: Account, region: str) -> None:
    # A coordinator works on everything; an operator without a region works on nothing.
    scope = reference.Scope(tuple(row.region_code for row in account.regions))
    everything = account.role == Role.COORDINATOR and not scope.codes
    if not everything and not scope.covers(region):
        raise OutOfScope("the region is outside the account's")


def _fits(requirement: Requirement, wanted: Wanted, length: int | None) -> None:
    if wanted.media_type not in requirement.accepts:
        kinds = ", ".join(_KINDS.get(kind, kind) for kind in requirement.accepts)
        raise CreationRefused(
            415,
            "unsupported_type",
            f"Jenis berkas ini tidak diterima untuk syarat ini. Yang diterima: {kinds}.",
            f"This requirement does not take this kind of file. It takes: {kinds}.",
        )
    if length is not None and length > requirement.max_bytes:
        size = requirement.max_bytes // 1024**2
        raise CreationRefused(
            413,
            "too_large",
            f"Berkas lebih besar daripada batas syarat ini, {size} MB.",
            f"The file is larger than this requirement allows, {size} MB.",
        )


def _own_roster(session: Session, participation_id: int, public_id: str) -> None:
    found = session.scalar(
        select(Roster.id).where(
            Roster.public_id == public_id,
            Roster.participation_id == participation_id,
            Roster.withdrawn_at.is_(None),
        )
    )
    if found is None:
        raise NotFound("no such list of this party")


_KINDS = {PDF: "PDF", JPEG: "JPEG", PNG: "PNG", CSV: "CSV", XLSX: "XLSX", ZIP: "ZIP"}
