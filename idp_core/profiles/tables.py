"""The tables of profiles: what sources say, who belongs together, and what we hold to be true."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata
from idp_core.db.types import BigInt, Gid, Json, UtcTime

source_profile = sa.Table(
    "source_profile",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True,
              autoincrement=False),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("attributes", Json, nullable=False),
    sa.Column("mapping", sa.String(200), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.Column("seen_run", sa.String(36), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False, unique=True),
    sa.UniqueConstraint("source", "key"),
)  # fmt: skip

identifier = sa.Table(
    "identifier",
    metadata,
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("kind", sa.String(100), primary_key=True),
    sa.Column("record", sa.ForeignKey("source_profile.id"), primary_key=True),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Index("ix_identifier_record", "record"),
    sqlite_with_rowid=False,
)

link = sa.Table(
    "link",
    metadata,
    sa.Column("record", sa.ForeignKey("source_profile.id"), primary_key=True),
    sa.Column("gid", Gid, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
    sa.Index("ix_link_gid", "gid"),
)

profile = sa.Table(
    "profile",
    metadata,
    sa.Column("gid", Gid, primary_key=True),
    sa.Column("given_name", sa.Text),
    sa.Column("family_name", sa.Text),
    sa.Column("display_name", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("birth_date", sa.Date),
    sa.Column("language", sa.Text),
    sa.Column("country", sa.Text),
    sa.Column("loyalty_tier", sa.Text),
    sa.Column("active", sa.Boolean),
    sa.Column("consent_marketing_email", sa.Boolean),
    sa.Column("consent_marketing_sms", sa.Boolean),
    sa.Column("consent_marketing_phone", sa.Boolean),
    sa.Column("consent_marketing_post", sa.Boolean),
    sa.Column("consent_profiling", sa.Boolean),
    sa.Column("attributes", Json, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False, unique=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("deleted_at", UtcTime),
)

lineage = sa.Table(
    "lineage",
    metadata,
    sa.Column("gid", sa.ForeignKey("profile.gid", ondelete="CASCADE"), primary_key=True),
    sa.Column("entries", Json, nullable=False),
)

stale_profile = sa.Table(
    "stale_profile",
    metadata,
    sa.Column("gid", Gid, primary_key=True),
    sa.Column("mark", sa.BigInteger, nullable=False),
)

redirect = sa.Table(
    "redirect",
    metadata,
    sa.Column("gid", Gid, primary_key=True),
    sa.Column("into_gid", Gid, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
    sa.Index("ix_redirect_into_gid", "into_gid"),
)

profile_event = sa.Table(
    "profile_event",
    metadata,
    sa.Column("position", BigInt, sa.Identity(), primary_key=True),
    sa.Column("gid", Gid, nullable=False),
    sa.Column("kind", sa.String(50), nullable=False),
    sa.Column("time", UtcTime, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Index("ix_profile_event_gid", "gid"),
)

erasure = sa.Table(
    "erasure",
    metadata,
    sa.Column("gid", Gid, primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
)

erasure_request = sa.Table(
    "erasure_request",
    metadata,
    sa.Column("record", sa.ForeignKey("source_profile.id"), primary_key=True),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("asked_at", UtcTime, nullable=False),
    sa.Column("gid", Gid),
    sa.Index("ix_erasure_request_source", "source"),
)

override = sa.Table(
    "override",
    metadata,
    sa.Column("gid", Gid, primary_key=True),
    sa.Column("attribute", sa.String(200), primary_key=True),
    sa.Column("value", Json, nullable=False),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
)

link_constraint = sa.Table(
    "link_constraint",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("left_source", sa.String(200), nullable=False),
    sa.Column("left_key", sa.Text, nullable=False),
    sa.Column("right_source", sa.String(200), nullable=False),
    sa.Column("right_key", sa.Text, nullable=False),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime),
    sa.CheckConstraint("kind IN ('must', 'cannot')", name="kind"),
    sa.UniqueConstraint("left_source", "left_key", "right_source", "right_key"),
)

review_case = sa.Table(
    "review_case",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("left_source", sa.String(200), nullable=False),
    sa.Column("left_key", sa.Text, nullable=False),
    sa.Column("right_source", sa.String(200), nullable=False),
    sa.Column("right_key", sa.Text, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("weight", sa.Float, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("assignee", sa.String(200)),
    sa.Column("until", UtcTime),
    sa.UniqueConstraint("left_source", "left_key", "right_source", "right_key"),
    sa.Index("ix_review_case_status", "status", "weight"),
    sa.Index("ix_review_case_right", "right_source", "right_key"),
)

review_action = sa.Table(
    "review_action",
    metadata,
    sa.Column("position", BigInt, sa.Identity(), primary_key=True),
    sa.Column("case_id", sa.ForeignKey("review_case.id"), nullable=False),
    sa.Column("action", sa.String(10), nullable=False),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("time", UtcTime, nullable=False),
    sa.Column("until", UtcTime),
    sa.Column("data", Json, nullable=False),
    sa.Index("ix_review_action_case_id", "case_id"),
)

rules_approval = sa.Table(
    "rules_approval",
    metadata,
    sa.Column("hash", sa.String(12), primary_key=True),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)

shared_value = sa.Table(
    "shared_value",
    metadata,
    sa.Column("kind", sa.String(100), primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
)

watermark = sa.Table(
    "watermark",
    metadata,
    sa.Column("stage", sa.String(200), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("saved_at", UtcTime, nullable=False),
)
