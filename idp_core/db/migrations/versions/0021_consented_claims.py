"""What the scopes of a consent stood for when it was given."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("app_consent", sa.Column("claims", types.Json, nullable=True))
