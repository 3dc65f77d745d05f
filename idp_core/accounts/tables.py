"""The table of login accounts."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, Json, UtcTime

login_account = sa.Table(
    "login_account",
    metadata,
    sa.Column("id", Gid, primary_key=True),
    sa.Column("email", sa.String(320), nullable=False),
    sa.Column("email_key", sa.String(320), nullable=False, unique=True),
    sa.Column("attributes", Json, nullable=False),
    sa.Column("language", sa.String(10)),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("blocked_at", UtcTime),
    sa.Column("blocked_why", sa.Text),
    sa.Column("epoch", sa.Integer, nullable=False, server_default="0"),
)
