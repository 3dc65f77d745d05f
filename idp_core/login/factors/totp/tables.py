"""The table of authenticator apps."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, UtcTime

totp = sa.Table(
    "totp",
    metadata,
    sa.Column("account", Gid, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
)
