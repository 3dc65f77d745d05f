"""What a read asks of an object: columns, conditions, order; checked before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectors.contract import Cursor, Query, Row
from connectors.errors import MisconfiguredError
from connectors.salesforce import soql
from connectors.salesforce.client import Client
from connectors.salesforce.fields import Described, SalesforceField, resolve


@dataclass(frozen=True, slots=True)
class Reading:
    """What one read asks for: its columns by their paths, and how its rows are ordered.

    `fields` is of all paths selected, the wanted ones first. With `cursor`, rows come by it and
    Id; else by Id alone.
    """

    object: str
    wanted: tuple[str, ...]
    fields: Mapping[str, SalesforceField]
    cursor: SalesforceField | None
    after: Cursor | None
    page_size: int

    @property
    def compound(self) -> bool:
        """Whether a field has several values in one, as an address."""
        return any(field.is_compound for field in self.fields.values())

    @property
    def deleted(self) -> bool:
        """Deleted rows come when the column that tells them is wanted, and only then."""
        return "IsDeleted" in self.wanted

    def statement(self, *, ordered: bool = True) -> str:
        """The query."""
        by = ([self.cursor.name] if self.cursor else []) + ["Id"]
        order = [f"{name} ASC" for name in by] if ordered else []
        return soql.select(list(self.fields), self.object, self._conditions(), order)

    def count(self) -> str:
        """The query that counts the rows."""
        return soql.select((), self.object, self._conditions())

    def position(self, row: Row) -> Cursor | None:
        """Where a read may go on after this row."""
        if self.cursor is None or row[self.cursor.name] is None:
            return None
        return Cursor(str(row[self.cursor.name]), str(row["Id"]))

    def beyond(self, row: Row) -> Reading | None:
        """The rest of this read after a row; None when it cannot be asked for."""
        if self.cursor is None:
            return None
        position = self.position(row)
        return None if position is None else replace(self, after=position)

    def comes_before(self, row: Row, other: Row) -> bool:
        """Whether a row stands before another one, where that can be told from here."""
        cursor = self.cursor
        if cursor is None or cursor.type not in {"date", "datetime"}:
            return False
        one, two = row[cursor.name], other[cursor.name]
        return two is not None and (one is None or (one, row["Id"]) < (two, other["Id"]))

    def chosen(self, row: Row) -> Row:
        """The row with the columns that are wanted."""
        return {name: row[name] for name in self.wanted}

    def _conditions(self) -> list[str]:
        if self.cursor is None or self.after is None:
            return []
        return [soql.beyond(self.cursor, self.after)]


def make_reading(client: Client, query: Query) -> Reading:
    """Check a query against the org; MisconfiguredError names what is not there."""
    of = client.describe(query.object)
    wanted = query.fields or of.readable()
    fields = {path: resolve(of, path, client.describe) for path in wanted}
    cursor = _cursor(of, query)
    for name in ("Id", *([cursor.name] if cursor else [])):
        fields.setdefault(name, of.field(name))
    return Reading(of.name, tuple(wanted), fields, cursor, query.after, query.page_size)


def _cursor(of: Described, query: Query) -> SalesforceField | None:
    if query.cursor is None:
        return None
    found = of.field(query.cursor)
    if not (found.filterable and found.sortable):
        raise MisconfiguredError(
            f"salesforce: {of.name}.{found.name} cannot be a cursor: it is neither filtered nor "
            "sorted by; take SystemModstamp"
        )
    return found
