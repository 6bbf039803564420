"""what was published is a kept sum: pages counted a million results; results are found by region and kind"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from verification.db import BigKey

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

DOCUMENT = sa.text("member_id IS NULL")
COUNTED = """
INSERT INTO result_tally
SELECT participation_id, round_id, office_id, requirement_id, region_id, roster_id, outcome,
       sum(published), sum(standing)
FROM (
    SELECT now.participation_id, now.round_id, now.office_id, subject.requirement_id,
           subject.region_id, coalesce(version.roster_id, 0) AS roster_id, now.outcome,
           1 AS published, 1 AS standing
    FROM item AS now
    JOIN subject ON subject.id = now.subject_id
    LEFT JOIN roster_version AS version ON version.id = now.member_id / 4294967296
    WHERE now.state = 'published'
    UNION ALL
    SELECT now.participation_id, now.round_id, now.office_id, subject.requirement_id,
           subject.region_id, coalesce(version.roster_id, 0), before.outcome, 0, -1
    FROM item AS now
    JOIN subject ON subject.id = now.subject_id
    JOIN item AS before ON before.id = (
        SELECT max(earlier.id) FROM item AS earlier
        WHERE earlier.subject_id = now.subject_id AND earlier.id < now.id
          AND earlier.state = 'published')
    LEFT JOIN roster_version AS version ON version.id = before.member_id / 4294967296
    WHERE now.state = 'published'
) AS counted
GROUP BY participation_id, round_id, office_id, requirement_id, region_id, roster_id, outcome
"""


def upgrade() -> None:
    op.create_table(
        "result_tally",
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("round_id", BigKey, nullable=False),
        sa.Column("office_id", BigKey, nullable=False),
        sa.Column("requirement_id", BigKey, nullable=False),
        sa.Column("region_id", BigKey, nullable=False),
        sa.Column("roster_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=3), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("standing", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('MS', 'BMS', 'TMS')", name=op.f("ck_result_tally_outcome_known")
        ),
        *(
            sa.ForeignKeyConstraint(
                [f"{table}_id"], [f"{table}.id"], name=op.f(f"fk_result_tally_{table}_id")
            )
            for table in ("participation", "round", "office", "requirement", "region")
        ),
        sa.PrimaryKeyConstraint(
            "participation_id",
            "round_id",
            "office_id",
            "requirement_id",
            "region_id",
            "roster_id",
            "outcome",
            name=op.f("pk_result_tally"),
        ),
    )
    op.create_index("ix_result_tally_office", "result_tally", ["office_id", "round_id"])
    op.execute(COUNTED)
    op.create_index(
        "ix_item_document",
        "item",
        ["participation_id", "round_id", "state", "outcome", "id"],
        sqlite_where=DOCUMENT,
        postgresql_where=DOCUMENT,
    )
    op.drop_index("ix_item_office", "item")
    op.create_index(
        "ix_item_office",
        "item",
        ["office_id", "round_id", "state", "participation_id", "outcome", "id"],
    )


def downgrade() -> None:
    op.drop_index("ix_item_office", "item")
    op.create_index("ix_item_office", "item", ["office_id", "round_id", "state"])
    op.drop_index("ix_item_document", "item")
    op.drop_table("result_tally")
