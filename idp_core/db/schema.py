"""The schema's version: bring it to the newest, tell it, insist on it.

A new migration is a file ``migrations/versions/NNNN_what_it_gives.py`` with ``revision = "NNNN"``
and ``down_revision`` the one before, written with `alembic.op` and the types of
`idp_core.db.types`; a test compares the tables it makes with the models.
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from idp_core.db.engine import reading, writing
from idp_core.errors import SchemaError

_LOCK = 0x49535448  # any number that is ours alone: serialises upgrades on PostgreSQL


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the database to the revision, making it from nothing if need be.

    One transaction: it is all done or not begun. Safe to call from two processes at once; where
    there is nothing to do it waits for no writer. Raises SchemaError for a database of a newer
    Isthmus.
    """
    there = current(engine)
    if revision == "head" and there == head():
        return
    _require_known(there)
    with writing(engine) as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config = _config()
        config.attributes["connection"] = conn
        command.upgrade(config, revision)


def statements(dialect: str, since: str | None = None) -> str:
    """Return the SQL that `upgrade` would run on a database of ``sqlite`` or ``postgresql``.

    `since` is the revision it is at, None for an empty one; "" when there is nothing to do. For
    whoever may not let a program change tables.
    """
    text = StringIO()
    config = _config(output_buffer=text)
    config.attributes["dialect"] = dialect
    command.upgrade(config, f"{since or 'base'}:head", sql=True)
    made = text.getvalue().strip()
    return f"BEGIN;\n\n{made}\n\nCOMMIT;\n" if made else ""


def current(engine: sa.Engine) -> str | None:
    """Return the revision the database is at, None for an empty one."""
    with reading(engine) as conn:
        return MigrationContext.configure(conn).get_current_revision()


def head() -> str:
    """Return the revision this code needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise SchemaError("the installation has no migrations: install isthmus again")
    return revision


def is_known(revision: str) -> bool:
    """Whether this code has heard of a revision; otherwise it is of a newer Isthmus."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return any(script.revision == revision for script in scripts)


def require_head(engine: sa.Engine) -> None:
    """Raise SchemaError, naming the mend, unless the database is at the revision we need."""
    there, needed = current(engine), head()
    if there == needed:
        return
    _require_known(there)
    raise SchemaError(
        f"the database is at version {there or 'none'}, this code needs {needed}: "
        "run `isthmus db upgrade`"
    )


def _require_known(there: str | None) -> None:
    if there is not None and not is_known(there):
        raise SchemaError(
            f"the database is at version {there}, newer than this code ({head()}): "
            "upgrade isthmus itself"
        )


def _config(**options: Any) -> Config:
    config = Config(**options)
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
