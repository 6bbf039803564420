"""bulk lists: rows come in a million at once, so nothing of theirs is filled at random

The member's indices but the one by line go, a page of sorted NIK takes the place of the one by NIK,
and rows no longer look up their version and party one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal.migrations.declarations import respell
from verification.db import BigKey

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEYS = {
    "member": (("participation_id", "participation"), ("version_id", "roster_version")),
    "rejected_row": (("version_id", "roster_version"),),
}
INDICES = {
    "ix_member_nik": ["nik", "participation_id"],
    "ix_member_regency": ["version_id", "regency_code"],
    "ix_member_row_ref": ["version_id", "row_ref"],
    "ix_member_subject": ["version_id", "subject_key"],
}


def upgrade() -> None:
    op.create_table(
        "nik_page",
        sa.Column("version_id", BigKey, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("least", sa.LargeBinary(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["roster_version.id"], name=op.f("fk_nik_page_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", "number", name=op.f("pk_nik_page")),
    )
    for name in INDICES:
        op.drop_index(name, "member")
    for table, keys in KEYS.items():
        if op.get_bind().dialect.name == "sqlite":
            for column, _ in keys:
                respell(
                    table,
                    rf",\s*CONSTRAINT fk_{table}_{column} FOREIGN KEY\([^)]*\)"
                    r" REFERENCES \"?\w+\"? \([^)]*\)",
                    "",
                )
        else:
            for column, _ in keys:
                op.drop_constraint(f"fk_{table}_{column}", table, type_="foreignkey")


def downgrade() -> None:
    for table, keys in KEYS.items():
        for column, other in keys:
            name = f"fk_{table}_{column}"
            if op.get_bind().dialect.name == "sqlite":
                added = f", CONSTRAINT {name} FOREIGN KEY({column}) REFERENCES {other} (id))"
                respell(table, r"\s*\)\s*\Z", added)
            else:
                op.create_foreign_key(name, table, other, [column], ["id"])
    for name, columns in INDICES.items():
        op.create_index(name, "member", columns, unique=False)
    op.drop_table("nik_page")
