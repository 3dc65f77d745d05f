"""Source profiles, links and golden profiles; the outbox; the run ledger."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "link_constraint",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("left_source", sa.String(length=200), nullable=False),
        sa.Column("left_key", sa.Text(), nullable=False),
        sa.Column("right_source", sa.String(length=200), nullable=False),
        sa.Column("right_key", sa.Text(), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("expires_at", types.UtcTime(), nullable=True),
        sa.CheckConstraint("kind IN ('must', 'cannot')", name=op.f("ck_link_constraint_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_constraint")),
        sa.UniqueConstraint(
            "left_source",
            "left_key",
            "right_source",
            "right_key",
            name=op.f("uq_link_constraint_left_source_left_key_right_source_right_key"),
        ),
    )
    op.create_table(
        "outbox",
        sa.Column("position", types.BigInt, sa.Identity(always=False), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("time", types.UtcTime(), nullable=False),
        sa.Column("data", types.Json, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", types.UtcTime(), nullable=True),
        sa.Column("delivered_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
    )
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["position"],
        unique=False,
        sqlite_where=sa.text("delivered_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "override",
        sa.Column("gid", sa.String(length=36), nullable=False),
        sa.Column("attribute", sa.String(length=200), nullable=False),
        sa.Column("value", types.Json, nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("gid", "attribute", name=op.f("pk_override")),
    )
    op.create_table(
        "profile",
        sa.Column("gid", sa.String(length=36), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("loyalty_tier", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("consent_marketing_email", sa.Boolean(), nullable=True),
        sa.Column("consent_marketing_sms", sa.Boolean(), nullable=True),
        sa.Column("consent_marketing_phone", sa.Boolean(), nullable=True),
        sa.Column("consent_marketing_post", sa.Boolean(), nullable=True),
        sa.Column("consent_profiling", sa.Boolean(), nullable=True),
        sa.Column("attributes", types.Json, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("updated_at", types.UtcTime(), nullable=False),
        sa.Column("deleted_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("gid", name=op.f("pk_profile")),
        sa.UniqueConstraint("seq", name=op.f("uq_profile_seq")),
    )
    op.create_table(
        "profile_event",
        sa.Column("position", types.BigInt, sa.Identity(always=False), nullable=False),
        sa.Column("gid", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("time", types.UtcTime(), nullable=False),
        sa.Column("data", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_profile_event")),
    )
    op.create_index("ix_profile_event_gid", "profile_event", ["gid"], unique=False)
    op.create_table(
        "project_lock",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started", sa.String(length=64), nullable=False),
        sa.Column("taken_at", types.UtcTime(), nullable=False),
        sa.Column("beat_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_project_lock")),
    )
    op.create_table(
        "read_cursor",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("object", sa.String(length=500), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mapping", sa.String(length=200), nullable=False),
        sa.Column("saved_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "object", name=op.f("pk_read_cursor")),
    )
    op.create_table(
        "redirect",
        sa.Column("gid", sa.String(length=36), nullable=False),
        sa.Column("into_gid", sa.String(length=36), nullable=False),
        sa.Column("since", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("gid", name=op.f("pk_redirect")),
    )
    op.create_index("ix_redirect_into_gid", "redirect", ["into_gid"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("job", sa.String(length=100), nullable=False),
        sa.Column("trigger", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("started_at", types.UtcTime(), nullable=False),
        sa.Column("ended_at", types.UtcTime(), nullable=True),
        sa.Column("counts", types.Json, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('running', 'succeeded', 'failed', 'stopped')", name=op.f("ck_run_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_index("ix_run_started_at", "run", ["started_at"], unique=False)
    op.create_table(
        "source_profile",
        sa.Column("id", types.BigInt, autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("attributes", types.Json, nullable=False),
        sa.Column("mapping", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("changed_at", types.UtcTime(), nullable=False),
        sa.Column("seen_run", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_profile")),
        sa.UniqueConstraint("seq", name=op.f("uq_source_profile_seq")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_source_profile_source_key")),
    )
    op.create_table(
        "stale_profile",
        sa.Column("gid", sa.String(length=36), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gid", name=op.f("pk_stale_profile")),
    )
    op.create_table(
        "watermark",
        sa.Column("stage", sa.String(length=200), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("stage", name=op.f("pk_watermark")),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("reasons", types.Json, nullable=False),
        sa.Column("row", types.Json, nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("seen_at", types.UtcTime(), nullable=False),
        sa.Column("closed_at", types.UtcTime(), nullable=True),
        sa.CheckConstraint(
            "stage IN ('read', 'map', 'check', 'resolve', 'apply')",
            name=op.f("ck_dead_letter_stage"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'replayed', 'discarded')", name=op.f("ck_dead_letter_status")
        ),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_dead_letter_run_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
    )
    op.create_index("ix_dead_letter_run", "dead_letter", ["run"], unique=False)
    op.create_index(
        "ix_dead_letter_source_status", "dead_letter", ["source", "status"], unique=False
    )
    op.create_table(
        "identifier",
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("record", types.BigInt, nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record"], ["source_profile.id"], name=op.f("fk_identifier_record_source_profile")
        ),
        sa.PrimaryKeyConstraint("value", "kind", "record", name=op.f("pk_identifier")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identifier_record", "identifier", ["record"], unique=False)
    op.create_table(
        "landed_page",
        sa.Column("id", types.BigInt, sa.Identity(always=False), nullable=False),
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("object", sa.String(length=500), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("cursor_value", sa.Text(), nullable=True),
        sa.Column("cursor_key", sa.Text(), nullable=True),
        sa.Column("landed_at", types.UtcTime(), nullable=False),
        sa.Column("mapped_at", types.UtcTime(), nullable=True),
        sa.CheckConstraint("state IN ('landed', 'mapped')", name=op.f("ck_landed_page_state")),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_landed_page_run_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_landed_page")),
        sa.UniqueConstraint("path", name=op.f("uq_landed_page_path")),
    )
    op.create_index("ix_landed_page_source_state", "landed_page", ["source", "state"], unique=False)
    op.create_table(
        "lineage",
        sa.Column("gid", sa.String(length=36), nullable=False),
        sa.Column("entries", types.Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["gid"], ["profile.gid"], name=op.f("fk_lineage_gid_profile"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("gid", name=op.f("pk_lineage")),
    )
    op.create_table(
        "link",
        sa.Column("record", types.BigInt, nullable=False),
        sa.Column("gid", sa.String(length=36), nullable=False),
        sa.Column("since", types.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record"], ["source_profile.id"], name=op.f("fk_link_record_source_profile")
        ),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_link")),
    )
    op.create_index("ix_link_gid", "link", ["gid"], unique=False)
    op.create_table(
        "quality_result",
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("suite", sa.String(length=200), nullable=False),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("saved_at", types.UtcTime(), nullable=False),
        sa.Column("result", types.Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["run.id"], name=op.f("fk_quality_result_run_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "source", "suite", name=op.f("pk_quality_result")),
    )
    op.create_table(
        "run_step",
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("step", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=200), server_default="", nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("started_at", types.UtcTime(), nullable=True),
        sa.Column("ended_at", types.UtcTime(), nullable=True),
        sa.Column("counts", types.Json, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'done', 'failed')", name=op.f("ck_run_step_status")
        ),
        sa.ForeignKeyConstraint(
            ["run"], ["run.id"], name=op.f("fk_run_step_run_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "step", "source", name=op.f("pk_run_step")),
    )
