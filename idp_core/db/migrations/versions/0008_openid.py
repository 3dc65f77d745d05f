"""Clients, grants and their tokens, consents, devices."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "app_consent",
        sa.Column("receipt", types.Gid, nullable=False),
        sa.Column("account", types.Gid, nullable=False),
        sa.Column("client", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("scope", types.Json, nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("given_at", types.UtcTime(), nullable=False),
        sa.Column("ended_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("receipt", name=op.f("pk_app_consent")),
        sa.UniqueConstraint(
            "account", "client", "version", name=op.f("uq_app_consent_account_client_version")
        ),
    )
    op.create_table(
        "client",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=True),
        sa.Column("settings", types.Json, nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("disabled_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
    )
    op.create_table(
        "device_request",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_code", sa.String(length=64), nullable=False),
        sa.Column("client", sa.String(length=100), nullable=False),
        sa.Column("scope", types.Json, nullable=False),
        sa.Column("resources", types.Json, nullable=False),
        sa.Column("grant_id", types.Gid, nullable=True),
        sa.Column("decided_at", types.UtcTime(), nullable=True),
        sa.Column("polled_at", types.UtcTime(), nullable=True),
        sa.Column("expires_at", types.UtcTime(), nullable=False),
        sa.Column("used_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_device_request")),
        sa.UniqueConstraint("user_code", name=op.f("uq_device_request_user_code")),
    )
    op.create_index("ix_device_request_expires_at", "device_request", ["expires_at"], unique=False)
    op.create_table(
        "oauth_grant",
        sa.Column("id", types.Gid, nullable=False),
        sa.Column("client", sa.String(length=100), nullable=False),
        sa.Column("account", types.Gid, nullable=False),
        sa.Column("sid", types.Gid, nullable=True),
        sa.Column("scope", types.Json, nullable=False),
        sa.Column("resources", types.Json, nullable=False),
        sa.Column("claims", types.Json, nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("auth_time", types.UtcTime(), nullable=False),
        sa.Column("acr", sa.String(length=60), nullable=False),
        sa.Column("amr", types.Json, nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("used_at", types.UtcTime(), nullable=True),
        sa.Column("ended_at", types.UtcTime(), nullable=True),
        sa.Column("ended_why", sa.String(length=30), nullable=True),
        sa.Column("logout_tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("logout_after", types.UtcTime(), nullable=True),
        sa.Column("logout_told_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_grant")),
    )
    op.create_index("ix_oauth_grant_account", "oauth_grant", ["account", "client"], unique=False)
    op.create_index("ix_oauth_grant_sid", "oauth_grant", ["sid"], unique=False)
    op.create_table(
        "oauth_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("grant_id", types.Gid, nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=True),
        sa.Column("challenge", sa.String(length=43), nullable=True),
        sa.Column("expires_at", types.UtcTime(), nullable=False),
        sa.Column("used_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_oauth_token")),
    )
    op.create_index("ix_oauth_token_expires_at", "oauth_token", ["expires_at"], unique=False)
    op.create_index("ix_oauth_token_grant_id", "oauth_token", ["grant_id"], unique=False)
    op.create_table(
        "seen_id",
        sa.Column("space", sa.String(length=120), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("space", "id", name=op.f("pk_seen_id")),
    )
    op.create_index("ix_seen_id_expires_at", "seen_id", ["expires_at"], unique=False)
