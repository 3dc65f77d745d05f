"""The table of administrators' roles."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, UtcTime

admin_role = sa.Table(
    "admin_role",
    metadata,
    sa.Column("account", Gid, primary_key=True),
    sa.Column("role", sa.String(20), primary_key=True),
    sa.Column("given_at", UtcTime, nullable=False),
)
