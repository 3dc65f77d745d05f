"""Who approved other rules of who is one person, when and why."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "rules_approval",
        sa.Column("hash", sa.String(12), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", types.UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_rules_approval"),
    )
