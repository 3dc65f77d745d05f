"""The table of recovery codes."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, UtcTime

recovery_code = sa.Table(
    "recovery_code",
    metadata,
    sa.Column("account", Gid, primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("used_at", UtcTime),
)
