"""what a party's files take is a kept sum: a creation added up all of them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from verification.db import BigKey

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "storage",
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_storage_participation_id")
        ),
        sa.PrimaryKeyConstraint("participation_id", name=op.f("pk_storage")),
    )
    op.execute(
        "INSERT INTO storage (participation_id, bytes)"
        " SELECT participation_id, sum(size) FROM file GROUP BY participation_id"
    )


def downgrade() -> None:
    op.drop_table("storage")
