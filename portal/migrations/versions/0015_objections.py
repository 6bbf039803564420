"""citizens' objections, and the members they are about"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from verification.db import BigKey, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "objection",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("election_id", BigKey, nullable=False),
        sa.Column("ticket", sa.String(length=12), nullable=False),
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("nik", sa.LargeBinary(length=16), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("filed_at", UtcDateTime(), nullable=False),
        sa.Column("retention", sa.String(length=20), nullable=False),
        sa.Column("hold", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "retention IN ('dossier', 'personal', 'identity_scan')",
            name=op.f("ck_objection_retention_known"),
        ),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_objection_election_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
        sa.UniqueConstraint("public_id", name=op.f("uq_objection_public_id")),
        sa.UniqueConstraint("ticket", name=op.f("uq_objection_ticket")),
    )
    op.create_table(
        "disputed_member",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("objection_id", BigKey, nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("subject_key", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("roster_id", BigKey, nullable=False),
        sa.Column("office_id", BigKey, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("moved_at", UtcDateTime(), nullable=False),
        sa.Column("moved_by", sa.String(length=60), nullable=True),
        sa.CheckConstraint(
            "state IN ('filed', 'suspended', 'unproven', 'struck', 'member', 'withdrawn')",
            name=op.f("ck_disputed_member_state_known"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [f"{table}_id"], [f"{table}.id"], name=op.f(f"fk_disputed_member_{table}_id")
            )
            for table in ("objection", "participation", "roster", "office")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputed_member")),
        sa.UniqueConstraint("public_id", name=op.f("uq_disputed_member_public_id")),
        sa.UniqueConstraint(
            "objection_id",
            "participation_id",
            "subject_key",
            name=op.f("uq_disputed_member_objection_id_participation_id_subject_key"),
        ),
    )
    op.create_index(
        "ix_disputed_member_subject", "disputed_member", ["participation_id", "subject_key"]
    )
    op.create_index("ix_disputed_member_office", "disputed_member", ["office_id", "id"])


def downgrade() -> None:
    op.drop_table("disputed_member")
    op.drop_table("objection")
