"""Numbers that only grow, and whose order is the order of commits.

Taking numbers holds the counter's row until the caller commits. So whoever sees number N sees all
smaller ones too: a reader who notes "read up to N" never misses one that commits late (which a
database sequence does not promise).
"""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.db.metadata import metadata

counter = sa.Table(
    "counter",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)


def take(conn: sa.Connection, name: str, count: int = 1) -> int:
    """Take `count` numbers and return the first of them; the very first is 1."""
    statement = sa.text(
        "INSERT INTO counter (name, value) VALUES (:name, :count) "
        "ON CONFLICT (name) DO UPDATE SET value = counter.value + :count RETURNING value"
    )
    last: int = conn.execute(statement, {"name": name, "count": count}).scalar_one()
    return last - count + 1


def last(conn: sa.Connection, name: str) -> int:
    """Return the last number taken, 0 when none was."""
    value = conn.scalar(sa.select(counter.c.value).where(counter.c.name == name))
    return 0 if value is None else int(value)
