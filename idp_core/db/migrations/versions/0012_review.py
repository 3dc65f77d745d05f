"""Pairs that wait for a person, and what people did with them."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "review_case",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("left_source", sa.String(length=200), nullable=False),
        sa.Column("left_key", sa.Text(), nullable=False),
        sa.Column("right_source", sa.String(length=200), nullable=False),
        sa.Column("right_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("since", types.UtcTime(), nullable=False),
        sa.Column("assignee", sa.String(length=200), nullable=True),
        sa.Column("until", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_case")),
        sa.UniqueConstraint(
            "left_source",
            "left_key",
            "right_source",
            "right_key",
            name=op.f("uq_review_case_left_source_left_key_right_source_right_key"),
        ),
    )
    op.create_index("ix_review_case_status", "review_case", ["status", "weight"])
    op.create_table(
        "review_action",
        sa.Column("position", types.BigInt, sa.Identity(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("time", types.UtcTime(), nullable=False),
        sa.Column("until", types.UtcTime(), nullable=True),
        sa.Column("data", types.Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["review_case.id"], name=op.f("fk_review_action_case_id_review_case")
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_review_action")),
    )
    op.create_index("ix_review_action_case_id", "review_action", ["case_id"])
