"""People who were erased, and the receipts of the systems they were deleted in."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("gid", types.Gid, nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("gid", name=op.f("pk_erasure")),
    )
    op.create_table(
        "erasure_receipt",
        sa.Column("gid", types.Gid, nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("deleted_at", types.UtcTime(), nullable=True),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("proved_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("gid", "target", "object", name=op.f("pk_erasure_receipt")),
    )
