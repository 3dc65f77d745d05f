"""The tables of provisioning; known only to the store beside them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import Gid, Json, UtcTime


def only_where(condition: str) -> dict[str, Any]:
    """Return what makes an index one of these rows alone, on both stores."""
    return {f"{store}_where": sa.text(condition) for store in ("sqlite", "postgresql")}


account = sa.Table(
    "account",
    metadata,
    sa.Column("target", sa.String(200), primary_key=True),
    sa.Column("object", sa.String(200), primary_key=True),
    sa.Column("gid", Gid, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("pushed", Json, nullable=False),
    sa.Column("profile_digest", sa.String(64), nullable=False),
    sa.Column("push_digest", sa.String(64), nullable=False),
    sa.Column("left_at", UtcTime),
    sa.Column("version", sa.Text),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.Column("rewritten", Json),
    sa.Index(None, "target", "object", "remote_id"),
)

plan = sa.Table(
    "plan",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("target", sa.String(200), nullable=False),
    sa.Column("object", sa.String(200), nullable=False),
    sa.Column("push_digest", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("people", sa.BigInteger, nullable=False),
    sa.Column("counts", Json, nullable=False),
    sa.Column("findings", Json, nullable=False),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Column("ended_by", sa.Text),
    sa.Column("ended_why", sa.Text),
    sa.Column("notes", Json),
    sa.Index(None, "target", "object", "made_at"),
    sa.Index(None, "hash"),
)

plan_item = sa.Table(
    "plan_item",
    metadata,
    sa.Column("plan_id", sa.String(36), sa.ForeignKey("plan.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("gid", Gid, nullable=False),
    sa.Column("document", Json, nullable=False),
    sa.Index(None, "gid"),
)

approval = sa.Table(
    "approval",
    metadata,
    sa.Column("plan_id", sa.String(36), sa.ForeignKey("plan.id"), primary_key=True),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)

erasure_receipt = sa.Table(
    "erasure_receipt",
    metadata,
    sa.Column("gid", Gid, primary_key=True),
    sa.Column("target", sa.String(200), primary_key=True),
    sa.Column("object", sa.String(200), primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("deleted_at", UtcTime),
    sa.Column("proof", sa.Text, nullable=False),
    sa.Column("proved_at", UtcTime, nullable=False),
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("plan_id", sa.String(36), sa.ForeignKey("plan.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("target", sa.String(200), nullable=False),
    sa.Column("object", sa.String(200), nullable=False),
    sa.Column("gid", Gid, nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("intended_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Index("ix_journal_uncertain", "target", "object", **only_where("state = 'uncertain'")),
    sa.Index(None, "gid"),
)

intent = sa.Table(
    "intent",
    metadata,
    sa.Column("plan_id", sa.String(36), sa.ForeignKey("plan.id"), primary_key=True),
    sa.Column("target", sa.String(200), nullable=False),
    sa.Column("object", sa.String(200), nullable=False),
    sa.Column("lines", Json, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("target", sa.String(200), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("tried_at", UtcTime, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
)

belonging = sa.Table(
    "belonging",
    metadata,
    sa.Column("target", sa.String(200), primary_key=True),
    sa.Column("object", sa.String(200), primary_key=True),
    sa.Column("gid", Gid, primary_key=True),
    sa.Column("remote_id", sa.Text, primary_key=True),
    sa.Column("theirs", sa.Boolean, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)

unwanted = sa.Table(
    "unwanted",
    metadata,
    sa.Column("gid", Gid, primary_key=True),
    sa.Column("target", sa.String(200), primary_key=True),
    sa.Column("object", sa.String(200), primary_key=True),
    sa.Column("profile_digest", sa.String(64), nullable=False),
    sa.Column("push_digest", sa.String(64), nullable=False),
    sqlite_with_rowid=False,
)

refusal = sa.Table(
    "refusal",
    metadata,
    sa.Column("target", sa.String(200), primary_key=True),
    sa.Column("object", sa.String(200), primary_key=True),
    sa.Column("gid", Gid, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("state", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)
