"""The table of security questions and their answers."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, UtcTime

security_question = sa.Table(
    "security_question",
    metadata,
    sa.Column("account", Gid, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("hashed", sa.Text, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
)
