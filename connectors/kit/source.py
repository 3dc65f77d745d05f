"""The rules of every source."""

# ruff: noqa: S101, D102 (tests: they assert, and their names are their documentation)

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from connectors.contract import (
    Checkable,
    Connector,
    Cursor,
    Discoverable,
    Page,
    Query,
    Source,
)
from connectors.errors import ConnectorError, MisconfiguredError, TransientError, UnauthorizedError
from connectors.kit.records import CANARY, RECORDS

Rows = list[dict[str, Any]]
_FEW = 5
_SIZES = [1, 2, len(RECORDS) - 1, len(RECORDS), len(RECORDS) + 1]


def rows_of(pages: Iterable[Page]) -> Rows:
    """The rows of pages as dictionaries, Arrow or not."""
    return [
        dict(row)
        for page in pages
        for row in (page.rows.to_pylist() if hasattr(page.rows, "to_pylist") else page.rows)
    ]


class SourceContract:
    """Inherit this, give the fixture `source`; give `empty`, `unreachable`, `refused` if it can.

    `source(records)` returns a connector whose object `name` holds `records`. Where secrets are
    needed, use `CANARY` as their value in `refused`.
    """

    name: ClassVar[str] = "people"
    """The object to read."""
    key: ClassVar[str] = "id"
    """The column that tells the records apart, in the system's own words."""
    label: ClassVar[str] = "name"
    """Another column of text."""
    cursor: ClassVar[str | None] = "changed"
    """The cursor field; None for a source that is read without one."""
    typed: ClassVar[bool] = True
    """False for formats that hold text only: no nulls, no numbers."""

    @pytest.fixture
    def records(self) -> Rows:
        """What the source is to hold."""
        if self.typed:
            return [dict(row) for row in RECORDS]
        return [{k: "" if v is None else str(v) for k, v in row.items()} for row in RECORDS]

    @pytest.fixture
    def empty(self) -> Connector | None:
        """A source whose object holds no row; None when there can be none."""
        return None

    @pytest.fixture
    def unreachable(self) -> Connector | None:
        """The same source at an address where nothing answers; None when it has no address."""
        return None

    @pytest.fixture
    def refused(self) -> Connector | None:
        """The same source with CANARY as its wrong secret; None when it needs no secret."""
        return None

    def query(self, **more: Any) -> Query:
        """The query that the rules ask."""
        return Query(self.name, key=self.key, cursor=self.cursor, **more)

    def by_key(self, rows: Iterable[Mapping[str, Any]]) -> Rows:
        """Rows in the order of their keys."""
        return sorted((dict(row) for row in rows), key=lambda row: str(row[self.key]))

    def test_every_record_comes_back_as_it_was(self, source: Source, records: Rows) -> None:
        assert self.by_key(rows_of(source.read(self.query()))) == self.by_key(records)

    def test_reading_twice_gives_the_same(self, source: Source) -> None:
        assert rows_of(source.read(self.query())) == rows_of(source.read(self.query()))

    @pytest.mark.parametrize("size", _SIZES)
    def test_no_page_is_larger_than_asked_and_none_loses_a_row(
        self, source: Source, records: Rows, size: int
    ) -> None:
        pages = list(source.read(self.query(page_size=size)))
        assert all(len(page.rows) <= size for page in pages)
        assert self.by_key(rows_of(pages)) == self.by_key(records)

    @pytest.mark.parametrize("size", _SIZES)
    def test_reading_on_after_any_page_loses_and_repeats_nothing(
        self, source: Source, size: int
    ) -> None:
        pages = list(source.read(self.query(page_size=size)))
        every, read = rows_of(pages), 0
        assert any(page.cursor for page in pages)
        for page in pages:
            read += len(page.rows)
            if page.cursor:
                rest = source.read(self.query(after=page.cursor))
                assert rows_of(rest) == every[read:]

    def test_killed_at_any_page_a_new_process_ends_with_the_same(
        self, source: Connector, records: Rows
    ) -> None:
        """A page that was taken and whose position was not kept was never there."""
        pages = len(list(as_source(source).read(self.query(page_size=_FEW))))
        for killed in range(pages):
            landed: dict[Any, dict[str, Any]] = {}
            position: Cursor | None = None
            reading = as_source(anew(source)).read(self.query(page_size=_FEW))
            for number, page in enumerate(reading):
                if number == killed:
                    break
                landed |= {row[self.key]: row for row in rows_of([page])}
                position = page.cursor or position
            del reading
            rest = as_source(anew(source)).read(self.query(page_size=_FEW, after=position))
            landed |= {row[self.key]: row for row in rows_of(rest)}
            assert self.by_key(landed.values()) == self.by_key(records)

    def test_rows_come_by_cursor(self, source: Source) -> None:
        if self.cursor is None:
            pytest.skip("read without a cursor")
        moments = [row[self.cursor] for row in rows_of(source.read(self.query()))]
        assert moments == sorted(moments)

    def test_only_the_wanted_fields_are_read(self, source: Source) -> None:
        wanted = (self.label,)
        assert {tuple(row) for row in rows_of(source.read(self.query(fields=wanted)))} == {wanted}

    def test_an_unknown_object_is_a_clear_error(self, source: Source) -> None:
        with pytest.raises(MisconfiguredError, match="nothing-of-that-name"):
            list(source.read(Query("nothing-of-that-name")))

    def test_no_rows_are_no_error(self, empty: Source | None) -> None:
        if empty is None:
            pytest.skip("cannot be empty")
        assert rows_of(empty.read(self.query())) == []

    def test_asking_who_it_is_changes_nothing(self, source: Source) -> None:
        before = rows_of(source.read(self.query()))
        if isinstance(source, Checkable):
            assert source.check().identity
        if isinstance(source, Discoverable):
            found = {one.name: one for one in source.discover()}
            assert {self.key, self.label} <= {column.name for column in found[self.name].columns}
            assert list(found.values()) == list(source.discover())
        assert rows_of(source.read(self.query())) == before

    def test_a_wrong_address_and_wrong_credentials_are_told_apart(
        self, unreachable: Connector | None, refused: Connector | None
    ) -> None:
        if unreachable is not None:
            assert not isinstance(error_of_check(unreachable), UnauthorizedError)
        if refused is not None:
            assert isinstance(error_of_check(refused), UnauthorizedError)

    def test_no_secret_is_shown(
        self,
        refused: Connector | None,
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        if refused is None:
            pytest.skip("needs no secret")
        assert_hidden(refused, error_of_check(refused), caplog.text, *capfd.readouterr())

    def test_its_settings_cannot_be_changed(self, source: Connector) -> None:
        assert_frozen(source)


def anew(connector: Connector) -> Connector:
    """The same connector as another process has it: with its settings, and nothing it learnt."""
    kind = type(connector)
    return kind.model_construct(connector.model_fields_set, **dict(connector))


def as_source(connector: Connector) -> Source:
    """The connector, which is one that is read."""
    assert isinstance(connector, Source)
    return connector


def assert_frozen(connector: Connector) -> None:
    """Settings are given once."""
    name = next(iter(type(connector).model_fields))
    with pytest.raises(ValidationError):
        setattr(connector, name, getattr(connector, name))


def assert_hidden(connector: Connector, error: BaseException, *output: str) -> None:
    """The canary is neither in settings, nor in an error and what led to it, nor in output."""
    texts = [repr(connector), str(connector), connector.model_dump_json(), *output]
    seen: BaseException | None = error
    while seen is not None:
        texts += [str(seen), repr(seen)]
        seen = seen.__cause__
    assert not any(CANARY in text for text in texts)


def error_of_check(connector: Connector) -> ConnectorError:
    """What `check` raises."""
    assert isinstance(connector, Checkable)
    with pytest.raises((TransientError, MisconfiguredError)) as caught:
        connector.check()
    return caught.value
