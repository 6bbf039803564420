"""parts of a file that is sent side by side take quota of their own until they are joined"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from verification.db import BigKey, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "part_reservation",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("upload_id", sa.String(length=32), nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("final_id", sa.String(length=32), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_part_reservation_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["participation_id"],
            ["participation.id"],
            name=op.f("fk_part_reservation_participation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_part_reservation")),
        sa.UniqueConstraint("upload_id", name=op.f("uq_part_reservation_upload_id")),
    )
    with op.batch_alter_table("part_reservation") as batch_op:
        batch_op.create_index(
            "ix_part_reservation_participation", ["participation_id"], unique=False
        )
        batch_op.create_index("ix_part_reservation_final", ["final_id"], unique=False)


def downgrade() -> None:
    op.drop_table("part_reservation")
