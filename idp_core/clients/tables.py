"""The table of clients."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Json, UtcTime

client = sa.Table(
    "client",
    metadata,
    sa.Column("id", sa.String(100), primary_key=True),
    sa.Column("secret", sa.String(64)),
    sa.Column("settings", Json, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("disabled_at", UtcTime),
)
