"""The table of numbers that codes are sent to."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, UtcTime

sms_number = sa.Table(
    "sms_number",
    metadata,
    sa.Column("account", Gid, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
)
