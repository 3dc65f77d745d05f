"""The kit finds what it promises to find: each broken connector breaks its rule."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from connectors import memory
from connectors.contract import Page, Query
from connectors.kit import LargeSourceContract, SourceContract, TargetContract, numbered
from connectors.memory import Memory
from tests.connectors.broken import (
    CanBeChanged,
    DeletesInstead,
    DropsLastOfPage,
    FailsToDeleteTwice,
    FailsWhenEmpty,
    FindsEverything,
    FoldsAttributes,
    ForgetsToClear,
    GivesNoPosition,
    GivesNothingForUnknownObjects,
    IgnoresFields,
    IgnoresPageSize,
    LosesTies,
    MakesTwins,
    MistakesCredentials,
    NeedsChanges,
    RaisesErrors,
    ReadsBackwards,
    ReadsOnce,
    RejectsUnknownObjects,
    RepeatsTies,
    ReplacesOnUpdate,
    StopsAtTheFirstError,
    TakesGivenForKept,
    TellsSecrets,
    TrimsKeys,
    TurnsTextIntoNumbers,
    WritesPreviews,
    WritesWhenAsked,
)

pytest_plugins = ["pytester"]


SOURCES = {
    ReadsBackwards: "test_rows_come_by_cursor",
    FailsWhenEmpty: "test_no_rows_are_no_error",
    CanBeChanged: "test_its_settings_cannot_be_changed",
    RepeatsTies: "test_reading_on_after_any_page_loses_and_repeats_nothing",
    LosesTies: "test_reading_on_after_any_page_loses_and_repeats_nothing",
    GivesNoPosition: "test_reading_on_after_any_page_loses_and_repeats_nothing",
    DropsLastOfPage: "test_no_page_is_larger_than_asked_and_none_loses_a_row",
    IgnoresPageSize: "test_no_page_is_larger_than_asked_and_none_loses_a_row",
    TurnsTextIntoNumbers: "test_every_record_comes_back_as_it_was",
    ReadsOnce: "test_reading_twice_gives_the_same",
    TakesGivenForKept: "test_killed_at_any_page_a_new_process_ends_with_the_same",
    IgnoresFields: "test_only_the_wanted_fields_are_read",
    GivesNothingForUnknownObjects: "test_an_unknown_object_is_a_clear_error",
    WritesWhenAsked: "test_asking_who_it_is_changes_nothing",
    MistakesCredentials: "test_a_wrong_address_and_wrong_credentials_are_told_apart",
    TellsSecrets: "test_no_secret_is_shown",
}
TARGETS = {
    TrimsKeys: "test_every_change_has_one_outcome_and_odd_keys_survive",
    FoldsAttributes: "test_what_was_created_holds_what_was_sent",
    DeletesInstead: "test_a_deactivated_account_is_still_there",
    NeedsChanges: "test_no_change_is_no_outcome",
    RejectsUnknownObjects: "test_an_unknown_object_is_a_clear_error",
    CanBeChanged: "test_its_settings_cannot_be_changed",
    StopsAtTheFirstError: "test_a_change_that_fails_does_not_keep_others_from_being_written",
    RaisesErrors: "test_a_change_that_fails_does_not_keep_others_from_being_written",
    MakesTwins: "test_creating_twice_makes_one_account",
    ForgetsToClear: "test_none_clears_an_attribute",
    ReplacesOnUpdate: "test_an_update_changes_what_it_names_however_often_it_is_written",
    FailsToDeleteTwice: "test_deleting_twice_is_deleting_once",
    FindsEverything: "test_an_account_is_found_by_our_key_and_by_no_other",
    WritesWhenAsked: "test_asking_who_it_is_writes_nothing",
    WritesPreviews: "test_a_preview_tells_the_request_and_writes_nothing",
    MistakesCredentials: "test_a_wrong_address_and_wrong_credentials_are_told_apart",
    TellsSecrets: "test_no_secret_is_shown",
}
_SOURCE = """
import pytest
from connectors import memory
from connectors.kit import SourceContract
from tests.connectors.broken import {broken} as Broken

class TestBroken(SourceContract):
    @pytest.fixture
    def source(self, records):
        memory.store("kit").rows["people"] = records
        return Broken(store="kit")
    @pytest.fixture
    def empty(self):
        memory.store("kit").rows["people"] = []
        return Broken(store="kit")
    @pytest.fixture
    def refused(self):
        return Broken(store="kit")
"""
_TARGET = """
import pytest
from connectors import memory
from connectors.kit import TargetContract
from tests.connectors.broken import {broken} as Broken

class TestBroken(TargetContract):
    @pytest.fixture
    def target(self):
        memory.store("kit").accounts["User"] = {{}}
        return Broken(store="kit")
    @pytest.fixture
    def refused(self):
        return Broken(store="kit")
"""


@pytest.mark.parametrize(("broken", "rule"), SOURCES.items(), ids=str)
def test_a_broken_source_breaks_its_rule(pytester: pytest.Pytester, broken, rule):
    assert rule in failed_rules(pytester, _SOURCE.format(broken=broken.__name__), rule)


@pytest.mark.parametrize(("broken", "rule"), TARGETS.items(), ids=str)
def test_a_broken_target_breaks_its_rule(pytester: pytest.Pytester, broken, rule):
    assert rule in failed_rules(pytester, _TARGET.format(broken=broken.__name__), rule)


@pytest.mark.parametrize(
    ("kit", "shown"),
    [(SourceContract, set(SOURCES.values())), (TargetContract, set(TARGETS.values()))],
)
def test_every_rule_that_can_be_broken_is_shown_broken(kit, shown):
    assert {name for name in dir(kit) if name.startswith("test_")} == shown


def failed_rules(pytester: pytest.Pytester, text: str, rule: str) -> str:
    sys.path.insert(0, str(Path(__file__).parents[2]))
    try:
        pytester.makepyfile(text)
        result = pytester.inline_run("-p", "no:cacheprovider", "-k", rule)
    finally:
        sys.path.pop(0)
        memory.forget("kit")
    _, _, failed = result.listoutcomes()
    return " ".join(report.nodeid for report in failed)


class Endless(Memory):
    """Makes its rows as they are asked for."""

    count: int

    def read(self, query: Query) -> Iterator[Page]:
        rows = numbered(self.count)
        while part := list(islice(rows, query.page_size)):
            yield Page(part)


class HoldsEverything(Endless):
    def read(self, query: Query) -> Iterator[Page]:
        yield from list(super().read(query))


class TestOfAnySize(LargeSourceContract):
    @pytest.fixture
    def holding(self):
        return lambda count: Endless(store="kit", count=count)


def test_a_source_that_holds_what_it_reads_breaks_the_rule():
    rule = LargeSourceContract().test_no_more_is_held_while_more_rows_are_read
    with pytest.raises(AssertionError, match="MB more for 60,000 rows more"):
        rule(lambda count: HoldsEverything(store="kit", count=count))
