"""Erasures that sources ask for."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "erasure_request",
        sa.Column("record", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("asked_at", types.UtcTime(), nullable=False),
        sa.Column("gid", types.Gid),
        sa.ForeignKeyConstraint(
            ["record"],
            ["source_profile.id"],
            name=op.f("fk_erasure_request_record_source_profile"),
        ),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_erasure_request")),
    )
    op.create_index("ix_erasure_request_source", "erasure_request", ["source"])
