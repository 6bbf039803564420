"""lists that wait for the party's word: their stages, and which version they were compared with"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

from portal.migrations.declarations import respell

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CHECK = "ck_roster_version_stage_known"
BEFORE = ("stored", "reading", "checked", "saving", "comparing", "done", "failed")
AFTER = (*BEFORE[:5], "waiting", "done", "discarded", "failed")


def upgrade() -> None:
    _allow(AFTER)
    op.add_column("roster_version", sa.Column("against", sa.Integer(), nullable=True))


def downgrade() -> None:
    # What waits or was not wanted is in force nowhere; the older portal knows that as failed.
    op.execute("UPDATE roster_version SET stage = 'failed' WHERE stage IN ('waiting', 'discarded')")
    op.drop_column("roster_version", "against")
    _allow(BEFORE)


def _allow(stages: tuple[str, ...]) -> None:
    listed = f"stage IN ({', '.join(repr(stage) for stage in stages)})"
    if op.get_bind().dialect.name == "sqlite":
        respell("roster_version", rf"({CHECK} CHECK )\({_ANY}\)", rf"\g<1>({listed})")
        return
    op.drop_constraint(op.f(CHECK), "roster_version", type_="check")
    op.create_check_constraint(op.f(CHECK), "roster_version", listed)


_ANY = re.escape("stage IN (") + r"[^)]*" + re.escape(")")
