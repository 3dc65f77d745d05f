"""Changes that a target refused for good."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "refusal",
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("gid", types.Gid, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("target", "object", "gid", name=op.f("pk_refusal")),
    )
