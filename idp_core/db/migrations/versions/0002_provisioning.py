"""Accounts in targets, plans with their items and approvals, and the journal of writes."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("gid", sa.String(length=36), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("pushed", types.Json, nullable=False),
        sa.Column("profile_digest", sa.String(length=64), nullable=False),
        sa.Column("push_digest", sa.String(length=64), nullable=False),
        sa.Column("left_at", types.UtcTime(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("changed_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("target", "object", "gid", name=op.f("pk_account")),
    )
    op.create_index(
        op.f("ix_account_target_object_remote_id"),
        "account",
        ["target", "object", "remote_id"],
        unique=False,
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("push_digest", sa.String(length=64), nullable=False),
        sa.Column("inputs_digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("counts", types.Json, nullable=False),
        sa.Column("findings", types.Json, nullable=False),
        sa.Column("made_at", types.UtcTime(), nullable=False),
        sa.Column("ended_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )
    op.create_index(op.f("ix_plan_hash"), "plan", ["hash"], unique=False)
    op.create_index(
        op.f("ix_plan_target_object_made_at"), "plan", ["target", "object", "made_at"], unique=False
    )
    op.create_table(
        "approval",
        sa.Column("plan_id", sa.String(length=36), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_approval_plan_id_plan")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_approval")),
    )
    op.create_table(
        "journal",
        sa.Column("plan_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("gid", sa.String(length=36), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("intended_at", types.UtcTime(), nullable=False),
        sa.Column("ended_at", types.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_journal_plan_id_plan")),
        sa.PrimaryKeyConstraint("plan_id", "number", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_gid"), "journal", ["gid"], unique=False)
    op.create_index(
        op.f("ix_journal_target_object_state"),
        "journal",
        ["target", "object", "state"],
        unique=False,
    )
    op.create_table(
        "plan_item",
        sa.Column("plan_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("gid", sa.String(length=36), nullable=False),
        sa.Column("document", types.Json, nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_item_plan_id_plan")),
        sa.PrimaryKeyConstraint("plan_id", "number", name=op.f("pk_plan_item")),
    )
    op.create_index(op.f("ix_plan_item_gid"), "plan_item", ["gid"], unique=False)
