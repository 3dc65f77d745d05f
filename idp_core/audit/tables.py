"""The tables of the audit log."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, Json, UtcTime

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("time", UtcTime, nullable=False),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("account", Gid),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Column("mac", sa.String(64), nullable=False),
    sa.Index("ix_audit_account", "account", "position"),
    sa.Index("ix_audit_kind", "kind", "position"),
)

operation = sa.Table(
    "operation",
    metadata,
    sa.Column("batch", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("time", UtcTime, nullable=False),
    sa.Column("gid", Gid, nullable=False),
    sa.Column("account", sa.Text),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("cause", sa.String(20), nullable=False),
    sa.Column("attributes", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Index("ix_operation_gid", "gid"),
)
