"""The one way in which a backup says no."""


class BackupRefused(Exception):
    """A backup cannot be made or brought back; the sentence is for the terminal."""
