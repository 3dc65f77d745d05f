"""Numbers that one-time codes are sent to."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "sms_number",
        sa.Column("account", types.Gid, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("since", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_sms_number")),
    )
