"""early word: what the first bytes of a list said while the rest was on its way"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from verification.db import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "early_word",
        sa.Column("upload_id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("looked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_early_word")),
    )


def downgrade() -> None:
    op.drop_table("early_word")
