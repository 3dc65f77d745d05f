"""Column types that mean the same on SQLite and on PostgreSQL.

`UtcTime` is ``TIMESTAMP WITH TIME ZONE`` on PostgreSQL and text of one width on SQLite
(``2020-01-31T12:00:00.000000Z``: readable, and its order is the order of time). `Json` is ``JSONB``
and ``TEXT``. Global ids are `Gid`, text of 36 characters on both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

Gid = sa.String(36)
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A 64-bit integer; as a primary key SQLite then numbers the rows itself."""


@lru_cache(maxsize=1024)
def utc_text(moment: datetime) -> str:
    """Return the moment as ``2020-01-31T12:00:00.000000Z``; ValueError when it has no zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone: use datetime.now(UTC)")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


class UtcTime(sa.types.TypeDecorator[datetime]):
    """A moment in UTC; times without a zone are refused."""

    impl = sa.String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Use the server's own type on PostgreSQL."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.DateTime(timezone=True))
        return dialect.type_descriptor(sa.String(27))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Write a moment, in UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else utc_text(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's)
        """Read a moment, in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)
