"""A table's declaration changed in place on SQLite, where nothing of what is stored changes with it.

Copying a table instead would need the references to it to be switched off, which SQLite refuses
inside a transaction (sqlite.org/lang_altertable, section 7).

Next station: the migrations that change a constraint.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op


def respell(table: str, pattern: str, replacement: str) -> None:
    """Replace the one place of a table's declaration that `pattern` finds.

    Only for what leaves no trace in the rows: foreign keys, checks. Raises RuntimeError.
    """
    bind = op.get_bind()
    found = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    old: str = bind.execute(found, {"name": table}).scalar_one()
    new, count = re.subn(pattern, replacement, old, count=1)
    if count != 1:
        raise RuntimeError(f"the declaration of {table} is not as expected")
    version: int = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    bind.execute(
        sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name"),
        {"sql": new, "name": table},
    )
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")
