"""The one `MetaData` that every table of the core joins, and how its constraints are named.

Tables stand in a module called ``tables.py`` in the package that owns them, and are known only to
the store module beside it. A new table comes with a migration (see `idp_core.db.schema`).
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
