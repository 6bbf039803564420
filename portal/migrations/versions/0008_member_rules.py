"""what member lists are judged by, as versioned data"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from verification.db import BigKey, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "member_rules",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("election_id", BigKey, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("preset", sa.String(length=20), nullable=False),
        sa.Column("cut_off", sa.Date(), nullable=False),
        sa.Column("minimum_age", sa.Integer(), nullable=False),
        sa.Column("barred_occupations", sa.JSON(), nullable=False),
        sa.Column("no_longer_in_office", sa.JSON(), nullable=False),
        sa.Column("legal_basis", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.String(length=60), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_member_rules_election_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_rules")),
        sa.UniqueConstraint(
            "election_id", "version", name=op.f("uq_member_rules_election_id_version")
        ),
    )


def downgrade() -> None:
    op.drop_table("member_rules")
