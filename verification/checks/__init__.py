"""System checks of what arrived: documents, and scans of members' cards.

Outside the walls: ``documents``, ``scans``, ``derived``, ``reasons``. Behind them, run as tasks of
``verification/sandbox/tasks.py``: ``pages``, ``pictures``, ``bundles``, ``raster``. Nothing is
re-exported here, because the child imports this package too and pays for every import.
"""
