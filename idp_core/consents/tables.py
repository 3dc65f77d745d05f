"""The table of consents."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, Json, UtcTime

app_consent = sa.Table(
    "app_consent",
    metadata,
    sa.Column("receipt", Gid, primary_key=True),
    sa.Column("account", Gid, nullable=False),
    sa.Column("client", sa.String(100), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("scope", Json, nullable=False),
    sa.Column("claims", Json),
    sa.Column("language", sa.String(10), nullable=False),
    sa.Column("given_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.UniqueConstraint("account", "client", "version"),
)
