"""pairings of card scans as the party corrects them; pictures with the same bytes found by digest"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from verification.db import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scan_choice",
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("nik", sa.LargeBinary(length=16), nullable=True),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("kta_number", sa.String(length=60), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("chosen_by", sa.String(length=60), nullable=False),
        sa.Column("chosen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_scan_choice_file_id")),
        sa.PrimaryKeyConstraint("file_id", "number", name=op.f("pk_scan_choice")),
    )
    op.add_column(
        "scan", sa.Column("withdrawn", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index("ix_scan_sha256", "scan", ["participation_id", "sha256"])


def downgrade() -> None:
    op.drop_index("ix_scan_sha256", "scan")
    op.drop_column("scan", "withdrawn")
    op.drop_table("scan_choice")
