"""Who signs, and under which name: what the worker and the submission service hold.

Next station: `verification.issuing` makes receipts with it, `verification.journal` signs heads.
"""

from __future__ import annotations

from dataclasses import dataclass

from verification.receipt_keys import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The private receipt key and the issuer's name as receipts print it."""

    key: SigningKey
    issuer: str
