"""What a shipped description must do with the real system; inherit it and give the fixtures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import pytest

from connectors.contract import Action, Change, Outcome, Page, Query
from connectors.errors import ConflictError, NotFoundError, UnauthorizedError
from connectors.rest.connector import Rest, SearchableRestTarget

ODD = ("plain", "a+b", "o'brien", "semi=colon", "ünï-日本")


def rows(pages: Iterable[Page]) -> list[dict[str, Any]]:
    return [dict(row) for page in pages for row in page.rows]


class Shipped:
    """Give `connector` (to a system without accounts), `refused` and the two below."""

    object: ClassVar[str]
    key: ClassVar[str] = "id"
    cursor: ClassVar[str | None] = None
    edited: ClassVar[tuple[str, str]]
    """An attribute and a value of it that an update writes."""
    found_by: ClassVar[str]
    """Another attribute that accounts are asked for by."""
    upserts: ClassVar[bool] = False
    """Whether creating an account that is there gives that account instead of a conflict."""
    gone: ClassVar[str] = "00000000-0000-0000-0000-000000000000"
    """An id that no account has."""

    def our_key(self, number: int) -> str:
        return f"g-{number}/{ODD[number % len(ODD)]}"

    def attributes(self, number: int) -> dict[str, Any]:
        raise NotImplementedError

    def change_at_source(self, connector: Rest, row: dict[str, Any]) -> None:
        """Change `edited` of a record to "at the source", as a user of the system would."""
        raise NotImplementedError

    def delete_at_source(self, connector: Rest, row: dict[str, Any]) -> None:
        raise NotImplementedError

    def change(self, action: Action, number: int, **more: Any) -> Change:
        return Change(number, self.object, action, self.our_key(number), **more)

    def create(self, connector: SearchableRestTarget, *numbers: int) -> dict[int, str]:
        """Create accounts; their ids by number."""
        made = [self.change(Action.CREATE, n, after=self.attributes(n)) for n in numbers]
        outcomes = list(connector.apply(made))
        assert [each.error for each in outcomes] == [None] * len(made)
        return {each.change.number: str(each.id) for each in outcomes}

    def only(self, connector: SearchableRestTarget, change: Change) -> Outcome:
        (outcome,) = connector.apply([change])
        return outcome

    def read(self, connector: Rest, **more: Any) -> list[dict[str, Any]]:
        return rows(connector.read(Query(self.object, key=self.key, **more)))

    @pytest.fixture(autouse=True)
    def _left_empty(self, connector: SearchableRestTarget) -> Any:
        yield
        for account in list(connector.accounts(self.object)):
            self.only(connector, self.change(Action.DELETE, 1, id=account.id))
        assert self.read(connector) == []

    def test_it_says_which_system_it_is(self, connector: Rest, refused: Rest) -> None:
        assert connector.check().identity.startswith(connector.system)
        with pytest.raises(UnauthorizedError):
            refused.check()

    def test_what_is_written_is_read_back(self, connector: SearchableRestTarget) -> None:
        ids = self.create(connector, *range(1, 8))
        held = {account.key: account for account in connector.accounts(self.object)}
        assert {key: account.id for key, account in held.items()} == {
            self.our_key(number): id_ for number, id_ in ids.items()
        }
        for number in ids:
            expected = self.attributes(number)
            assert expected.items() <= held[self.our_key(number)].attributes.items()
        again = self.only(connector, self.change(Action.CREATE, 1, after=self.attributes(1)))
        if self.upserts:
            assert again.id == ids[1]
        else:
            assert isinstance(again.error, ConflictError)

    def test_accounts_are_found_by_our_key_and_by_another(
        self, connector: SearchableRestTarget
    ) -> None:
        ids = self.create(connector, *range(1, 6))
        for number, id_ in ids.items():
            by_key = connector.find(self.object, "externalId", self.our_key(number))
            assert [account.id for account in by_key] == [id_]
        value = connector.find(self.object, "externalId", self.our_key(3))[0].attributes
        found = connector.find(self.object, self.found_by, str(value[self.found_by]))
        assert [account.id for account in found] == [ids[3]]
        assert connector.find(self.object, "externalId", "nobody@example.test") == []

    def test_accounts_are_updated_and_deleted(self, connector: SearchableRestTarget) -> None:
        ids = self.create(connector, 1, 2)
        name, value = self.edited
        before = {name: self.attributes(1).get(name)}
        update = self.change(Action.UPDATE, 1, id=ids[1], before=before, after={name: value})
        for _ in range(2):
            assert self.only(connector, update).error is None
        held = {account.id: account for account in connector.accounts(self.object)}
        assert held[ids[1]].attributes[name] == value
        assert held[ids[2]].attributes[name] == self.attributes(2)[name]
        for _ in range(2):
            assert self.only(connector, self.change(Action.DELETE, 1, id=ids[1])).error is None
        assert {account.id for account in connector.accounts(self.object)} == {ids[2]}
        lost = self.change(Action.UPDATE, 9, id=self.gone, after={name: value})
        assert isinstance(self.only(connector, lost).error, NotFoundError)

    def test_changes_and_deletions_at_the_source_are_read(
        self, connector: SearchableRestTarget
    ) -> None:
        self.create(connector, *range(1, 8))
        before = {row[self.key]: row for row in self.read(connector)}
        assert len(before) == 7
        pages = list(connector.read(Query(self.object, key=self.key, cursor=self.cursor)))
        first, second, *_ = before.values()
        self.change_at_source(connector, first)
        self.delete_at_source(connector, second)
        after = {row[self.key]: row for row in self.read(connector)}
        assert before.keys() - after.keys() == {second[self.key]}
        assert after[first[self.key]][self.edited[0]] == "at the source"
        if self.cursor:
            news = self.read(connector, cursor=self.cursor, after=pages[-1].cursor)
            assert [row[self.key] for row in news] == [first[self.key]]
