"""Migrations of the one database, run by `portal.database`."""
