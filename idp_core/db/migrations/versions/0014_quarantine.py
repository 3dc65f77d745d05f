"""Targets in quarantine, and runs that a person paused or ended."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "quarantine",
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", types.UtcTime(), nullable=False),
        sa.Column("tried_at", types.UtcTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "run_halt",
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.CheckConstraint("kind IN ('pause', 'cancel')", name=op.f("ck_run_halt_kind")),
        sa.ForeignKeyConstraint(
            ["run"], ["run.id"], name=op.f("fk_run_halt_run_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_run_halt")),
    )
