"""Cases of the review queue by their second record: the first has an index of its own."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_index("ix_review_case_right", "review_case", ["right_source", "right_key"])
