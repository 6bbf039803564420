"""Pages of the supervisors, gathered.

Next station: the service each page calls.
"""

from __future__ import annotations

from portal.office import corrections, disputes, views
from portal.office.blueprint import bp

TOPICS = (views, corrections, disputes)

__all__ = ["TOPICS", "bp"]
