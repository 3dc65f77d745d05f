"""Who may do what by the API of administration."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "admin_role",
        sa.Column("account", types.Gid, nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("given_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "role", name=op.f("pk_admin_role")),
    )
