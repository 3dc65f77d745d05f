"""The table of counted tries."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import UtcTime

tries = sa.Table(
    "tries",
    metadata,
    sa.Column("bucket", sa.String(64), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("until", UtcTime, nullable=False),
    sa.Index("ix_tries_until", "until"),
)
