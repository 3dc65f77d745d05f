"""The rules of sources that change while they are read: rows come late, columns come and go."""

# ruff: noqa: S101, D102 (tests: they assert, and their names are their documentation)

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Protocol

import pytest

from connectors.contract import Connector, Cursor, Discoverable, Query, Source
from connectors.errors import ConnectorError, MisconfiguredError, TransientError
from connectors.kit.records import RECORDS
from connectors.kit.source import Rows, rows_of

_FEW = 2
_SIZES = [1, 5, 2 * len(RECORDS)]
_ADDED = "added"


class ChangingSystem(Protocol):
    """The system behind a source, changed as its own users and administrators would.

    A system that holds its columns while they are read may leave `widen` and `narrow` undone
    until `settle` is called, which is when nobody reads.
    """

    def put(self, row: Mapping[str, Any]) -> None:
        """Make a record."""

    def drop(self, key: Any) -> None:
        """Take a record away."""

    def widen(self, column: str) -> None:
        """Give every record one more column, with the text "new"."""

    def narrow(self, column: str) -> None:
        """Take a column away from every record."""

    def settle(self) -> None:
        """Do what was left undone."""


class ChangingSourceContract:
    """Inherit this beside `SourceContract`, for a source that is read by cursor.

    `source(records)` is a connector whose object `name` holds `records`, `system` changes them.
    """

    name: ClassVar[str] = "people"
    """The object to read."""
    key: ClassVar[str] = "id"
    """The column that tells the records apart."""
    cursor: ClassVar[str] = "changed"
    """The cursor field."""
    optional: ClassVar[str] = "note"
    """A column that can be taken away."""

    @pytest.fixture
    def records(self) -> Rows:
        """What the source is to hold at first."""
        return [dict(row) for row in RECORDS]

    @pytest.mark.parametrize("size", _SIZES)
    def test_rows_that_appear_late_are_read_from_an_older_position(
        self, source: Source, system: ChangingSystem, records: Rows, size: int
    ) -> None:
        oldest = self.oldest(source)
        late = [{**records[0], self.key: f"{place}-late"} for place in ("00", "zz")]
        for row in late:
            system.put(row)
        reading = source.read(self.query(page_size=size, after=oldest))
        assert self.by_key(rows_of(reading)) == self.by_key([*records, *late])

    def test_rows_that_appear_late_while_it_is_read_cost_no_other_and_it_ends(
        self, source: Source, system: ChangingSystem, records: Rows
    ) -> None:
        oldest = self.oldest(source)
        late: Rows = []
        seen: Rows = []
        for number, page in enumerate(source.read(self.query(page_size=_FEW))):
            assert number < 3 * len(records), "it does not end"
            seen += rows_of([page])
            if len(late) < len(records) // 2:
                late.append({**records[0], self.key: f"late-{number:02}"})
                system.put(late[-1])
        assert {row[self.key] for row in records} <= {row[self.key] for row in seen}
        again = rows_of(source.read(self.query(after=oldest)))
        assert self.by_key(again) == self.by_key([*records, *late])

    @pytest.mark.parametrize("by", ["cursor", "key"])
    def test_a_row_that_goes_while_it_is_read_hides_no_other(
        self, source: Source, system: ChangingSystem, records: Rows, by: str
    ) -> None:
        query = self.query(page_size=_FEW)
        if by == "key":
            query = replace(query, cursor=None)
        seen: Rows = []
        gone: set[Any] = set()
        position: Cursor | None = None
        try:
            for number, page in enumerate(source.read(query)):
                assert number < 3 * len(records), "it does not end"
                seen, position = seen + rows_of([page]), page.cursor or position
                if len(gone) < _FEW and seen:
                    gone.add(seen[-1][self.key])
                    system.drop(seen[-1][self.key])
        except TransientError:  # it says so, and is read again
            seen += rows_of(source.read(replace(query, after=position)))
        stay = {row[self.key] for row in records} - gone
        assert stay <= {row[self.key] for row in seen}

    def test_a_column_that_comes_while_it_is_read_costs_nothing_and_is_seen_next(
        self, source: Connector, system: ChangingSystem, records: Rows
    ) -> None:
        for row in self.read_while(source, lambda: system.widen(_ADDED)):
            told = row.pop(_ADDED, None)
            assert told in {None, "new"}
            assert row in records
        system.settle()
        again = self.by_key(rows_of(self.as_source(source).read(self.query())))
        assert again == self.by_key([{**row, _ADDED: "new"} for row in records])
        assert _ADDED in self.columns(source, {_ADDED})

    def test_a_column_that_goes_while_it_is_read_takes_no_other_with_it(
        self, source: Connector, system: ChangingSystem, records: Rows
    ) -> None:
        left = [{k: v for k, v in row.items() if k != self.optional} for row in records]
        for row in self.read_while(source, lambda: system.narrow(self.optional)):
            row.pop(self.optional, None)
            assert row in left
        system.settle()
        again = rows_of(self.as_source(source).read(self.query()))
        assert all(row.pop(self.optional, None) is None for row in again)
        assert self.by_key(again) == self.by_key(left)
        assert self.optional not in self.columns(source, set())

    def read_while(self, source: Connector, change: Callable[[], None]) -> Rows:
        """The rows of a read during which something changes; fewer where it is told and ends."""
        rows: Rows = []
        try:
            for number, page in enumerate(self.as_source(source).read(self.query(page_size=_FEW))):
                rows += rows_of([page])
                if not number:
                    change()
        except ConnectorError as error:
            assert isinstance(error, TransientError | MisconfiguredError)  # noqa: PT017
        else:
            assert len({row[self.key] for row in rows}) == len(RECORDS)
        return rows

    def columns(self, source: Connector, unknown: set[str]) -> set[str]:
        """The columns that the source tells now; `unknown` where it tells none."""
        if not isinstance(source, Discoverable):
            return unknown
        found = {one.name: one for one in source.discover()}
        return {column.name for column in found[self.name].columns} or unknown

    def oldest(self, source: Source) -> Cursor:
        """Read all; return the first row's position, ties and all: what going back gives."""
        first, *_ = [page.cursor for page in source.read(self.query(page_size=1)) if page.cursor]
        return Cursor(first.value)

    def query(self, **more: Any) -> Query:
        """The query that the rules ask."""
        return Query(self.name, key=self.key, cursor=self.cursor, **more)

    def by_key(self, rows: Rows) -> Rows:
        """Rows in the order of their keys."""
        return sorted(rows, key=lambda row: str(row[self.key]))

    def as_source(self, source: Connector) -> Source:
        """The connector, which is one that is read."""
        assert isinstance(source, Source)
        return source
