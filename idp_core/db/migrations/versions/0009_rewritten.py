"""Accounts keep what a target made of the values it was given, and plans say so."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("account", sa.Column("rewritten", types.Json, nullable=True))
    op.add_column("plan", sa.Column("notes", types.Json, nullable=True))
