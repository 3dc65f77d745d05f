"""The table of sessions."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, Json, UtcTime

session = sa.Table(
    "session",
    metadata,
    sa.Column("sid", Gid, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("account", Gid, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("auth_time", UtcTime, nullable=False),
    sa.Column("amr", Json, nullable=False),
    sa.Column("acr", sa.String(60), nullable=False),
    sa.Column("factors", Json),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("agent", sa.String(120), nullable=False),
    sa.Column("network", sa.String(64), nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Column("ended_why", sa.String(30)),
    sa.Index("ix_session_account", "account"),
    sa.Index("ix_session_expires_at", "expires_at"),
)
