"""The table of what people put off."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, UtcTime

asked_later = sa.Table(
    "asked_later",
    metadata,
    sa.Column("account", Gid, primary_key=True),
    sa.Column("attribute", sa.String(60), primary_key=True),
    sa.Column("until", UtcTime, nullable=False),
)
