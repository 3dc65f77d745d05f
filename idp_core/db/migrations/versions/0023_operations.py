"""Operations of provisioning in the audit log."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "operation",
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", types.UtcTime(), nullable=False),
        sa.Column("gid", types.Gid, nullable=False),
        sa.Column("account", sa.Text()),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("batch", "number", name=op.f("pk_operation")),
    )
    op.create_index("ix_operation_gid", "operation", ["gid"], unique=False)
    op.create_index("ix_audit_kind", "audit", ["kind", "position"], unique=False)
