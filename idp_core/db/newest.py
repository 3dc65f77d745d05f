"""Whether a database is at the newest schema, asked without Alembic: its import takes longer."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from idp_core.db.engine import reading

_FILES = Path(__file__).parent / "migrations" / "versions"


def newest() -> str:
    """Return the revision of the last migration, which its file's name begins with."""
    return max(file.name.partition("_")[0] for file in _FILES.glob("[0-9]*_*.py"))


def is_newest(engine: sa.Engine) -> bool:
    """Whether nothing has to be upgraded; False also for a database that is empty."""
    with reading(engine) as conn:
        if not sa.inspect(conn).has_table("alembic_version"):
            return False
        found = conn.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
    return list(found) == [newest()]
