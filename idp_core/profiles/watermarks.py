"""How far each stage has read, so that each may be restarted alone. The caller commits."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.db.types import utc_text
from idp_core.profiles.tables import watermark


def read_watermark(conn: sa.Connection, stage: str) -> int:
    """Return the number up to which a stage has read; 0 when it never did."""
    return conn.scalar(sa.select(watermark.c.seq).where(watermark.c.stage == stage)) or 0


def save_watermark(
    conn: sa.Connection, stage: str, seq: int, *, now: datetime | None = None
) -> None:
    """Note that a stage has read up to `seq`; commit it with what the stage wrote."""
    row = (stage, seq, utc_text(now or datetime.now(UTC)))
    bulk.upsert(conn, watermark, ("stage", "seq", "saved_at"), [row])
