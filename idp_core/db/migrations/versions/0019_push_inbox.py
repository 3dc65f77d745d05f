"""The inbox of rows that other systems push, where several hosts take them."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "push_inbox",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("landed", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_push_inbox")),
    )
    op.create_table(
        "pushed_row",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=True),
        sa.Column("received_at", types.UtcTime(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source"], ["push_inbox.source"], name=op.f("fk_pushed_row_source_push_inbox")
        ),
        sa.PrimaryKeyConstraint("source", "number", name=op.f("pk_pushed_row")),
        sa.UniqueConstraint("source", "name", name=op.f("uq_pushed_row_source_name")),
    )
