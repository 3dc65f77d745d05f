"""The tables of the run ledger."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import BigInt, Json, UtcTime

_NOTHING = sa.text("'{}'")

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("job", sa.String(100), nullable=False),
    sa.Column("trigger", sa.String(100), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Column("counts", Json, nullable=False, server_default=_NOTHING),
    sa.Column("error", sa.Text),
    sa.CheckConstraint("status IN ('running', 'succeeded', 'failed', 'stopped')", name="status"),
    sa.Index("ix_run_started_at", "started_at"),
)

run_step = sa.Table(
    "run_step",
    metadata,
    sa.Column("run", sa.ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("step", sa.String(100), primary_key=True),
    sa.Column("source", sa.String(200), primary_key=True, server_default=""),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("started_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("counts", Json, nullable=False, server_default=_NOTHING),
    sa.Column("error", sa.Text),
    sa.CheckConstraint("status IN ('pending', 'running', 'done', 'failed')", name="status"),
)

run_halt = sa.Table(
    "run_halt",
    metadata,
    sa.Column("run", sa.ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("why", sa.Text),
    sa.Column("at", UtcTime, nullable=False),
    sa.CheckConstraint("kind IN ('pause', 'cancel')", name="kind"),
)

read_cursor = sa.Table(
    "read_cursor",
    metadata,
    sa.Column("source", sa.String(200), primary_key=True),
    sa.Column("object", sa.String(500), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("mapping", sa.String(200), nullable=False),
    sa.Column("saved_at", UtcTime, nullable=False),
)

landed_page = sa.Table(
    "landed_page",
    metadata,
    sa.Column("id", BigInt, sa.Identity(), primary_key=True),
    sa.Column("run", sa.ForeignKey("run.id"), nullable=False),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("object", sa.String(500), nullable=False),
    sa.Column("path", sa.Text, nullable=False, unique=True),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("whole", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("cursor_value", sa.Text),
    sa.Column("cursor_key", sa.Text),
    sa.Column("landed_at", UtcTime, nullable=False),
    sa.Column("mapped_at", UtcTime),
    sa.CheckConstraint("state IN ('landed', 'mapped')", name="state"),
    sa.Index("ix_landed_page_source_state", "source", "state"),
)

dead_letter = sa.Table(
    "dead_letter",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("run", sa.ForeignKey("run.id"), nullable=False),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("stage", sa.String(20), nullable=False),
    sa.Column("key", sa.Text),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("reasons", Json, nullable=False),
    sa.Column("row", Json),
    sa.Column("types", Json),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Column("closed_at", UtcTime),
    sa.Column("closed_by", sa.Text),
    sa.Column("closed_why", sa.Text),
    sa.CheckConstraint("stage IN ('read', 'map', 'check', 'resolve', 'apply')", name="stage"),
    sa.CheckConstraint("status IN ('open', 'replayed', 'discarded')", name="status"),
    sa.Index("ix_dead_letter_source_status", "source", "status"),
    sa.Index("ix_dead_letter_run", "run"),
)

quality_result = sa.Table(
    "quality_result",
    metadata,
    sa.Column("run", sa.ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("source", sa.String(200), primary_key=True),
    sa.Column("suite", sa.String(200), primary_key=True),
    sa.Column("success", sa.Boolean, nullable=False),
    sa.Column("saved_at", UtcTime, nullable=False),
    sa.Column("result", Json, nullable=False),
)

project_lock = sa.Table(
    "project_lock",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("run", sa.String(36), nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started", sa.String(64), nullable=False),
    sa.Column("taken_at", UtcTime, nullable=False),
    sa.Column("beat_at", UtcTime, nullable=False),
)

push_inbox = sa.Table(
    "push_inbox",
    metadata,
    sa.Column("source", sa.String(200), primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("landed", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
)

pushed_row = sa.Table(
    "pushed_row",
    metadata,
    sa.Column("source", sa.ForeignKey("push_inbox.source"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("name", sa.String(64)),
    sa.Column("received_at", UtcTime, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("row", sa.Text, nullable=False),
    sa.UniqueConstraint("source", "name"),
)
