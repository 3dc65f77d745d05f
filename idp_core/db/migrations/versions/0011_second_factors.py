"""Authenticator apps and recovery codes."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "recovery_code",
        sa.Column("account", types.Gid, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("account", "digest", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "totp",
        sa.Column("account", types.Gid, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("since", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_totp")),
    )
