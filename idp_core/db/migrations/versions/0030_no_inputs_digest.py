"""A digest of a plan's inputs that nobody ever read."""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.drop_column("plan", "inputs_digest")
