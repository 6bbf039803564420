"""who made a version of a window and when; one general version of a number, which NULL let slip"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from verification.db import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

GENERAL = sa.text("participation_id IS NULL")


def upgrade() -> None:
    # Empty for those that came with the election.
    op.add_column("window", sa.Column("made_by", sa.String(length=60), nullable=True))
    op.add_column("window", sa.Column("made_at", UtcDateTime(), nullable=True))
    op.create_index(
        "uq_window_general",
        "window",
        ["stage_id", "version"],
        unique=True,
        sqlite_where=GENERAL,
        postgresql_where=GENERAL,
    )


def downgrade() -> None:
    op.drop_index("uq_window_general", table_name="window")
    with op.batch_alter_table("window") as batch_op:
        batch_op.drop_column("made_at")
        batch_op.drop_column("made_by")
