"""The rules of feeds and of bad days find what they promise to find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from connectors import memory
from connectors.contract import Account, Cursor, Outcome, Page, Query
from connectors.errors import MisconfiguredError, RejectedError, TransientError, UncertainError
from connectors.kit import (
    FeedContract,
    LyingSourceContract,
    LyingTargetContract,
    UnreliableSourceContract,
    UnreliableTargetContract,
)
from connectors.memory import Memory
from connectors.rest import Rest
from connectors.scim import Scim
from tests.connectors.test_kit import failed_rules

SLOW = ("TestScimOnABadDay",)

pytest_plugins = ["pytester"]


class GivesNoPosition(Memory):
    def changes(self, query: Query) -> Iterator[Page]:
        for page in super().changes(query):
            yield replace(page, cursor=None)


class RepeatsTheLast(Memory):
    def changes(self, query: Query) -> Iterator[Page]:
        yield from super().changes(query)
        if query.after:
            yield Page(memory.store(self.store).rows["people"][-1:])


class GivesOnlyWhatChanged(Memory):
    def changes(self, query: Query) -> Iterator[Page]:
        for page in super().changes(query):
            yield replace(page, rows=[{k: row[k] for k in ("id", "name")} for row in page.rows])


class ForgetsDeletions(Memory):
    def changes(self, query: Query) -> Iterator[Page]:
        for page in super().changes(query):
            yield replace(page, rows=[row for row in page.rows if "_deleted" not in row])


class DeletesFirst(Memory):
    def changes(self, query: Query) -> Iterator[Page]:
        for page in super().changes(query):
            yield replace(page, rows=page.rows[::-1])


class RunsAhead(Memory):
    def changes(self, query: Query) -> Iterator[Page]:
        pages = list(super().changes(query))
        for page in pages:
            yield replace(page, cursor=pages[-1].cursor)


class ForgetsWithoutAWord(Memory):
    def changes(self, query: Query) -> Iterator[Page]:
        yield from super().changes(replace(query, after=None))


FEEDS = {
    GivesNoPosition: "test_a_first_read_gives_every_record_and_a_position",
    RepeatsTheLast: "test_nothing_comes_where_nothing_changed",
    GivesOnlyWhatChanged: "test_a_changed_record_comes_whole",
    ForgetsDeletions: "test_a_deleted_record_comes_as_a_row_of_its_key",
    DeletesFirst: "test_a_record_that_came_and_went_is_gone",
    RunsAhead: "test_going_on_after_any_page_loses_nothing",
    ForgetsWithoutAWord: "test_a_forgotten_position_is_told",
}
_FEED = """
import pytest
from connectors import memory
from tests.connectors.test_kit_faults import {broken} as Broken
from tests.connectors.test_memory import MemorySystem, TestMemoryFeed as Whole

class TestBroken(Whole):
    @pytest.fixture
    def name(self):
        yield "kit"
        memory.forget("kit")
    @pytest.fixture
    def feed(self, records):
        memory.store("kit").rows["people"] = list(records)
        return Broken(store="kit")
