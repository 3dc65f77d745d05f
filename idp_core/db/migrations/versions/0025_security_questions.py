"""Security questions: each sealed, its answer hashed as passwords are."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "security_question",
        sa.Column("account", types.Gid, nullable=False),
        sa.Column("place", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("hashed", sa.Text, nullable=False),
        sa.Column("since", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "place", name=op.f("pk_security_question")),
    )
