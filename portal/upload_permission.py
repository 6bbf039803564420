"""Whether a creation may be: who asks, for what, and whether the process is open for it.

One function judges; the refusals that an upload's sender can meet stand in one table. A final no
is never 409, 408 or 429: clients try again on the first and lose a resumable upload on the others
(tus.md 5), so what a page answers 409 is 403 here.

Next station: `portal/quota.py`, the last question, asked in the transaction that reserves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Account
from portal.upload_metadata import CSV, JPEG, PDF, PNG, XLSX, ZIP, Wanted
from portal.uploads_auth import CredentialKind, resolve
from uploads.errors import CreationRefused
from uploads.policy import CreateRequest
from verification import intake, reference
from verification.errors import (
    DomainError,
    DossierLocked,
    NotFound,
    OutOfScope,
    QuotaExceeded,
    UnknownRequirement,
    WindowClosed,
)
from verification.models import Election, Participation, Region, Requirement, Roster
from verification.states import Role

ANSWERS: dict[type[DomainError], tuple[int, str, str]] = {
    NotFound: (
        400,
        "unknown_target",
        "Pemilu, wilayah, atau daftar yang disebut pada keterangan berkas tidak dikenal.",
    ),
    UnknownRequirement: (
        400,
        "unknown_requirement",
        "Syarat ini tidak dikenal, atau tidak menerima berkas untuk tujuan dan wilayah itu.",
    ),
    OutOfScope: (403, "out_of_scope", "Wilayah ini di luar wilayah kerja akun Anda."),
    WindowClosed: (
        403,
        "window_closed",
        "Tahapan ini belum dibuka atau sudah ditutup bagi partai Anda.",
    ),
    DossierLocked: (
        403,
        "dossier_locked",
        "Bagian dosir ini sudah dikirim dan terkunci; yang terbuka hanya butir yang perlu diperbaiki.",
    ),
    QuotaExceeded: (
        413,
        "quota_exceeded",
        "Ruang penyimpanan partai Anda tidak cukup untuk berkas ini.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a creation may be for; rows of the session that judged."""

    account: Account
    election: Election
    participation: Participation
    requirement: Requirement
    region: Region


@contextmanager
def answered() -> Iterator[None]:
    """Turn the domain's refusals into the upload server's. Others pass, and are answered 503."""
    try:
        yield
    except tuple(ANSWERS) as error:
        raise CreationRefused(*ANSWERS[type(error)]) from None


def judge(
    session: Session, request: CreateRequest, wanted: Wanted, now: datetime, *, secure: bool
) -> Allowed:
    """Who asks may create what is asked for, quota aside. Raises CreationRefused or a DomainError.

    `secure`: a cookie is believed from https pages only.
    """
    account = _sender(session, request, now, secure=secure)
    election = reference.current_election(session, wanted.election)
    participation = reference.participation_of(session, account.party_id or 0, election)
    _in_scope(account, wanted.region)
    requirement = reference.requirement_by_code(session, election, wanted.requirement)
    region = reference.region_of(session, election, wanted.region)
    intake.may_receive(session, participation, requirement, region, wanted.purpose, now)
    _fits(requirement, wanted, request.length)
    if wanted.corrects is not None:
        _own_roster(session, participation, wanted.corrects)
    return Allowed(
        account=account,
        election=election,
        participation=participation,
        requirement=requirement,
        region=region,
    )


def _sender(session: Session, request: CreateRequest, now: datetime, *, secure: bool) -> Account:
    credential = resolve(
        session, cookie=request.cookie, authorization=request.authorization, now=now
    )
    if credential is None:
        raise CreationRefused(
            401,
            "login_required",
            "Sesi masuk Anda berakhir. Masuk lagi, lalu unggahan dilanjutkan.",
        )
    if credential.kind is CredentialKind.SESSION and not same_origin(request, secure=secure):
        raise CreationRefused(
            403, "foreign_origin", "Permintaan ini tidak datang dari halaman portal."
        )
    if not credential.may_upload:
        raise CreationRefused(
            403, "scope_missing", "Token ini tidak diberi izin untuk mengunggah berkas."
        )
    if credential.account.role not in (Role.COORDINATOR, Role.OPERATOR):
        raise CreationRefused(
            403, "wrong_role", "Hanya koordinator dan operator partai yang mengunggah berkas."
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
            415, "unsupported_type", f"Jenis berkas ini tidak diterima untuk syarat ini: {kinds}."
        )
    if length is not None and length > requirement.max_bytes:
        size = requirement.max_bytes // 1024**2
        raise CreationRefused(
            413, "too_large", f"Berkas lebih besar daripada batas syarat ini, {size} MB."
        )


def _own_roster(session: Session, participation: Participation, public_id: str) -> None:
    found = session.scalar(
        select(Roster.id).where(
            Roster.public_id == public_id,
            Roster.participation_id == participation.id,
            Roster.withdrawn_at.is_(None),
        )
    )
    if found is None:
        raise NotFound("no such list of this party")


_KINDS = {PDF: "PDF", JPEG: "JPEG", PNG: "PNG", CSV: "CSV", XLSX: "XLSX", ZIP: "ZIP"}
