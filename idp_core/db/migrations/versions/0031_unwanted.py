"""Profiles that shall have no account at a target, so that they need not be read again."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.create_table(
        "unwanted",
        sa.Column("gid", types.Gid, nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("profile_digest", sa.String(length=64), nullable=False),
        sa.Column("push_digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("gid", "target", "object", name=op.f("pk_unwanted")),
        sqlite_with_rowid=False,
    )