del Whole
"""


class EndsQuietly(Rest):
    def read(self, query: Query) -> Iterator[Page]:
        try:
            yield from super().read(query)
        except TransientError:
            return


class TriesForNobody(Rest):
    def read(self, query: Query) -> Iterator[Page]:
        http = self.http.model_copy(update={"attempts": 1})
        yield from Rest.read(self.model_copy(update={"http": http}), query)


class TakesAPageForAnEmptyOne(Rest):
    def read(self, query: Query) -> Iterator[Page]:
        try:
            yield from super().read(query)
        except (TransientError, MisconfiguredError):
            return


class TakesALostAnswerForARefusal(Scim):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for outcome in super().apply(changes):
            lost = isinstance(outcome.error, UncertainError)
            yield outcome._replace(error=RejectedError("no")) if lost else outcome


class WantsAPersonToAct(Scim):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for outcome in super().apply(changes):
            yield outcome._replace(error=MisconfiguredError("no")) if outcome.error else outcome


class TakesWhatComes(Rest):
    """Reads by offset with nothing of ours in between."""

    def read(self, query: Query) -> Iterator[Page]:
        start = 0
        while rows := self.asked(start, query)["people"]:
            last = rows[-1]
            yield Page(rows, Cursor(last["changed"], last["id"]))
            start += len(rows)

    def asked(self, start: int, query: Query) -> Any:
        given = {"offset": start, "since": query.after.value if query.after else ""}
        return requests.get(f"{self.url}people", given, timeout=20).json()


class StopsAtWhatGoesBack(TakesWhatComes):
    """Sees that rows are out of order when it has said already how far it came."""

    def read(self, query: Query) -> Iterator[Page]:
        last = query.after or Cursor("")
        for page in super().read(query):
            rows = [
                row
                for row in page.rows
                if query.after is None or (row["changed"], row["id"]) > _place(query.after)
            ]
            if any((row["changed"], row["id"]) < _place(last) for row in rows):
                raise TransientError("out of order")
            last = page.cursor or last
            yield replace(page, rows=rows)


def _place(cursor: Cursor) -> tuple[str, str]:
    return cursor.value, cursor.key


class EndsByTheTotal(TakesWhatComes):
    def read(self, query: Query) -> Iterator[Page]:
        read, total = 0, 1
        for page in super().read(query):
            yield page
            read, total = read + len(page.rows), self.asked(0, query)["total"]
            if read >= total:
                return


class GoesOnByTheTotal(TakesWhatComes):
    def read(self, query: Query) -> Iterator[Page]:
        yield from super().read(query)
        for _ in range(0, self.asked(0, query)["total"], 500):
            self.asked(1_000_000, query)


class FillsGaps(Rest):
    def read(self, query: Query) -> Iterator[Page]:
        names: set[str] = set()
        for page in super().read(query):
            names.update(*page.rows)
            yield replace(page, rows=[{name: row.get(name) for name in names} for row in page.rows])


class ListsByTheTotal(Scim):
    def accounts(self, object: str) -> Iterator[Account]:  # noqa: A002
        headers = {"Authorization": f"Bearer {self.auth.token.reveal()}"}
        said = requests.get(f"{str(self.url).rstrip('/')}/Users", headers=headers, timeout=20)
        yield from list(super().accounts(object))[: said.json()["totalResults"]]


LIARS = {
    EndsByTheTotal: "test_a_total_that_lies_ends_no_read_early_and_keeps_none_going",
    GoesOnByTheTotal: "test_a_total_that_lies_ends_no_read_early_and_keeps_none_going",
    TakesWhatComes: (
        "test_pages_that_come_twice_or_in_another_order_lose_and_double_nothing and overlapped"
    ),
    StopsAtWhatGoesBack: (
        "test_pages_that_come_twice_or_in_another_order_lose_and_double_nothing and swapped"
    ),
    FillsGaps: "test_a_schema_that_changes_while_it_is_read_costs_no_row_and_no_other_value",
}
LISTERS = {ListsByTheTotal: "test_accounts_are_listed_each_once_or_it_is_told"}
SOURCES = {
    TriesForNobody: "test_what_goes_wrong_once_loses_and_repeats_nothing",
    EndsQuietly: "test_what_always_goes_wrong_is_given_up_as_passing",
    TakesAPageForAnEmptyOne: "test_a_page_that_is_no_data_is_not_taken_for_an_empty_one",
}
TARGETS = {
    TakesALostAnswerForARefusal: (
        "test_a_creation_whose_answer_is_lost_makes_one_account_and_is_never_taken_for_refused"
    ),
    WantsAPersonToAct: "test_what_always_goes_wrong_is_an_outcome_that_may_pass_later",
}
_OVER_HTTP = """
import sys
import pytest
from tests.connectors.{module} import api, {whole} as Whole
from tests.connectors.test_kit_faults import {broken} as Broken

class TestBroken(Whole):
    @pytest.fixture(autouse=True)
    def broken(self, monkeypatch):
        monkeypatch.setattr(sys.modules[self.__class__.__base__.__module__], "{made}", Broken)
del Whole
"""


@pytest.mark.parametrize(("broken", "rule"), FEEDS.items(), ids=str)
def test_a_broken_feed_breaks_its_rule(pytester: pytest.Pytester, broken, rule):
    assert rule in failed_rules(pytester, _FEED.format(broken=broken.__name__), rule)


@pytest.mark.parametrize(
    ("module", "whole", "broken", "rule"),
    [
        (module, whole, broken, rule)
        for module, whole, all_broken in (
            ("test_faults", "TestRestOnABadDay", SOURCES),
            ("test_faults", "TestScimOnABadDay", TARGETS),
            ("test_lies", "TestByOffset", LIARS),
            ("test_lies", "TestScimProvider", LISTERS),
        )
        for broken, rule in all_broken.items()
    ],
    ids=str,
)
def test_what_cannot_stand_a_bad_day_or_a_liar_breaks_its_rule(
    pytester, module, whole, broken, rule
):
    made = "Scim" if "Scim" in whole else "Rest"
    text = _OVER_HTTP.format(module=module, broken=broken.__name__, whole=whole, made=made)
    assert rule.partition(" ")[0] in failed_rules(pytester, text, rule)


@pytest.mark.parametrize(
    ("kit", "shown"),
    [
        (FeedContract, set(FEEDS.values())),
        (UnreliableSourceContract, set(SOURCES.values())),
        (UnreliableTargetContract, set(TARGETS.values())),
        (LyingSourceContract, {rule.partition(" ")[0] for rule in LIARS.values()}),
        (LyingTargetContract, set(LISTERS.values())),
    ],
)
def test_every_rule_that_can_be_broken_is_shown_broken(kit, shown):
    assert {name for name in dir(kit) if name.startswith("test_")} == shown
