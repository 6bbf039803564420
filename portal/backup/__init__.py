"""Backups of an installation in use, and the way back.

A folder holds one backup beside the other, each whole by itself; what has not changed since the one
before is the same file on the disk. The database is taken first and the upload root after it: files may
be newer than their rows, which `sipol reconcile` makes, never the other way round. Keys go apart.

Next station: `portal/backup/making.py`.
"""
