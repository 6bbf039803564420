"""the spine: every table and its doors"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from verification.db import BigKey, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_entry",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("object_kind", sa.String(length=20), nullable=False),
        sa.Column("object_id", sa.String(length=32), nullable=False),
        sa.Column("sealed_number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_entry")),
    )
    with op.batch_alter_table("access_entry") as batch_op:
        batch_op.create_index("ix_access_object", ["object_kind", "object_id"], unique=False)
        batch_op.create_index("ix_access_unsealed", ["sealed_number", "id"], unique=False)

    op.create_table(
        "budget",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("refilled_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_budget_kind_subject")),
    )
    op.create_table(
        "chain",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("head_number", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "kind IN ('participation', 'office', 'system')", name=op.f("ck_chain_kind_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain")),
        sa.UniqueConstraint("public_id", name=op.f("uq_chain_public_id")),
    )
    op.create_table(
        "job",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("ready_at", UtcDateTime(), nullable=False),
        sa.Column("worker", sa.String(length=60), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=400), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'leased') = (lease_until IS NOT NULL)", name=op.f("ck_job_leased_has_end")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'leased', 'done', 'failed')", name=op.f("ck_job_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("kind", "about", name=op.f("uq_job_kind_about")),
    )
    with op.batch_alter_table("job") as batch_op:
        batch_op.create_index(
            "ix_job_lease",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'leased'"),
            postgresql_where=sa.text("state = 'leased'"),
        )
        batch_op.create_index(
            "ix_job_ready",
            ["ready_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.create_table(
        "party",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("abbreviation", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party")),
        sa.UniqueConstraint("name", name=op.f("uq_party_name")),
        sa.UniqueConstraint("public_id", name=op.f("uq_party_public_id")),
    )
    op.create_table(
        "region_set",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=400), nullable=False),
        sa.Column("licence", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region_set")),
        sa.UniqueConstraint("code", name=op.f("uq_region_set_code")),
    )
    op.create_table(
        "tombstone",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("erased_at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("public_id", name=op.f("pk_tombstone")),
    )
    op.create_table(
        "election",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("region_set_id", BigKey, nullable=False),
        sa.Column("cut_off", sa.Date(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["region_set_id"], ["region_set.id"], name=op.f("fk_election_region_set_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_election")),
        sa.UniqueConstraint("code", name=op.f("uq_election_code")),
    )
    with op.batch_alter_table("election") as batch_op:
        batch_op.create_index(
            "one_current_election",
            ["current"],
            unique=True,
            sqlite_where=sa.text("current"),
            postgresql_where=sa.text("current"),
        )

    op.create_table(
        "journal_entry",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("chain_id", BigKey, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("note_salt", sa.String(length=32), nullable=True),
        sa.Column("note_digest", sa.String(length=64), nullable=True),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["chain_id"], ["chain.id"], name=op.f("fk_journal_entry_chain_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entry")),
        sa.UniqueConstraint("chain_id", "number", name=op.f("uq_journal_entry_chain_id_number")),
    )
    op.create_table(
        "office",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("time_zone", sa.String(length=40), nullable=False),
        sa.Column("chain_id", BigKey, nullable=False),
        sa.CheckConstraint(
            "level IN ('national', 'province', 'regency', 'district')",
            name=op.f("ck_office_level_known"),
        ),
        sa.ForeignKeyConstraint(["chain_id"], ["chain.id"], name=op.f("fk_office_chain_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office")),
        sa.UniqueConstraint("chain_id", name=op.f("uq_office_chain_id")),
        sa.UniqueConstraint("code", name=op.f("uq_office_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_office_public_id")),
    )
    op.create_table(
        "region",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("region_set_id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("parent_code", sa.String(length=16), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("time_zone", sa.String(length=40), nullable=False),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.Column("population_source", sa.String(length=200), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("successor_code", sa.String(length=16), nullable=True),
        sa.CheckConstraint(
            "level IN ('national', 'province', 'regency', 'district')",
            name=op.f("ck_region_level_known"),
        ),
        sa.ForeignKeyConstraint(
            ["region_set_id"], ["region_set.id"], name=op.f("fk_region_region_set_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region")),
        sa.UniqueConstraint("region_set_id", "code", name=op.f("uq_region_region_set_id_code")),
    )
    with op.batch_alter_table("region") as batch_op:
        batch_op.create_index("ix_region_level", ["region_set_id", "level", "code"], unique=False)
        batch_op.create_index("ix_region_parent", ["region_set_id", "parent_code"], unique=False)

    op.create_table(
        "account",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("party_id", BigKey, nullable=True),
        sa.Column("office_id", BigKey, nullable=True),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("time_zone", sa.String(length=40), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(role IN ('coordinator', 'operator')) = (party_id IS NOT NULL)",
            name=op.f("ck_account_party_role_has_party"),
        ),
        sa.CheckConstraint(
            "NOT (role IN ('verifier', 'supervisor')) OR office_id IS NOT NULL",
            name=op.f("ck_account_office_role"),
        ),
        sa.CheckConstraint(
            "role IN ('coordinator', 'operator', 'verifier', 'supervisor', 'administrator', 'observer', 'system')",
            name=op.f("ck_account_role_known"),
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_account_office_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_account_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
        sa.UniqueConstraint("public_id", name=op.f("uq_account_public_id")),
    )
    with op.batch_alter_table("account") as batch_op:
        batch_op.create_index("ix_account_office", ["office_id"], unique=False)
        batch_op.create_index("ix_account_party", ["party_id"], unique=False)

    op.create_table(
        "participation",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("party_id", BigKey, nullable=False),
        sa.Column("election_id", BigKey, nullable=False),
        sa.Column("chain_id", BigKey, nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["chain_id"], ["chain.id"], name=op.f("fk_participation_chain_id")),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_participation_election_id")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_participation_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participation")),
        sa.UniqueConstraint("chain_id", name=op.f("uq_participation_chain_id")),
        sa.UniqueConstraint(
            "party_id", "election_id", name=op.f("uq_participation_party_id_election_id")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_participation_public_id")),
    )
    op.create_table(
        "reason_code",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("election_id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=3), nullable=False),
        sa.Column("applies_to", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=1), nullable=False),
        sa.Column("text_id", sa.String(length=200), nullable=False),
        sa.Column("text_en", sa.String(length=200), nullable=False),
        sa.Column("repair_id", sa.String(length=300), nullable=False),
        sa.Column("repair_en", sa.String(length=300), nullable=False),
        sa.Column("legal_basis", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_reason_code_election_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reason_code")),
        sa.UniqueConstraint(
            "election_id", "code", "version", name=op.f("uq_reason_code_election_id_code_version")
        ),
    )
    op.create_table(
        "requirement",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("election_id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("grouping", sa.String(length=40), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name_id", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("threshold", sa.JSON(), nullable=False),
        sa.Column("accepts", sa.JSON(), nullable=False),
        sa.Column("max_bytes", sa.Integer(), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.Column("legal_basis", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "level IN ('national', 'province', 'regency', 'district')",
            name=op.f("ck_requirement_level_known"),
        ),
        sa.CheckConstraint(
            "purpose IN ('document', 'roster', 'scans')", name=op.f("ck_requirement_purpose_known")
        ),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_requirement_election_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requirement")),
        sa.UniqueConstraint(
            "election_id", "code", "version", name=op.f("uq_requirement_election_id_code_version")
        ),
    )
    op.create_table(
        "stage",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("election_id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_id", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_stage_election_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage")),
        sa.UniqueConstraint("election_id", "code", name=op.f("uq_stage_election_id_code")),
    )
    op.create_table(
        "account_region",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("region_code", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_region_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_region")),
        sa.UniqueConstraint(
            "account_id", "region_code", name=op.f("uq_account_region_account_id_region_code")
        ),
    )
    op.create_table(
        "api_token",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_api_token_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_token_public_id")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_token_token_sha256")),
    )
    with op.batch_alter_table("api_token") as batch_op:
        batch_op.create_index("ix_api_token_account", ["account_id"], unique=False)

    op.create_table(
        "file",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("requirement_id", BigKey, nullable=False),
        sa.Column("region_id", BigKey, nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("uploaded_by", sa.String(length=60), nullable=False),
        sa.Column("filename", sa.String(length=400), nullable=False),
        sa.Column("filetype", sa.String(length=120), nullable=False),
        sa.Column("declared_sha256", sa.String(length=64), nullable=True),
        sa.Column("corrects", sa.String(length=32), nullable=True),
        sa.Column("batch", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("rejection", sa.String(length=60), nullable=True),
        sa.Column("rejection_params", sa.JSON(), nullable=False),
        sa.Column("detected_type", sa.String(length=60), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=60), nullable=True),
        sa.Column("withdrawn_reason", sa.String(length=400), nullable=True),
        sa.Column("retention", sa.String(length=20), nullable=False),
        sa.Column("hold", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "retention IN ('dossier', 'personal', 'identity_scan')",
            name=op.f("ck_file_retention_known"),
        ),
        sa.CheckConstraint(
            "state IN ('received', 'checking', 'passed', 'rejected')",
            name=op.f("ck_file_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_file_participation_id")
        ),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_file_region_id")),
        sa.ForeignKeyConstraint(
            ["requirement_id"], ["requirement.id"], name=op.f("fk_file_requirement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
        sa.UniqueConstraint("public_id", name=op.f("uq_file_public_id")),
    )
    with op.batch_alter_table("file") as batch_op:
        batch_op.create_index("ix_file_digest", ["participation_id", "sha256"], unique=False)
        batch_op.create_index("ix_file_recent", ["participation_id", "id"], unique=False)
        batch_op.create_index(
            "ix_file_slot", ["participation_id", "requirement_id", "region_id"], unique=False
        )
        batch_op.create_index(
            "ix_file_unchecked",
            ["state", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'received'"),
            postgresql_where=sa.text("state = 'received'"),
        )

    op.create_table(
        "idempotent_reply",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("route", sa.String(length=120), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_idempotent_reply_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotent_reply")),
        sa.UniqueConstraint(
            "account_id", "route", "key", name=op.f("uq_idempotent_reply_account_id_route_key")
        ),
    )
    op.create_table(
        "login_session",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("csrf_secret", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_login_session_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_login_session_token_sha256")),
    )
    with op.batch_alter_table("login_session") as batch_op:
        batch_op.create_index("ix_login_session_account", ["account_id"], unique=False)

    op.create_table(
        "receipt",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("serial", sa.String(length=32), nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_receipt_participation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("kind", "about", name=op.f("uq_receipt_kind_about")),
        sa.UniqueConstraint("serial", name=op.f("uq_receipt_serial")),
    )
    with op.batch_alter_table("receipt") as batch_op:
        batch_op.create_index("ix_receipt_participation", ["participation_id", "id"], unique=False)

    op.create_table(
        "reservation",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("upload_id", sa.String(length=32), nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("requirement_id", BigKey, nullable=False),
        sa.Column("region_id", BigKey, nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("filename", sa.String(length=400), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("batch", sa.String(length=64), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_reservation_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_reservation_participation_id")
        ),
        sa.ForeignKeyConstraint(
            ["region_id"], ["region.id"], name=op.f("fk_reservation_region_id")
        ),
        sa.ForeignKeyConstraint(
            ["requirement_id"], ["requirement.id"], name=op.f("fk_reservation_requirement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
        sa.UniqueConstraint("upload_id", name=op.f("uq_reservation_upload_id")),
    )
    with op.batch_alter_table("reservation") as batch_op:
        batch_op.create_index("ix_reservation_account", ["account_id"], unique=False)
        batch_op.create_index("ix_reservation_participation", ["participation_id"], unique=False)

    op.create_table(
        "roster",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("requirement_id", BigKey, nullable=False),
        sa.Column("region_id", BigKey, nullable=False),
        sa.Column("current_version_id", BigKey, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=60), nullable=True),
        sa.Column("withdrawn_reason", sa.String(length=400), nullable=True),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_roster_participation_id")
        ),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_roster_region_id")),
        sa.ForeignKeyConstraint(
            ["requirement_id"], ["requirement.id"], name=op.f("fk_roster_requirement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster")),
        sa.UniqueConstraint("public_id", name=op.f("uq_roster_public_id")),
    )
    with op.batch_alter_table("roster") as batch_op:
        batch_op.create_index("ix_roster_participation", ["participation_id", "id"], unique=False)

    op.create_table(
        "round",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("election_id", BigKey, nullable=False),
        sa.Column("stage_id", BigKey, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("allowed_outcomes", sa.JSON(), nullable=False),
        sa.Column("legal_basis", sa.String(length=200), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_round_election_id")
        ),
        sa.ForeignKeyConstraint(["stage_id"], ["stage.id"], name=op.f("fk_round_stage_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
        sa.UniqueConstraint("election_id", "number", name=op.f("uq_round_election_id_number")),
    )
    op.create_table(
        "saved_form",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_saved_form_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_form")),
        sa.UniqueConstraint("public_id", name=op.f("uq_saved_form_public_id")),
    )
    op.create_table(
        "subject",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("requirement_id", BigKey, nullable=False),
        sa.Column("region_id", BigKey, nullable=False),
        sa.CheckConstraint("kind IN ('document', 'member')", name=op.f("ck_subject_kind_known")),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_subject_participation_id")
        ),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_subject_region_id")),
        sa.ForeignKeyConstraint(
            ["requirement_id"], ["requirement.id"], name=op.f("fk_subject_requirement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject")),
        sa.UniqueConstraint(
            "participation_id", "kind", "key", name=op.f("uq_subject_participation_id_kind_key")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_subject_public_id")),
    )
    op.create_table(
        "upload_ticket",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_upload_ticket_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_ticket")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_upload_ticket_token_sha256")),
    )
    with op.batch_alter_table("upload_ticket") as batch_op:
        batch_op.create_index("ix_upload_ticket_account", ["account_id"], unique=False)

    op.create_table(
        "window",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("stage_id", BigKey, nullable=False),
        sa.Column("participation_id", BigKey, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opens_at", UtcDateTime(), nullable=False),
        sa.Column("closes_at", UtcDateTime(), nullable=False),
        sa.Column("grace_seconds", sa.Integer(), nullable=False),
        sa.Column("legal_basis", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_window_participation_id")
        ),
        sa.ForeignKeyConstraint(["stage_id"], ["stage.id"], name=op.f("fk_window_stage_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_window")),
        sa.UniqueConstraint(
            "stage_id",
            "participation_id",
            "version",
            name=op.f("uq_window_stage_id_participation_id_version"),
        ),
    )
    with op.batch_alter_table("window") as batch_op:
        batch_op.create_index(
            "ix_window_latest", ["stage_id", "participation_id", "version"], unique=False
        )

    op.create_table(
        "finding",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("file_id", BigKey, nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_finding_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    with op.batch_alter_table("finding") as batch_op:
        batch_op.create_index("ix_finding_file", ["file_id"], unique=False)

    op.create_table(
        "roster_version",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("roster_id", BigKey, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_id", BigKey, nullable=False),
        sa.Column("merged_from_id", BigKey, nullable=True),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=True),
        sa.Column("stored", sa.Integer(), nullable=True),
        sa.Column("rejected", sa.Integer(), nullable=True),
        sa.Column("warned", sa.Integer(), nullable=True),
        sa.Column("repeated", sa.Integer(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=True),
        sa.Column("removed", sa.Integer(), nullable=True),
        sa.Column("changed", sa.Integer(), nullable=True),
        sa.Column("rows_digest", sa.String(length=64), nullable=True),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "stage IN ('stored', 'reading', 'checked', 'saving', 'comparing', 'done', 'failed')",
            name=op.f("ck_roster_version_stage_known"),
        ),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_roster_version_file_id")),
        sa.ForeignKeyConstraint(
            ["merged_from_id"], ["roster_version.id"], name=op.f("fk_roster_version_merged_from_id")
        ),
        sa.ForeignKeyConstraint(
            ["roster_id"], ["roster.id"], name=op.f("fk_roster_version_roster_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_version")),
        sa.UniqueConstraint("file_id", name=op.f("uq_roster_version_file_id")),
        sa.UniqueConstraint("roster_id", "number", name=op.f("uq_roster_version_roster_id_number")),
    )
    op.create_table(
        "round_publication",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("round_id", BigKey, nullable=False),
        sa.Column("office_id", BigKey, nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["office_id"], ["office.id"], name=op.f("fk_round_publication_office_id")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["round.id"], name=op.f("fk_round_publication_round_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_publication")),
        sa.UniqueConstraint(
            "round_id", "office_id", name=op.f("uq_round_publication_round_id_office_id")
        ),
    )
    op.create_table(
        "scan",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("file_id", BigKey, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("nik", sa.LargeBinary(length=16), nullable=True),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("kta_number", sa.String(length=60), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("retention", sa.String(length=20), nullable=False),
        sa.Column("hold", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "retention IN ('dossier', 'personal', 'identity_scan')",
            name=op.f("ck_scan_retention_known"),
        ),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_scan_file_id")),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_scan_participation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
        sa.UniqueConstraint("file_id", "number", name=op.f("uq_scan_file_id_number")),
    )
    with op.batch_alter_table("scan") as batch_op:
        batch_op.create_index("ix_scan_kta", ["participation_id", "kta_number"], unique=False)
        batch_op.create_index("ix_scan_nik", ["participation_id", "nik"], unique=False)

    op.create_table(
        "submission",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("round_id", BigKey, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("submitted_by", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("pins_done", sa.Integer(), nullable=False),
        sa.Column("next_line", sa.BigInteger(), nullable=False),
        sa.Column("items_made", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('locked', 'queued')", name=op.f("ck_submission_state_known")),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_submission_participation_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_submission_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
        sa.UniqueConstraint(
            "participation_id", "round_id", name=op.f("uq_submission_participation_id_round_id")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_submission_public_id")),
    )
    op.create_table(
        "member",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("version_id", BigKey, nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("row_ref", sa.String(length=16), nullable=False),
        sa.Column("subject_key", sa.String(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("nik", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sex", sa.String(length=1), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("birth_place", sa.String(length=120), nullable=False),
        sa.Column("marital_status", sa.String(length=40), nullable=False),
        sa.Column("occupation", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("kta_number", sa.String(length=60), nullable=False),
        sa.Column("province_code", sa.String(length=16), nullable=False),
        sa.Column("regency_code", sa.String(length=16), nullable=False),
        sa.Column("district_code", sa.String(length=16), nullable=False),
        sa.Column("village", sa.String(length=120), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("retention", sa.String(length=20), nullable=False),
        sa.Column("hold", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "retention IN ('dossier', 'personal', 'identity_scan')",
            name=op.f("ck_member_retention_known"),
        ),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_member_participation_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["roster_version.id"], name=op.f("fk_member_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("version_id", "line", name=op.f("uq_member_version_id_line")),
    )
    with op.batch_alter_table("member") as batch_op:
        batch_op.create_index("ix_member_nik", ["nik", "participation_id"], unique=False)
        batch_op.create_index("ix_member_regency", ["version_id", "regency_code"], unique=False)
        batch_op.create_index("ix_member_row_ref", ["version_id", "row_ref"], unique=False)
        batch_op.create_index("ix_member_subject", ["version_id", "subject_key"], unique=False)

    op.create_table(
        "rejected_row",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("version_id", BigKey, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("row_ref", sa.String(length=16), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.Column("errors", sa.JSON(), nullable=False),
        sa.Column("resolved_by_id", BigKey, nullable=True),
        sa.Column("retention", sa.String(length=20), nullable=False),
        sa.Column("hold", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "retention IN ('dossier', 'personal', 'identity_scan')",
            name=op.f("ck_rejected_row_retention_known"),
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by_id"], ["roster_version.id"], name=op.f("fk_rejected_row_resolved_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["roster_version.id"], name=op.f("fk_rejected_row_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_row")),
        sa.UniqueConstraint("version_id", "line", name=op.f("uq_rejected_row_version_id_line")),
    )
    op.create_table(
        "submission_pin",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("submission_id", BigKey, nullable=False),
        sa.Column("requirement_id", BigKey, nullable=False),
        sa.Column("region_id", BigKey, nullable=False),
        sa.Column("file_id", BigKey, nullable=True),
        sa.Column("roster_version_id", BigKey, nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "(file_id IS NULL) <> (roster_version_id IS NULL)",
            name=op.f("ck_submission_pin_one_thing"),
        ),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_submission_pin_file_id")),
        sa.ForeignKeyConstraint(
            ["region_id"], ["region.id"], name=op.f("fk_submission_pin_region_id")
        ),
        sa.ForeignKeyConstraint(
            ["requirement_id"], ["requirement.id"], name=op.f("fk_submission_pin_requirement_id")
        ),
        sa.ForeignKeyConstraint(
            ["roster_version_id"],
            ["roster_version.id"],
            name=op.f("fk_submission_pin_roster_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_submission_pin_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_pin")),
    )
    with op.batch_alter_table("submission_pin") as batch_op:
        batch_op.create_index(
            "ix_pin_slot", ["submission_id", "requirement_id", "region_id"], unique=False
        )

    op.create_table(
        "item",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("submission_id", BigKey, nullable=False),
        sa.Column("participation_id", BigKey, nullable=False),
        sa.Column("subject_id", BigKey, nullable=False),
        sa.Column("office_id", BigKey, nullable=False),
        sa.Column("round_id", BigKey, nullable=False),
        sa.Column("member_id", BigKey, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("queue_key", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", UtcDateTime(), nullable=False),
        sa.Column("holder", sa.String(length=60), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=3), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'claimed') = (holder IS NOT NULL AND lease_until IS NOT NULL)",
            name=op.f("ck_item_claimed_has_holder"),
        ),
        sa.CheckConstraint(
            "(state IN ('decided', 'published')) = (decided_by IS NOT NULL)",
            name=op.f("ck_item_judged_has_decider"),
        ),
        sa.CheckConstraint(
            "(state IN ('decided', 'published')) = (outcome IS NOT NULL)",
            name=op.f("ck_item_judged_has_outcome"),
        ),
        sa.CheckConstraint("outcome IN ('MS', 'BMS', 'TMS')", name=op.f("ck_item_outcome_known")),
        sa.CheckConstraint(
            "state IN ('pending', 'queued', 'claimed', 'flagged', 'decided', 'published')",
            name=op.f("ck_item_state_known"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_item_member_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_item_office_id")),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_item_participation_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_item_round_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_item_subject_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_item_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("public_id", name=op.f("uq_item_public_id")),
        sa.UniqueConstraint(
            "submission_id", "subject_id", name=op.f("uq_item_submission_id_subject_id")
        ),
    )
    with op.batch_alter_table("item") as batch_op:
        batch_op.create_index("ix_item_decider", ["decided_by", "decided_at"], unique=False)
        batch_op.create_index(
            "ix_item_holder",
            ["holder"],
            unique=False,
            sqlite_where=sa.text("state = 'claimed'"),
            postgresql_where=sa.text("state = 'claimed'"),
        )
        batch_op.create_index(
            "ix_item_lease",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'claimed'"),
            postgresql_where=sa.text("state = 'claimed'"),
        )
        batch_op.create_index("ix_item_office", ["office_id", "round_id", "state"], unique=False)
        batch_op.create_index(
            "ix_item_party",
            ["participation_id", "round_id", "state", "outcome", "id"],
            unique=False,
        )
        batch_op.create_index("ix_item_rate", ["office_id", "decided_at"], unique=False)
        batch_op.create_index(
            "ix_item_queue",
            ["office_id", "queue_key", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        )
        batch_op.create_index("ix_item_subject", ["subject_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("outcome", sa.String(length=3), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("supersedes_id", BigKey, nullable=True),
        sa.CheckConstraint(
            "outcome IS NOT NULL OR supersedes_id IS NOT NULL",
            name=op.f("ck_decision_undo_supersedes"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_decision_item_id")),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["decision.id"], name=op.f("fk_decision_supersedes_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("public_id", name=op.f("uq_decision_public_id")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_decision_supersedes_id")),
    )
    with op.batch_alter_table("decision") as batch_op:
        batch_op.create_index("ix_decision_item", ["item_id", "id"], unique=False)

    # roster and roster_version refer to each other: the second arrow comes when both stand.
    with op.batch_alter_table("roster") as batch_op:
        batch_op.create_foreign_key(
            batch_op.f("fk_roster_current_version_id"),
            "roster_version",
            ["current_version_id"],
            ["id"],
        )


def downgrade() -> None:
    with op.batch_alter_table("roster") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_roster_current_version_id"), type_="foreignkey")
    with op.batch_alter_table("decision") as batch_op:
        batch_op.drop_index("ix_decision_item")

    op.drop_table("decision")
    with op.batch_alter_table("item") as batch_op:
        batch_op.drop_index("ix_item_subject")
        batch_op.drop_index(
            "ix_item_queue",
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        )
        batch_op.drop_index("ix_item_rate")
        batch_op.drop_index("ix_item_party")
        batch_op.drop_index("ix_item_office")
        batch_op.drop_index(
            "ix_item_lease",
            sqlite_where=sa.text("state = 'claimed'"),
            postgresql_where=sa.text("state = 'claimed'"),
        )
        batch_op.drop_index(
            "ix_item_holder",
            sqlite_where=sa.text("state = 'claimed'"),
            postgresql_where=sa.text("state = 'claimed'"),
        )
        batch_op.drop_index("ix_item_decider")

    op.drop_table("item")
    with op.batch_alter_table("submission_pin") as batch_op:
        batch_op.drop_index("ix_pin_slot")

    op.drop_table("submission_pin")
    op.drop_table("rejected_row")
    with op.batch_alter_table("member") as batch_op:
        batch_op.drop_index("ix_member_subject")
        batch_op.drop_index("ix_member_row_ref")
        batch_op.drop_index("ix_member_regency")
        batch_op.drop_index("ix_member_nik")

    op.drop_table("member")
    op.drop_table("submission")
    with op.batch_alter_table("scan") as batch_op:
        batch_op.drop_index("ix_scan_nik")
        batch_op.drop_index("ix_scan_kta")

    op.drop_table("scan")
    op.drop_table("round_publication")
    op.drop_table("roster_version")
    with op.batch_alter_table("finding") as batch_op:
        batch_op.drop_index("ix_finding_file")

    op.drop_table("finding")
    with op.batch_alter_table("window") as batch_op:
        batch_op.drop_index("ix_window_latest")

    op.drop_table("window")
    with op.batch_alter_table("upload_ticket") as batch_op:
        batch_op.drop_index("ix_upload_ticket_account")

    op.drop_table("upload_ticket")
    op.drop_table("subject")
    op.drop_table("saved_form")
    op.drop_table("round")
    with op.batch_alter_table("roster") as batch_op:
        batch_op.drop_index("ix_roster_participation")

    op.drop_table("roster")
    with op.batch_alter_table("reservation") as batch_op:
        batch_op.drop_index("ix_reservation_participation")
        batch_op.drop_index("ix_reservation_account")

    op.drop_table("reservation")
    with op.batch_alter_table("receipt") as batch_op:
        batch_op.drop_index("ix_receipt_participation")

    op.drop_table("receipt")
    with op.batch_alter_table("login_session") as batch_op:
        batch_op.drop_index("ix_login_session_account")

    op.drop_table("login_session")
    op.drop_table("idempotent_reply")
    with op.batch_alter_table("file") as batch_op:
        batch_op.drop_index(
            "ix_file_unchecked",
            sqlite_where=sa.text("state = 'received'"),
            postgresql_where=sa.text("state = 'received'"),
        )
        batch_op.drop_index("ix_file_slot")
        batch_op.drop_index("ix_file_recent")
        batch_op.drop_index("ix_file_digest")

    op.drop_table("file")
    with op.batch_alter_table("api_token") as batch_op:
        batch_op.drop_index("ix_api_token_account")

    op.drop_table("api_token")
    op.drop_table("account_region")
    op.drop_table("stage")
    op.drop_table("requirement")
    op.drop_table("reason_code")
    op.drop_table("participation")
    with op.batch_alter_table("account") as batch_op:
        batch_op.drop_index("ix_account_party")
        batch_op.drop_index("ix_account_office")

    op.drop_table("account")
    with op.batch_alter_table("region") as batch_op:
        batch_op.drop_index("ix_region_parent")
        batch_op.drop_index("ix_region_level")

    op.drop_table("region")
    op.drop_table("office")
    op.drop_table("journal_entry")
    with op.batch_alter_table("election") as batch_op:
        batch_op.drop_index(
            "one_current_election",
            sqlite_where=sa.text("current"),
            postgresql_where=sa.text("current"),
        )

    op.drop_table("election")
    op.drop_table("tombstone")
    op.drop_table("region_set")
    op.drop_table("party")
    with op.batch_alter_table("job") as batch_op:
        batch_op.drop_index(
            "ix_job_ready",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.drop_index(
            "ix_job_lease",
            sqlite_where=sa.text("state = 'leased'"),
            postgresql_where=sa.text("state = 'leased'"),
        )

    op.drop_table("job")
    op.drop_table("chain")
    op.drop_table("budget")
    with op.batch_alter_table("access_entry") as batch_op:
        batch_op.drop_index("ix_access_unsealed")
        batch_op.drop_index("ix_access_object")

    op.drop_table("access_entry")
