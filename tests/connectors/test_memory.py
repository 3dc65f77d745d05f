from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from connectors import memory
from connectors.contract import Cursor, Query
from connectors.errors import MisconfiguredError
from connectors.kit import FeedContract, SourceContract, TargetContract
from connectors.memory import Memory


@pytest.fixture
def name() -> Iterator[str]:
    unique = uuid.uuid4().hex
    yield unique
    memory.forget(unique)


class TestMemorySource(SourceContract):
    @pytest.fixture
    def source(self, records, name):
        memory.store(name).rows["people"] = records
        return Memory(store=name)

    @pytest.fixture
    def empty(self, name):
        memory.store(name).rows["people"] = []
        return Memory(store=name)


class MemorySystem:
    def __init__(self, name):
        self._store = memory.store(name)

    def put(self, row):
        rows = self._store.rows["people"]
        rows[:] = [one for one in rows if one["id"] != row["id"]] + [row]
        self._store.log.setdefault("people", []).append(row)

    def remove(self, key):
        rows = self._store.rows["people"]
        rows[:] = [one for one in rows if one["id"] != key]
        self._store.log.setdefault("people", []).append({"id": key, "_deleted": True})


class TestMemoryFeed(FeedContract):
    @pytest.fixture
    def feed(self, records, name):
        memory.store(name).rows["people"] = list(records)
        return Memory(store=name)

    @pytest.fixture
    def system(self, name):
        return MemorySystem(name)

    @pytest.fixture
    def stale(self, name):
        memory.store(name).forgotten = 7
        return Cursor("6")


class TestMemoryTarget(TargetContract):
    @pytest.fixture
    def target(self, name):
        memory.store(name).accounts["User"] = {}
        return Memory(store=name)


def test_a_store_is_shared_by_its_name_and_forgotten_by_it(name):
    memory.store(name).rows["a"] = [{"id": 1, "n": 2}]
    (page,) = Memory(store=name).read(Query("a"))
    assert page.rows == [{"id": 1, "n": 2}]
    memory.forget(name)
    with pytest.raises(MisconfiguredError, match="no object 'a'"):
        list(Memory(store=name).read(Query("a")))


def test_numbers_order_as_numbers(name):
    memory.store(name).rows["a"] = [{"id": i, "n": 1} for i in (10, 9)]
    query = Query("a", cursor="n", key="id", after=Cursor("1", "9"))
    (page,) = Memory(store=name).read(query)
    assert page.rows == [{"id": 10, "n": 1}]
