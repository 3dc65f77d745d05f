"""The table of mails that wait."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import BigInt, UtcTime

mail = sa.Table(
    "mail",
    metadata,
    sa.Column("id", BigInt, sa.Identity(), primary_key=True),
    sa.Column("context", sa.String(36), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("not_before", UtcTime, nullable=False),
    sa.Index("ix_mail_not_before", "not_before"),
)
