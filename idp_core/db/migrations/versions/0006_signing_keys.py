"""Signing keys."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=10), nullable=False),
        sa.Column("public", types.Json, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("signs_from", types.UtcTime(), nullable=False),
        sa.Column("retired_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
    )
