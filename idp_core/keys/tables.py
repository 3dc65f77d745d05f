"""The table of signing keys."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Json, UtcTime

signing_key = sa.Table(
    "signing_key",
    metadata,
    sa.Column("kid", sa.String(64), primary_key=True),
    sa.Column("algorithm", sa.String(10), nullable=False),
    sa.Column("public", Json, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("signs_from", UtcTime, nullable=False),
    sa.Column("retired_at", UtcTime),
)
