"""a member's key says where his row stands, and is the table's only index

Ten million rows had a key of their own and an index by version and line beside it. Both are one number
now; what refers to a row follows it. Nothing is checked for every row any more that the importer
writes from a constant.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

from portal.migrations.declarations import respell
from verification.db import BigKey

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

PLACE = "version_id * 4294967296 + line"
REFERENCES = (
    ("item", "member_id"),
    ("duplicate", "left_member_id"),
    ("duplicate", "right_member_id"),
)
REFERENCE = ", CONSTRAINT fk_item_member_id FOREIGN KEY(member_id) REFERENCES member (id)"
RULES = (
    ", CONSTRAINT ck_member_retention_known"
    " CHECK (retention IN ('dossier', 'personal', 'identity_scan'))"
    ", CONSTRAINT uq_member_version_id_line UNIQUE (version_id, line)"
)


def upgrade() -> None:
    op.create_table(
        "key_page",
        sa.Column("version_id", BigKey, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["roster_version.id"], name=op.f("fk_key_page_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", "number", name=op.f("pk_key_page")),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Neither ciphertext nor keys grow smaller; trying costs as much as storing them.
        for table in ("key_page", "nik_page"):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN content SET STORAGE EXTERNAL")
    _let_go()
    for table, column in REFERENCES:
        op.execute(
            f"UPDATE {table} SET {column} = (SELECT m.version_id * 4294967296 + m.line"  # noqa: S608 - our names
            f" FROM member m WHERE m.id = {table}.{column})"
            f" WHERE EXISTS (SELECT 1 FROM member m WHERE m.id = {table}.{column})"
        )
    if op.get_bind().dialect.name == "sqlite":
        old = _declared("member")
        bare = re.sub(
            r",\s*CONSTRAINT (?:ck_member_retention|uq_member_version).*\Z",
            "\n)",
            old,
            flags=re.DOTALL,
        )
        for column, value in (("retention VARCHAR(20)", "'personal'"), ("hold BOOLEAN", "0")):
            bare = bare.replace(column, f"{column} DEFAULT {value}")
        _rebuild(bare, PLACE)
    else:
        op.execute(
            "ALTER TABLE member DROP CONSTRAINT uq_member_version_id_line,"
            " DROP CONSTRAINT ck_member_retention_known,"
            " ALTER COLUMN retention SET DEFAULT 'personal', ALTER COLUMN hold SET DEFAULT false,"
            " ALTER COLUMN id DROP DEFAULT"
        )
        op.execute("DROP SEQUENCE member_id_seq")
        # One new table instead of two versions of every row.
        op.execute(f"ALTER TABLE member ALTER COLUMN id TYPE bigint USING {PLACE}")
    _hold_on()


def downgrade() -> None:
    """Keys keep their numbers: they only had to be different."""
    op.drop_table("key_page")
    _let_go()
    if op.get_bind().dialect.name == "sqlite":
        declared = re.sub(r" DEFAULT (?:'personal'|0)", "", _declared("member"))
        _rebuild(re.sub(r"\s*\)\s*\Z", RULES + ")", declared), "id")
    else:
        op.execute("CREATE SEQUENCE member_id_seq OWNED BY member.id")
        op.execute("SELECT setval('member_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM member))")
        op.execute(
            "ALTER TABLE member ALTER COLUMN id SET DEFAULT nextval('member_id_seq'),"
            " ALTER COLUMN retention DROP DEFAULT, ALTER COLUMN hold DROP DEFAULT,"
            " ADD CONSTRAINT ck_member_retention_known"
            " CHECK (retention IN ('dossier', 'personal', 'identity_scan')),"
            " ADD CONSTRAINT uq_member_version_id_line UNIQUE (version_id, line)"
        )
    _hold_on()


def _let_go() -> None:
    """Items name no member for a while: rows could not be given other keys under them."""
    if op.get_bind().dialect.name == "sqlite":
        respell("item", r",\s*CONSTRAINT fk_item_member_id [^,]*\(id\)", "")
    else:
        op.drop_constraint("fk_item_member_id", "item", type_="foreignkey")


def _hold_on() -> None:
    if op.get_bind().dialect.name == "sqlite":
        respell("item", r"\s*\)\s*\Z", REFERENCE + ")")
    else:
        op.create_foreign_key("fk_item_member_id", "item", "member", ["member_id"], ["id"])


def _declared(table: str) -> str:
    found = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    return str(op.get_bind().execute(found, {"name": table}).scalar_one())


def _rebuild(declaration: str, key: str) -> None:
    """SQLite takes a constraint away only by copying the table (sqlite.org/lang_altertable, 7)."""
    names = [column["name"] for column in sa.inspect(op.get_bind()).get_columns("member")]
    values = ", ".join(key if name == "id" else name for name in names)
    op.execute("ALTER TABLE member RENAME TO member_before")
    op.execute(declaration)
    op.execute(
        f"INSERT INTO member ({', '.join(names)}) SELECT {values} FROM member_before ORDER BY id"  # noqa: S608 - our names
    )
    op.execute("DROP TABLE member_before")
