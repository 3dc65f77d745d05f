"""Attributes that people were asked for and put off."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "asked_later",
        sa.Column("account", types.Gid, nullable=False),
        sa.Column("attribute", sa.String(length=60), nullable=False),
        sa.Column("until", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "attribute", name=op.f("pk_asked_later")),
    )
