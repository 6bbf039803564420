"""What a transfer tells whoever watches it, a person or a script, and why it sends nothing.

Next station: `portal.cli.client.screen`.
"""

from typing import Protocol

__all__ = ["FileChanged", "Screen", "SentTwice"]


class FileChanged(Exception):
    """The file was written to while it was being sent; what arrived would be neither version."""


class SentTwice(Exception):
    """The same content for the same purpose is already part of this run."""


class Screen(Protocol):
    """What a transfer tells while it goes on; called from its thread."""

    def hashed(self, number: int, done: int) -> None:
        """Bytes read for the fingerprint so far."""

    def sent(self, number: int, offset: int) -> None:
        """Bytes given to the network so far."""

    def safe(self, number: int, offset: int) -> None:
        """Bytes the server has acknowledged."""

    def waiting(self, number: int, why: str, seconds: float) -> None:
        """Trouble, and when the next attempt is made."""

    def anew(self, number: int) -> None:
        """The server no longer knows the upload; it starts again from the first byte."""

    def resumed(self, number: int, offset: int) -> None:
        """The upload goes on from here, after trouble or from an earlier run."""
