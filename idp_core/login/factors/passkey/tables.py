"""The table of passkeys."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, UtcTime

passkey = sa.Table(
    "passkey",
    metadata,
    sa.Column("id", sa.String(1400), primary_key=True),
    sa.Column("account", Gid, nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("added_at", UtcTime, nullable=False),
    sa.Column("used_at", UtcTime),
    sa.Index("ix_passkey_account", "account"),
)
