"""Receipts and journals to tamper with."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from verification.chain import (
    ChainPoint,
    Entry,
    ExportRow,
    entry_hash,
    export,
    genesis,
    text_digest,
)
from verification.receipt_keys import PublicKey, SigningKey, TrustedKeys
from verification.receipts import ArrivalFacts, ListFacts, Receipt, SubmissionFacts

NOW = datetime(2022, 8, 14, 16, 59, 7, 250000, UTC)
KEY = SigningKey.from_seed(hashlib.sha256(b"one").digest())
OTHER_KEY = SigningKey.from_seed(hashlib.sha256(b"two").digest())
SINCE = (NOW - timedelta(days=1)).replace(microsecond=0)
TRUSTED = TrustedKeys([PublicKey(public=KEY.public, not_before=SINCE)])
CONTENT = b"%PDF-1.7 a small file"
CHAIN = "ab" * 16


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def arrival_receipt(point: ChainPoint | None = None) -> Receipt:
    return Receipt(
        issuer="KPU Contoh (demo)",
        serial=digest("serial")[:32],
        issued_at=NOW,
        facts=ArrivalFacts(
            upload=digest("upload")[:32],
            election="2029",
            party="partai-a",
            requirement="sk_kab",
            region="32.73",
            purpose="document",
            created_at=NOW - timedelta(hours=2),
            finished_at=NOW,
            size=len(CONTENT),
            sha256=hashlib.sha256(CONTENT).hexdigest(),
        ),
        journal=point or ChainPoint(chain=CHAIN, number=3, head=digest("head")),
    )


def submission_receipt(manifest: bytes = b"{}", files: int = 2) -> Receipt:
    return Receipt(
        issuer="KPU Contoh (demo)",
        serial=digest("other serial")[:32],
        issued_at=NOW,
        facts=SubmissionFacts(
            submission=digest("submission")[:32],
            election="2029",
            party="partai-a",
            round="vermin-1",
            submitted_at=NOW,
            files=files,
            manifest_size=len(manifest),
            manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        ),
        journal=ChainPoint(chain=CHAIN, number=9, head=digest("head")),
    )


def rows(count: int, chain: str = CHAIN) -> list[ExportRow]:
    """A chain of so many entries; every third carries a free text."""
    made: list[ExportRow] = []
    previous = genesis(chain)
    for number in range(1, count + 1):
        text = f"alasan {number}" if number % 3 == 0 else None
        salt = digest(f"salt {number}")[:32]
        entry = Entry(
            chain=chain,
            number=number,
            at=NOW + timedelta(seconds=number),
            actor="account:" + digest(f"actor {number}")[:32],
            kind="file.replaced",
            facts={"upload": digest(f"upload {number}")[:32], "size": number, "last": None},
            text_digest=text_digest(salt, text) if text else None,
        )
        previous = entry_hash(previous, entry)
        made.append(ExportRow(entry=entry, hash=previous, text=text, salt=salt if text else None))
    return made


def point_of(made: list[ExportRow], number: int | None = None) -> ChainPoint:
    """The head after `number` entries, of all by default."""
    count = len(made) if number is None else number
    head = made[count - 1].hash if count else genesis(CHAIN)
    return ChainPoint(chain=CHAIN, number=count, head=head)


def exported(made: list[ExportRow], key: SigningKey = KEY) -> list[str]:
    return list(export(point_of(made), made, key, issuer="KPU Contoh (demo)", at=NOW))


def list_receipt(**changed: int) -> Receipt:
    """Of a list's second version, 40 rows of which 1 is rejected."""
    counts = {
        "version": 2, "size": len(CONTENT), "sent": 40, "stored": 39, "rejected": 1,
        "warned": 3, "added": 4, "removed": 5, "changed": 6,
    }  # fmt: skip
    return Receipt(
        issuer="KPU Contoh (demo)",
        serial=digest("list serial")[:32],
        issued_at=NOW,
        facts=ListFacts(
            roster=digest("roster")[:32],
            election="2029",
            party="partai-a",
            requirement="anggota",
            region="32.73",
            file=digest("list upload")[:32],
            sha256=hashlib.sha256(CONTENT).hexdigest(),
            rows_digest=digest("rows"),
            finished_at=NOW,
            **(counts | changed),
        ),
        journal=ChainPoint(chain=CHAIN, number=7, head=digest("head")),
    )
