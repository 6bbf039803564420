"""duplicates between and within parties, and members counted by kabupaten/kota"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from verification.db import BigKey, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('open', 'summoned')")


def upgrade() -> None:
    op.create_table(
        "duplicate",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("left_participation_id", BigKey, nullable=False),
        sa.Column("left_key", sa.String(length=32), nullable=False),
        sa.Column("left_member_id", sa.BigInteger(), nullable=False),
        sa.Column("left_statement", sa.String(length=200), nullable=True),
        sa.Column("right_participation_id", BigKey, nullable=False),
        sa.Column("right_key", sa.String(length=32), nullable=False),
        sa.Column("right_member_id", sa.BigInteger(), nullable=False),
        sa.Column("right_statement", sa.String(length=200), nullable=True),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("summons", sa.String(length=200), nullable=True),
        sa.Column("resolution", sa.String(length=10), nullable=True),
        sa.Column("kept_participation_id", BigKey, nullable=True),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_by", sa.String(length=60), nullable=True),
        sa.CheckConstraint(
            "(state = 'settled') = (resolution IS NOT NULL)",
            name=op.f("ck_duplicate_settled_has_why"),
        ),
        sa.CheckConstraint(
            "kind IN ('identical', 'other_name', 'similar')", name=op.f("ck_duplicate_kind_known")
        ),
        sa.CheckConstraint(
            "resolution IN ('statement', 'choice', 'absent', 'distinct')",
            name=op.f("ck_duplicate_resolution_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'summoned', 'settled', 'lapsed')",
            name=op.f("ck_duplicate_state_known"),
        ),
        sa.CheckConstraint(
            "left_participation_id <= right_participation_id", name=op.f("ck_duplicate_ordered")
        ),
        sa.ForeignKeyConstraint(
            ["kept_participation_id"], ["participation.id"],
            name=op.f("fk_duplicate_kept_participation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["left_participation_id"], ["participation.id"],
            name=op.f("fk_duplicate_left_participation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["right_participation_id"], ["participation.id"],
            name=op.f("fk_duplicate_right_participation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate")),
        sa.UniqueConstraint(
            "left_participation_id", "left_key", "right_participation_id", "right_key",
            name="uq_duplicate_pair",
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_duplicate_public_id")),
    )  # fmt: skip
    with op.batch_alter_table("duplicate") as batch_op:
        batch_op.create_index(
            "ix_duplicate_open",
            ["left_participation_id", "right_participation_id"],
            unique=False,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        )
        batch_op.create_index(
            "ix_duplicate_right", ["right_participation_id", "right_key"], unique=False
        )

    op.create_table(
        "duplicate_comparison",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("submission_id", BigKey, nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"],
            name=op.f("fk_duplicate_comparison_participation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"],
            name=op.f("fk_duplicate_comparison_submission_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_comparison")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_duplicate_comparison_submission_id")),
    )  # fmt: skip
    with op.batch_alter_table("duplicate_comparison") as batch_op:
        batch_op.create_index("ix_comparison_party", ["participation_id", "id"], unique=False)

    op.create_table(
        "list_tally",
        sa.Column("version_id", BigKey, nullable=False),
        sa.Column("regency_code", sa.String(length=16), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("identical", sa.Integer(), nullable=False),
        sa.Column("other_name", sa.Integer(), nullable=False),
        sa.Column("similar", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["roster_version.id"], name=op.f("fk_list_tally_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", "regency_code", name=op.f("pk_list_tally")),
    )


def downgrade() -> None:
    op.drop_table("list_tally")
    with op.batch_alter_table("duplicate_comparison") as batch_op:
        batch_op.drop_index("ix_comparison_party")

    op.drop_table("duplicate_comparison")
    with op.batch_alter_table("duplicate") as batch_op:
        batch_op.drop_index("ix_duplicate_right")
        batch_op.drop_index("ix_duplicate_open", sqlite_where=OPEN, postgresql_where=OPEN)

    op.drop_table("duplicate")
