"""The factors a session was begun with: policies of clients ask for them."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("session", sa.Column("factors", types.Json, nullable=True))
