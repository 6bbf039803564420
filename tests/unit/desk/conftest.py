"""The portal with work before an office."""

from tests.office_stand import prepared, stand

__all__ = ["prepared", "stand"]
