"""Something to select from: a table, a view or a named query, and what is known of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.contract import Column, Cursor, ObjectSchema, Query
from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean
from connectors.sql.types import arrow_type, from_position


@dataclass(frozen=True, slots=True)
class Relation:
    """What to select from. `arrow` lacks the columns whose type only their values tell."""

    name: str
    source: sa.FromClause
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    arrow: Mapping[str, pa.DataType] = field(default_factory=dict)
    kinds: Mapping[str, tuple[type, bool]] = field(default_factory=dict)
    """Of each column, its Python type and whether it is a time with a zone."""

    def described(self) -> ObjectSchema:
        """The relation as `discover` shows it."""
        return ObjectSchema(self.name, self.columns, self.key)

    def checked(self, fields: tuple[str, ...] | None) -> list[str]:
        """These columns, or all; MisconfiguredError for one that is not there."""
        known = [column.name for column in self.columns]
        for name in fields or ():
            if name not in known:
                raise MisconfiguredError(
                    f"{self.name}: no column {name!r}{did_you_mean(name, known)}"
                )
        return list(fields or known)

    def order(self, query: Query) -> list[str]:
        """The columns that order the rows; MisconfiguredError when ties cannot be broken."""
        if not query.cursor:
            return self.checked((query.key,)) if query.key else []
        key = query.key or (self.key[0] if len(self.key) == 1 else None)
        if not key:
            raise MisconfiguredError(
                f"{self.name}: reading by {query.cursor!r} needs a key of one column to break ties"
            )
        return self.checked((query.cursor, key))

    def select(self, names: list[str], query: Query) -> sa.Select[Any]:
        """The statement: these columns, in order, after the position."""
        statement = sa.select(*(self.source.c[name] for name in names))
        order = [self.source.c[name] for name in self.order(query)]
        if len(order) == 2:
            moment, key = order
            if query.after:
                statement = statement.where(self._beyond(moment, key, query.after))
                return statement.order_by(moment, key)
            return statement.order_by(moment.is_not(None), moment, key)
        return statement.order_by(*order)

    def _beyond(
        self, moment: sa.ColumnElement[Any], key: sa.ColumnElement[Any], after: Cursor
    ) -> sa.ColumnElement[bool]:
        value = self._bound(moment, after.value)
        if not after.key:
            return moment >= value
        return (moment > value) | ((moment == value) & (key > self._bound(key, after.key)))

    def _bound(self, column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[Any]:
        name = str(getattr(column, "name", ""))
        kind, aware = self.kinds.get(name, (str, False))
        return sa.literal(
            from_position(text, kind, f"{self.name}.{name}", aware=aware), column.type
        )


def of_table(connection: sa.Connection, name: str, schema: str | None) -> Relation:
    """Reflect a table or view."""
    inspector = sa.inspect(connection)
    sqlite = connection.dialect.name == "sqlite"
    listed = inspector.get_columns(name, schema)
    types = {one["name"]: _stored(one["type"]) if sqlite else one["type"] for one in listed}
    # Names are quoted: what is reflected is exact, and ``User`` is not ``user``.
    source = sa.table(
        sa.quoted_name(name, quote=True),
        *(sa.column(sa.quoted_name(n, quote=True), kind) for n, kind in types.items()),
        schema=schema,
    )
    return Relation(
        name=name,
        source=source,
        columns=tuple(
            Column(one["name"], _type_name(one["type"]), one["nullable"]) for one in listed
        ),
        key=tuple(inspector.get_pk_constraint(name, schema)["constrained_columns"]),
        arrow={n: arrow_type(kind) for n, kind in types.items()},
        kinds={n: _python_kind(kind) for n, kind in types.items()},
    )


def of_query(connection: sa.Connection, name: str, text: str) -> Relation:
    """Look at one row of a named query: nothing else tells its columns' types."""
    plain = text.strip().rstrip(";").replace(":", r"\:")
    sample = connection.execute(sa.text(f"SELECT * FROM ({plain}) AS q LIMIT 1"))
    names = list(sample.keys())
    first = sample.first()
    values = dict(zip(names, first or (None,) * len(names), strict=True))
    source = sa.text(plain).columns(*(sa.column(sa.quoted_name(n, quote=True)) for n in names))
    kinds = {n: (type(v), getattr(v, "tzinfo", None) is not None) for n, v in values.items()}
    return Relation(
        name=name,
        source=source.subquery("q"),
        columns=tuple(
            Column(n, type(v).__name__ if v is not None else "") for n, v in values.items()
        ),
        kinds={n: kind for n, kind in kinds.items() if values[n] is not None},
    )


def _stored(kind: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    """SQLite has no dates, times or decimals: they are read as the text that was stored."""
    if isinstance(kind, sa.Boolean | sa.Integer | sa.Float | sa.LargeBinary):
        return kind
    return sa.types.NullType()


def _python_kind(kind: sa.types.TypeEngine[Any]) -> tuple[type, bool]:
    try:
        return kind.python_type, isinstance(kind, sa.DateTime) and kind.timezone
    except NotImplementedError:
        return str, False


def _type_name(kind: sa.types.TypeEngine[Any]) -> str:
    try:
        return str(kind).lower()
    except sa.exc.CompileError:
        return type(kind).__name__.lower()
