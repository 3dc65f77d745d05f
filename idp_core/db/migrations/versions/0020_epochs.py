"""How often all sessions of an account were ended: logins that began before come to no end."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column(
        "login_account", sa.Column("epoch", sa.Integer, nullable=False, server_default="0")
    )
