"""The only functions that ever run behind the walls: task name → ``module:function``.

A caller names a task, never a function; what is not in this table cannot be run.

Next station: ``verification/sandbox/launcher.py`` starts the child for one of them.
"""

from __future__ import annotations

from collections.abc import Mapping

TASKS: Mapping[str, str] = {
    "sandbox.probe": "verification.sandbox.probe:probe",
    "document.pdf": "verification.checks.pages:read_pdf",
    "document.image": "verification.checks.pictures:read_image",
    "roster.early": "verification.rosters.child:look",
    "roster.read": "verification.rosters.child:read",
    "scans.list": "verification.checks.bundles:list_entries",
    "scans.render": "verification.checks.bundles:render_entries",
}
