"""Count tries in buckets with a limit and a window; a bucket's name is a keyed digest.

A try is counted before it is made, in one statement, so that many at once overshoot nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from idp_core.throttle.tables import tries


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` tries in `window`, counted from the first of them."""

    most: int
    window: timedelta


def count(conn: sa.Connection, bucket: str, limit: Limit, now: datetime) -> bool:
    """Count a try; False when it is one too many. A try too many prolongs nothing."""
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    over = tries.c.until <= now
    # With its type: inside CASE a bare time would be written in another form than the column's.
    until = sa.literal(now + limit.window, tries.c.until.type)
    statement = (
        insert(tries)
        .values(bucket=bucket, count=1, until=until)
        .on_conflict_do_update(
            index_elements=[tries.c.bucket],
            set_={
                "count": sa.case((over, 1), else_=tries.c.count + 1),
                "until": sa.case((over, until), else_=tries.c.until),
            },
        )
        .returning(tries.c.count)
    )
    counted: int = conn.execute(statement).scalar_one()
    return counted <= limit.most


def forget(conn: sa.Connection, buckets: Iterable[str]) -> None:
    """Begin to count anew: the right person came."""
    conn.execute(sa.delete(tries).where(tries.c.bucket.in_(list(buckets))))


def refund(conn: sa.Connection, buckets: Iterable[str]) -> None:
    """Take back one try of each bucket."""
    conn.execute(
        sa.update(tries)
        .where(tries.c.bucket.in_(list(buckets)), tries.c.count > 0)
        .values(count=tries.c.count - 1)
    )


def prune(conn: sa.Connection, now: datetime) -> int:
    """Remove buckets whose window is over; return how many."""
    return conn.execute(sa.delete(tries).where(tries.c.until < now)).rowcount
