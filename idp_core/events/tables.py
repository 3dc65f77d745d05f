"""The outbox table: events in the order of their writing, until someone has delivered them."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import BigInt, Json, UtcTime

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("position", BigInt, sa.Identity(), primary_key=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("type", sa.String(100), nullable=False),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("time", UtcTime, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("not_before", UtcTime),
    sa.Column("delivered_at", UtcTime),
    sa.Index(
        "ix_outbox_pending",
        "position",
        sqlite_where=sa.text("delivered_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL"),
    ),
)
