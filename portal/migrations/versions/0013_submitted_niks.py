"""an index by NIK of all that a party has submitted: a citizen's question was one for every list"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from verification.db import BigKey, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("duplicate_comparison", sa.Column("indexed_at", UtcDateTime(), nullable=True))
    op.create_table(
        "submitted_nik",
        sa.Column("comparison_id", BigKey, autoincrement=False, nullable=False),
        sa.Column("least", sa.LargeBinary(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comparison_id"],
            ["duplicate_comparison.id"],
            name=op.f("fk_submitted_nik_comparison_id"),
        ),
        sa.PrimaryKeyConstraint("comparison_id", "least", name=op.f("pk_submitted_nik")),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Ciphertext grows no smaller.
        op.execute("ALTER TABLE submitted_nik ALTER COLUMN content SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_table("submitted_nik")
    op.drop_column("duplicate_comparison", "indexed_at")
