"""Accounts, passwords, tickets, counted tries, sessions, mail, the audit log."""

import sqlalchemy as sa
from alembic import op

from idp_core.db import types

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time", types.UtcTime(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("account", types.Gid, nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("data", types.Json, nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_account", "audit", ["account", "position"], unique=False)
    op.create_table(
        "login_account",
        sa.Column("id", types.Gid, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("attributes", types.Json, nullable=False),
        sa.Column("language", sa.String(length=10), nullable=True),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("blocked_at", types.UtcTime(), nullable=True),
        sa.Column("blocked_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_account")),
        sa.UniqueConstraint("email_key", name=op.f("uq_login_account_email_key")),
    )
    op.create_table(
        "mail",
        sa.Column("id", types.BigInt, sa.Identity(always=False), nullable=False),
        sa.Column("context", sa.String(length=36), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
    )
    op.create_index("ix_mail_not_before", "mail", ["not_before"], unique=False)
    op.create_table(
        "password",
        sa.Column("account", types.Gid, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("changed_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_password")),
    )
    op.create_table(
        "session",
        sa.Column("sid", types.Gid, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account", types.Gid, nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("auth_time", types.UtcTime(), nullable=False),
        sa.Column("amr", types.Json, nullable=False),
        sa.Column("acr", sa.String(length=60), nullable=False),
        sa.Column("seen_at", types.UtcTime(), nullable=False),
        sa.Column("expires_at", types.UtcTime(), nullable=False),
        sa.Column("agent", sa.String(length=120), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("ended_at", types.UtcTime(), nullable=True),
        sa.Column("ended_why", sa.String(length=30), nullable=True),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_session")),
        sa.UniqueConstraint("digest", name=op.f("uq_session_digest")),
    )
    op.create_index("ix_session_account", "session", ["account"], unique=False)
    op.create_index("ix_session_expires_at", "session", ["expires_at"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=30), nullable=False),
        sa.Column("account", types.Gid, nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_at", types.UtcTime(), nullable=False),
        sa.Column("used_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_ticket")),
    )
    op.create_index("ix_ticket_account", "ticket", ["account"], unique=False)
    op.create_index("ix_ticket_expires_at", "ticket", ["expires_at"], unique=False)
    op.create_table(
        "tries",
        sa.Column("bucket", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_tries")),
    )
    op.create_index("ix_tries_until", "tries", ["until"], unique=False)
