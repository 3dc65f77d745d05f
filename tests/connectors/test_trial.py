"""A trial finds what is broken, each rule by a connector that breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors import memory
from connectors.contract import Action, Connector, Cursor, Outcome, Page, Query
from connectors.errors import (
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    UnauthorizedError,
)
from connectors.kit import RECORDS
from connectors.memory import Memory
from connectors.notices import notice
from connectors.trial import Canary, Finding, Verdict, Wish, try_source, try_system, try_target

WISH = Wish("people", "id", "changed")
CANARY = Canary("User", "canary", {"userName": "c", "title": "Dr"}, {"title": "Dr (edited)"})


@pytest.fixture(autouse=True)
def _store() -> Iterator[None]:
    memory.forget("trial")
    memory.store("trial").rows["people"] = [dict(row) for row in RECORDS]
    memory.store("trial").accounts["User"] = {}
    yield
    memory.forget("trial")


def verdicts(findings: Iterator[Finding]) -> dict[str, Verdict]:
    return {each.rule: each.verdict for each in findings}


def broken(findings: Iterator[Finding]) -> set[str]:
    return {each.rule for each in findings if each.verdict is Verdict.FAIL}


def test_what_is_right_holds_every_rule():
    assert set(verdicts(try_system(Memory(store="trial"))).values()) == {Verdict.OK}
    found = verdicts(try_source(Memory(store="trial"), WISH))
    assert list(found) == [
        "reading", "keys", "order", "going on", "pages of one row", "nothing new", "filter",
        "secrets",
    ]  # fmt: skip
    assert set(found.values()) == {Verdict.OK}
    found = verdicts(try_target(Memory(store="trial"), CANARY))
    assert list(found) == [
        "create", "read back", "create again", "update", "update of nobody", "delete", "secrets"
    ]  # fmt: skip
    assert set(found.values()) == {Verdict.OK}
    assert memory.store("trial").accounts["User"] == {}


def test_without_a_cursor_positions_are_not_asked_about():
    found = verdicts(try_source(Memory(store="trial"), Wish("people", "id")))
    assert found["positions"] is Verdict.SKIP
    assert broken(try_source(Memory(store="trial"), Wish("people", "id"))) == set()


class Repeats(Memory):
    def changes(self, query: Query) -> Iterator[Page]:
        yield from super().changes(replace(query, after=None))


class Feedless(Connector):
    type = "feedless"
    store: str

    def read(self, query: Query) -> Iterator[Page]:
        yield from Memory(store=self.store).read(query)


class Fewer(Memory):
    def changes(self, query: Query) -> Iterator[Page]:
        for page in super().changes(query):
            yield replace(page, rows=page.rows[1:])


@pytest.mark.parametrize("kind", [Repeats, Feedless, Fewer])
def test_a_feed_that_does_not_go_on_from_its_position_is_told(kind):
    wish = Wish("people", "id", feed=True)
    assert verdicts(try_source(Memory(store="trial"), wish))["feed"] is Verdict.OK
    assert broken(try_source(kind(store="trial"), wish)) == {"feed"}


class Doubles(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        for page in super().read(query):
            yield Page([*page.rows, *page.rows], page.cursor)


class Keyless(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        for page in super().read(query):
            yield Page([{k: v for k, v in row.items() if k != "id"} for row in page.rows], None)


class Momentless(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        for page in super().read(query):
            yield Page([{**row, "changed": None} for row in page.rows], page.cursor)


class Forgetful(Memory):
    """Knows no key in its positions: ties come again."""

    def read(self, query: Query) -> Iterator[Page]:
        after = query.after and Cursor(query.after.value)
        yield from super().read(replace(query, after=after, page_size=3))


class Impatient(Memory):
    """Gives no more than one row of a moment where pages are small."""

    def read(self, query: Query) -> Iterator[Page]:
        seen = set()
        for page in super().read(query):
            row = page.rows[0]
            if query.page_size > 1 or row["changed"] not in seen:
                seen.add(row["changed"])
                yield page


class Ignores(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        if query.after:
            notice("rest.filter_ignored", rows=3)
        yield from super().read(query)


class Refuses(Memory):
    def check(self) -> Any:
        raise UnauthorizedError("GET /x: 401 Unauthorized; the credentials are refused, check auth")

    def read(self, query: Query) -> Iterator[Page]:
        raise MisconfiguredError("GET /x: no list of rows at 'a', set items; there is b")
        yield


class Fickle(Memory):
    def discover(self) -> Any:
        memory.store("trial").rows[f"more-{len(memory.store('trial').rows)}"] = []
        return super().discover()


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        (Doubles, {"keys", "pages of one row"}),
        (Keyless, {"keys"}),
        (Momentless, {"order"}),
        (Forgetful, {"going on", "pages of one row"}),
        (Impatient, {"pages of one row"}),
        (Ignores, {"filter"}),
        (Refuses, {"reading"}),
    ],
)
def test_a_source_that_breaks_a_rule_fails_it(kind, rules):
    found = broken(try_source(kind(store="trial"), WISH))
    assert found & rules, f"{kind.__name__}: {found}"


def test_a_system_that_refuses_us_and_one_that_changes_its_mind_are_told():
    (finding, _) = try_system(Refuses(store="trial"))
    assert finding == Finding(
        "identity", Verdict.FAIL, "GET /x: 401 Unauthorized",
        "the credentials are refused, check auth",
    )  # fmt: skip
    assert broken(try_system(Fickle(store="trial"))) == {"discovery"}


class Loses(Memory):
    """Keeps the name and forgets the rest."""

    def apply(self, changes: Any) -> Iterator[Outcome]:
        for change in changes:
            after = {k: v for k, v in change.after.items() if k == "userName"}
            yield from super().apply([change._replace(after=after)])


class MakesTwins(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for change in changes:
            twin = change.action is Action.CREATE and change.number == 2
            yield from super().apply([change._replace(key="twin") if twin else change])


class CallsItRejected(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for outcome in super().apply(changes):
            error = RejectedError("no") if outcome.error else None
            yield outcome._replace(error=error)


class KeepsTheDead(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for change in changes:
            if change.action is Action.DELETE:
                yield Outcome(change, id=change.id)
            else:
                yield from super().apply([change])


class DeletesOnce(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for change in changes:
            there = change.id in memory.store("trial").accounts["User"]
            if change.action is Action.DELETE and not there:
                yield Outcome(change, NotFoundError("gone"))
            else:
                yield from super().apply([change])


class UpdatesNobody(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for outcome in super().apply(changes):
            yield outcome._replace(error=None) if outcome.change.number == 3 else outcome


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        (Loses, {"read back", "update"}),
        (MakesTwins, {"create again"}),
        (CallsItRejected, {"create again"}),
        (KeepsTheDead, {"delete"}),
        (DeletesOnce, {"delete"}),
        (UpdatesNobody, {"update of nobody"}),
    ],
)
def test_a_target_that_breaks_a_rule_fails_it(kind, rules):
    assert broken(try_target(kind(store="trial"), CANARY)) == rules


class HoldsNoKey(Memory):
    """Has no field for keys of others."""

    def accounts(self, name):
        return (replace(account, key=None) for account in super().accounts(name))

    def find(self, name, attribute, value):
        return [each for each in self.accounts(name) if each.attributes.get(attribute) == value]


def test_a_target_that_cannot_hold_our_key_is_tried_by_the_id_and_says_what_that_means():
    found = {each.rule: each for each in try_target(HoldsNoKey(store="trial"), CANARY)}
    assert {each.verdict for each in found.values()} == {Verdict.OK, Verdict.WARN}
    assert found["read back"].seen == "holds what was sent, but not our key"
    assert "write.key" in found["read back"].mend
    assert found["update"].verdict is Verdict.WARN
    assert found["delete"].verdict is Verdict.OK


def test_a_canary_that_is_there_already_is_not_touched():
    (made,) = Memory(store="trial").apply(
        [memory.Change(1, "User", Action.CREATE, "canary", after={"userName": "theirs"})]
    )
    assert broken(try_target(Memory(store="trial"), CANARY)) == {"create"}
    assert list(memory.store("trial").accounts["User"]) == [made.id]


def test_the_canary_is_deleted_even_when_the_trial_is_given_up():
    found = try_target(Memory(store="trial"), CANARY)
    assert next(found).rule == "create"
    assert len(memory.store("trial").accounts["User"]) == 1
    found.close()
    assert memory.store("trial").accounts["User"] == {}
