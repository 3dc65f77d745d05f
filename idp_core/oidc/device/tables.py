"""The table of devices that wait for somebody to let them in."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, Json, UtcTime

device_request = sa.Table(
    "device_request",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("user_code", sa.String(64), nullable=False, unique=True),
    sa.Column("client", sa.String(100), nullable=False),
    sa.Column("scope", Json, nullable=False),
    sa.Column("resources", Json, nullable=False),
    sa.Column("grant_id", Gid),
    sa.Column("decided_at", UtcTime),
    sa.Column("polled_at", UtcTime),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("used_at", UtcTime),
    sa.Index("ix_device_request_expires_at", "expires_at"),
)
