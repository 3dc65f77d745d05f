"""Sources that change while they are read: real ones keep the rules, broken ones break them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from connectors import memory
from connectors.contract import Cursor, Page, Query
from connectors.kit import ChangingSourceContract
from connectors.memory import Memory
from connectors.rest import Rest
from tests.connectors.test_kit import failed_rules
from tests.connectors.test_sql import people

pytest_plugins = ["pytester"]


class Rows:
    """A system that is a list of rows."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def put(self, row):
        self.rows.append(dict(row))

    def drop(self, key):
        self.rows[:] = [row for row in self.rows if row["id"] != key]

    def widen(self, column):
        self.rows[:] = [row | {column: "new"} for row in self.rows]

    def narrow(self, column):
        self.rows[:] = [{k: v for k, v in row.items() if k != column} for row in self.rows]

    def settle(self):
        pass


class TestMemory(ChangingSourceContract):
    @pytest.fixture
    def held(self, records):
        name = uuid.uuid4().hex
        memory.store(name).rows["people"] = list(records)
        yield name
        memory.forget(name)

    @pytest.fixture
    def source(self, held):
        return Memory(store=held)

    @pytest.fixture
    def system(self, held):
        return Rows(memory.store(held).rows["people"])


class TestRest(ChangingSourceContract):
    """Pages of four by offset, in the order of change."""

    @pytest.fixture
    def system(self, records):
        return Rows(list(records))

    @pytest.fixture
    def source(self, system, api):
        def answer(_: str, asked: dict[str, str]) -> Any:
            ordered = sorted(system.rows, key=lambda row: (row["changed"], row["id"]))
            left = [row for row in ordered if row["changed"] >= asked.get("since", "")]
            return left[int(asked["offset"]) :][:4]

        wanted = {
            "path": "people",
            "pagination": {"type": "offset", "overlap": True},
            "cursor": {"since": "{after}"},
        }
        return Rest.model_validate({"url": api(answer), "objects": {"people": wanted}})


class TestRestByNumber(TestRest):
    """Pages of three by number, which say how many rows there are."""

    @pytest.fixture
    def source(self, system, api):
        def answer(_: str, asked: dict[str, str]) -> Any:
            ordered = sorted(system.rows, key=lambda row: (row["changed"], row["id"]))
            left = [row for row in ordered if row["changed"] >= asked.get("since", "")]
            start = 3 * (int(asked["page"]) - 1)
            return {"rows": left[start : start + 3], "of": len(left)}

        wanted = {
            "path": "people",
            "items": "rows",
            "pagination": {"type": "page", "total": "of"},
            "cursor": {"since": "{after}"},
        }
        return Rest.model_validate({"url": api(answer), "objects": {"people": wanted}})


class Table:
    """A table; its columns are changed at once where no reader holds them, else when settled."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        self._left: list[str] = []
        if self._engine.dialect.name == "sqlite":
            self._run("PRAGMA journal_mode = WAL")  # or a reader keeps every writer out

    def put(self, row):
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        with self._engine.begin() as connection:
            connection.execute(sa.text(f"INSERT INTO people ({names}) VALUES ({values})"), row)

    def drop(self, key):
        with self._engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM people WHERE id = :id"), {"id": key})

    def widen(self, column):
        self._try(f"ALTER TABLE people ADD COLUMN {column} text DEFAULT 'new'")

    def narrow(self, column):
        self._try(f"ALTER TABLE people DROP COLUMN {column}")

    def settle(self):
        for statement in self._left:
            self._run(statement)

    def _try(self, statement):
        try:
            self._run(statement)
        except sa.exc.OperationalError:
            self._left.append(statement)

    def _run(self, statement):
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            connection.execute(sa.text(statement))


class TestSql(ChangingSourceContract):
    @pytest.fixture
    def source(self, records, database_url, tmp_path):
        return people(database_url, tmp_path, records)

    @pytest.fixture
    def system(self, source, database_url):
        return Table(database_url)


class NeverGoesBack(Memory):
    """Remembers how far it came, and takes what is asked before that for read."""

    furthest: ClassVar[str] = ""

    def read(self, query: Query) -> Iterator[Page]:
        if query.after and query.after.value < self.furthest:
            query = replace(query, after=Cursor(self.furthest))
        for page in super().read(query):
            if page.cursor:
                type(self).furthest = page.cursor.value
            yield page


class CountsInAdvance(Memory):
    """Asks how many rows there are, and then for as many, by their number."""

    def read(self, query: Query) -> Iterator[Page]:
        for start in range(0, len(memory.store(self.store).rows["people"]), query.page_size):
            rows = [row for page in super().read(query) for row in page.rows]
            part = rows[start : start + query.page_size]
            yield Page(part, Cursor(part[-1]["changed"], part[-1]["id"]))


class GoesOnBehindSoMany(Memory):
    """Asks for the rows behind as many as it has, until there are none."""

    def read(self, query: Query) -> Iterator[Page]:
        start = 0
        while True:
            rows = [row for page in super().read(query) for row in page.rows]
            if not (part := rows[start : start + query.page_size]):
                return
            yield Page(part, Cursor(part[-1]["changed"], part[-1]["id"]))
            start += len(part)


class KnowsItsColumns(Memory):
    """Asks for its columns once and for all."""

    names: ClassVar[tuple[str, ...]] = ()

    def read(self, query: Query) -> Iterator[Page]:
        with suppress(IndexError):
            type(self).names = self.names or tuple(memory.store(self.store).rows["people"][0])
        yield from super().read(replace(query, fields=query.fields or self.names))


class NamesByPlace(KnowsItsColumns):
    """Takes the first value for the first column, as a reader of lines does."""

    def read(self, query: Query) -> Iterator[Page]:
        list(super().read(query))
        for page in Memory.read(self, query):
            yield replace(
                page, rows=[dict(zip(self.names, row.values(), strict=False)) for row in page.rows]
            )


BROKEN = {
    NeverGoesBack: "test_rows_that_appear_late_are_read_from_an_older_position",
    CountsInAdvance: "test_rows_that_appear_late_while_it_is_read_cost_no_other_and_it_ends",
    GoesOnBehindSoMany: "test_a_row_that_goes_while_it_is_read_hides_no_other",
    KnowsItsColumns: "test_a_column_that_comes_while_it_is_read_costs_nothing_and_is_seen_next",
    NamesByPlace: "test_a_column_that_goes_while_it_is_read_takes_no_other_with_it",
}
_TEST = """
import pytest
from connectors import memory
from connectors.kit import ChangingSourceContract
from tests.connectors.test_changing import Rows, {broken} as Broken

class TestBroken(ChangingSourceContract):
    @pytest.fixture
    def source(self, records):
        memory.store("kit").rows["people"] = list(records)
        return Broken(store="kit")
    @pytest.fixture
    def system(self, source):
        return Rows(memory.store("kit").rows["people"])
"""


@pytest.mark.parametrize(("broken", "rule"), BROKEN.items(), ids=str)
def test_a_source_that_cannot_stand_changes_breaks_its_rule(pytester, broken, rule):
    assert rule in failed_rules(pytester, _TEST.format(broken=broken.__name__), rule)


def test_every_rule_that_can_be_broken_is_shown_broken():
    rules = {name for name in dir(ChangingSourceContract) if name.startswith("test_")}
    assert rules == set(BROKEN.values())
