"""The tables of grants, their one-time tokens, and ids of tokens that were seen."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, Json, UtcTime

oauth_grant = sa.Table(
    "oauth_grant",
    metadata,
    sa.Column("id", Gid, primary_key=True),
    sa.Column("client", sa.String(100), nullable=False),
    sa.Column("account", Gid, nullable=False),
    sa.Column("sid", Gid),
    sa.Column("scope", Json, nullable=False),
    sa.Column("resources", Json, nullable=False),
    sa.Column("claims", Json, nullable=False),
    sa.Column("nonce", sa.Text),
    sa.Column("auth_time", UtcTime, nullable=False),
    sa.Column("acr", sa.String(60), nullable=False),
    sa.Column("amr", Json, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("used_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("ended_why", sa.String(30)),
    sa.Column("logout_tries", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("logout_after", UtcTime),
    sa.Column("logout_told_at", UtcTime),
    sa.Index("ix_oauth_grant_account", "account", "client"),
    sa.Index("ix_oauth_grant_sid", "sid"),
)

oauth_token = sa.Table(
    "oauth_token",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("grant_id", Gid, nullable=False),
    sa.Column("redirect_uri", sa.Text),
    sa.Column("challenge", sa.String(43)),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("used_at", UtcTime),
    sa.Index("ix_oauth_token_grant_id", "grant_id"),
    sa.Index("ix_oauth_token_expires_at", "expires_at"),
)

seen_id = sa.Table(
    "seen_id",
    metadata,
    sa.Column("space", sa.String(120), primary_key=True),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Index("ix_seen_id_expires_at", "expires_at"),
)
