"""Landed pages say whether they are part of a read of all that the source has."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "landed_page",
        sa.Column("whole", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
