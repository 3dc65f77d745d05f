"""The tables of passwords and recovery codes."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, UtcTime

password = sa.Table(
    "password",
    metadata,
    sa.Column("account", Gid, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
)
