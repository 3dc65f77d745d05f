"""The rules of connectors over HTTP whose system does not tell the truth."""

# ruff: noqa: S101, D102 (tests: they assert, and their names are their documentation)

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from connectors.contract import Action, Change, Cursor, Query, Searchable, Source, Target
from connectors.errors import MisconfiguredError, TransientError
from connectors.kit.faults import FaultyProxy
from connectors.kit.lies import ADDED, ORDERS, SCHEMAS, TOTALS, Lie
from connectors.kit.records import RECORDS
from connectors.kit.shapes import JsonShape, Shape
from connectors.kit.source import Rows, rows_of

_FEW = 3
"""Calls that a lie may cost beside those of an honest read."""
_TOLD = (TransientError, MisconfiguredError)


class _Lying:
    column: ClassVar[str] = "note"
    """The column that goes, or that holds numbers all at once."""
    about: ClassVar[str] = ""
    """What the path of calls holds that are lied about."""

    @pytest.fixture
    def shape(self) -> Shape:
        """How answers hold their rows."""
        return JsonShape()

    @pytest.fixture
    def proxy(self, upstream: str, shape: Shape) -> Iterator[FaultyProxy]:
        """The proxy between the connector and its system."""
        with FaultyProxy(upstream, shape=shape, about=self.about, column=self.column) as proxy:
            yield proxy


class LyingSourceContract(_Lying):
    """Inherit this, give `upstream(records)`, `source(proxy)` and `shape`.

    `source` reads through ``proxy.url``, in three pages or more. What a read is told and cannot
    believe may end it with an error that says so; then reading on later brings what is left.
    """

    name: ClassVar[str] = "people"
    """The object to read."""
    key: ClassVar[str] = "id"
    """The column that tells the rows apart."""
    cursor: ClassVar[str | None] = "changed"
    """The cursor field; None for a source that is read without one."""
    counted: ClassVar[bool] = True
    """Whether answers say how many rows there are in all."""
    tells_missing: ClassVar[bool] = True
    """Whether a row that lacks a column is told from one where it is empty."""

    @pytest.fixture
    def records(self) -> Rows:
        """What the system is to hold."""
        return [dict(row) for row in RECORDS]

    @pytest.mark.parametrize("lie", TOTALS)
    def test_a_total_that_lies_ends_no_read_early_and_keeps_none_going(
        self, source: Source, proxy: FaultyProxy, lie: Lie
    ) -> None:
        if not self.counted:
            pytest.skip("says no total")
        whole = rows_of(source.read(self.query()))
        honest = len(proxy.calls)
        proxy.lie(lie)
        assert rows_of(source.read(self.query())) == whole
        assert len(proxy.calls) <= 2 * honest + _FEW

    @pytest.mark.parametrize("lie", ORDERS)
    def test_pages_that_come_twice_or_in_another_order_lose_and_double_nothing(
        self, source: Source, proxy: FaultyProxy, lie: Lie
    ) -> None:
        whole = self.by_key(rows_of(source.read(self.query())))
        proxy.lie(lie)
        seen, rest = self.landed(source, proxy)
        assert max(Counter(row[self.key] for row in seen).values(), default=1) == 1
        assert self.by_key(self.once(seen + rest)) == whole

    @pytest.mark.parametrize("lie", SCHEMAS)
    def test_a_schema_that_changes_while_it_is_read_costs_no_row_and_no_other_value(
        self, source: Source, proxy: FaultyProxy, lie: Lie
    ) -> None:
        whole = {row[self.key]: row for row in rows_of(source.read(self.query()))}
        proxy.lie(lie)
        seen, rest = self.landed(source, proxy)
        assert {row[self.key] for row in seen + rest} == set(whole)
        touched = ADDED if lie is Lie.WIDENED else self.column
        for row in seen:
            was = whole[row[self.key]]
            assert without(row, touched) == without(was, touched)
            if lie is Lie.NARROWED and self.tells_missing:
                assert touched not in row or row[touched] == was[touched]

    def landed(self, source: Source, proxy: FaultyProxy) -> tuple[Rows, Rows]:
        """What a read brings that is lied to; where it ends with an error, what is left later."""
        seen: Rows = []
        position: Cursor | None = None
        try:
            for page in source.read(self.query()):
                seen += rows_of([page])
                position = page.cursor or position
        except _TOLD:
            proxy.lie(None)
            return seen, rows_of(source.read(self.query(after=position)))
        return seen, []

    def query(self, **more: Any) -> Query:
        """The query that the rules ask."""
        return Query(self.name, key=self.key, cursor=self.cursor, **more)

    def by_key(self, rows: Rows) -> Rows:
        """Rows in the order of their keys."""
        return sorted(rows, key=lambda row: str(row[self.key]))

    def once(self, rows: Rows) -> Rows:
        """Each row once, the last that came: so they are landed."""
        return list({row[self.key]: row for row in rows}.values())


class LyingTargetContract(_Lying):
    """Inherit this, give `upstream`, a system without accounts, `target(proxy)` and `shape`.

    `target` is Searchable and lists its accounts through ``proxy.url``, a few at once.
    """

    name: ClassVar[str] = "User"
    """The object to list."""
    unique: ClassVar[str] = "userName"
    """An attribute that every account needs, each with its own value."""
    size: ClassVar[int] = 7
    """How many accounts there are to be: three pages of them."""

    @pytest.mark.parametrize("lie", [*TOTALS, *ORDERS])
    def test_accounts_are_listed_each_once_or_it_is_told(
        self, target: Target, proxy: FaultyProxy, lie: Lie
    ) -> None:
        assert isinstance(target, Searchable)
        self.fill(target)
        proxy.lie(None)
        honest = len(proxy.calls)
        whole = {account.id for account in target.accounts(self.name)}
        honest = len(proxy.calls) - honest
        proxy.lie(lie)
        before, told = len(proxy.calls), False
        found: list[str] = []
        try:
            found += [account.id for account in target.accounts(self.name)]
        except _TOLD:
            told = True
        assert len(whole) == self.size
        assert told or sorted(found) == sorted(whole)
        assert len(proxy.calls) - before <= 2 * honest + _FEW
        assert not (told and lie in TOTALS)

    def fill(self, target: Target) -> None:
        """Make the accounts."""
        changes = [
            Change(n, self.name, Action.CREATE, f"k{n}", after={self.unique: f"user-{n}"})
            for n in range(self.size)
        ]
        assert [outcome.error for outcome in target.apply(changes)] == [None] * self.size


def without(row: dict[str, Any], name: str) -> dict[str, Any]:
    """The row without a column."""
    return {each: value for each, value in row.items() if each != name}
