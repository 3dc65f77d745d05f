"""Dead letters keep their row's types; they and plans keep who ended them, and why."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("dead_letter", sa.Column("types", types.Json, nullable=True))
    op.add_column("dead_letter", sa.Column("closed_by", sa.Text(), nullable=True))
    op.add_column("dead_letter", sa.Column("closed_why", sa.Text(), nullable=True))
    op.add_column("plan", sa.Column("ended_by", sa.Text(), nullable=True))
    op.add_column("plan", sa.Column("ended_why", sa.Text(), nullable=True))
