"""The table of one-time tokens."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, UtcTime

ticket = sa.Table(
    "ticket",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("purpose", sa.String(30), nullable=False),
    sa.Column("account", Gid),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("code", sa.String(64)),
    sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("used_at", UtcTime),
    sa.Index("ix_ticket_account", "account"),
    sa.Index("ix_ticket_expires_at", "expires_at"),
)
