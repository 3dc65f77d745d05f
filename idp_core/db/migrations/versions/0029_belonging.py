"""People's words on whose an account of a target is, both yes and no."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "belonging",
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("gid", types.Gid, nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("theirs", sa.Boolean(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("target", "object", "gid", "remote_id", name=op.f("pk_belonging")),
    )
    # A yes that no plan has carried out yet stood with the account; who said it only in the audit
    # log.
    op.execute(
        "INSERT INTO belonging (target, object, gid, remote_id, theirs, who, at) "
        "SELECT target, object, gid, remote_id, true, 'somebody', changed_at FROM account "
        "WHERE state = 'conflict' AND remote_id IS NOT NULL"
    )
    op.execute("UPDATE account SET remote_id = NULL WHERE state = 'conflict'")
