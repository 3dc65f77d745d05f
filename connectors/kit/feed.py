"""The rules of every feed of changes."""

# ruff: noqa: S101, D102 (tests: they assert, and their names are their documentation)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import pytest

from connectors.contract import Cursor, Feed, Page, Query
from connectors.errors import ExpiredCursorError
from connectors.kit.records import RECORDS
from connectors.kit.source import Rows, rows_of


class System(Protocol):
    """The system behind a feed, changed as its own users would."""

    def put(self, row: Mapping[str, Any]) -> None:
        """Make or replace a record."""

    def remove(self, key: str) -> None:
        """Delete the record with this `id`."""


class FeedContract:
    """Inherit this beside `SourceContract`; give `feed` and `system`, and `stale` if it can be.

    `feed(records)` is a connector whose object `name` holds `records`, `system` changes them.
    """

    name: ClassVar[str] = "people"
    """The object to read."""
    key: ClassVar[str] = "id"
    """The column that names a deleted record; override `key_of` where it is not `id`."""
    deleted: ClassVar[str] = "_deleted"
    """The column that is true in the row of a deleted record."""

    @pytest.fixture
    def records(self) -> Rows:
        """What the system is to hold at first."""
        return [dict(row) for row in RECORDS]

    @pytest.fixture
    def stale(self) -> Cursor | None:
        """A position that the system has forgotten; None when it forgets none."""
        return None

    def test_a_first_read_gives_every_record_and_a_position(
        self, feed: Feed, records: Rows
    ) -> None:
        pages = list(feed.changes(self.query()))
        assert {row["id"] for row in rows_of(pages)} == {row["id"] for row in records}
        assert pages[-1].cursor

    def test_nothing_comes_where_nothing_changed(self, feed: Feed) -> None:
        assert rows_of(feed.changes(self.query(after=self.now(feed)))) == []

    def test_a_changed_record_comes_whole(self, feed: Feed, system: System, records: Rows) -> None:
        before, changed = self.now(feed), {**records[4], "name": "Changed"}
        system.put(changed)
        (row,) = rows_of(feed.changes(self.query(after=before)))
        told = {name: row[name] for name in ("id", "name", "note")}
        assert told == {name: changed[name] for name in ("id", "name", "note")}

    def test_a_deleted_record_comes_as_a_row_of_its_key(
        self, feed: Feed, system: System, records: Rows
    ) -> None:
        before, key = self.now(feed), self.key_of(feed, records[2]["id"])
        system.remove(records[2]["id"])
        (row,) = rows_of(feed.changes(self.query(after=before)))
        assert row[self.key] == key
        assert row[self.deleted] is True

    def test_a_record_that_came_and_went_is_gone(self, feed: Feed, system: System) -> None:
        before = self.now(feed)
        system.put({**RECORDS[0], "id": "short-lived"})
        system.remove("short-lived")
        rows = rows_of(feed.changes(self.query(after=before)))
        assert all(row[self.deleted] is True for row in rows[-1:])

    @pytest.mark.parametrize("size", [1, 3])
    def test_going_on_after_any_page_loses_nothing(
        self, feed: Feed, system: System, records: Rows, size: int
    ) -> None:
        before = self.now(feed)
        for row in records[:5]:
            system.put({**row, "name": "Changed"})
        pages = list(feed.changes(self.query(after=before, page_size=size)))
        assert len(rows_of(pages)) == 5
        for number, page in enumerate(pages):
            if page.cursor:
                rest = rows_of(feed.changes(self.query(after=page.cursor)))
                wanted = {row[self.key] for row in rows_of(pages[number + 1 :])}
                assert wanted <= {row[self.key] for row in rest}

    def test_a_forgotten_position_is_told(self, feed: Feed, stale: Cursor | None) -> None:
        if stale is None:
            pytest.skip("forgets no position")
        with pytest.raises(ExpiredCursorError):
            list(feed.changes(self.query(after=stale)))

    def query(self, **more: Any) -> Query:
        """The query that the rules ask."""
        return Query(self.name, key=self.key, **more)

    def key_of(self, feed: Feed, record: str) -> str:  # noqa: ARG002 (for those who override it)
        """The key by which the system names the record with this `id`."""
        return record

    def now(self, feed: Feed) -> Cursor:
        """The position after all that there is."""
        *_, last = [page.cursor for page in self._pages(feed) if page.cursor]
        return last

    def _pages(self, feed: Feed) -> list[Page]:
        return list(feed.changes(self.query()))
