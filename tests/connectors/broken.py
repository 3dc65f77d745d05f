"""Connectors that each break one rule of the kit, and keep the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import ConfigDict

from connectors import memory
from connectors.contract import Action, Change, Cursor, Health, Outcome, Page, Query, Request
from connectors.errors import MisconfiguredError, NotFoundError, UnauthorizedError
from connectors.kit import CANARY
from connectors.memory import Memory


class RepeatsTies(Memory):
    """Goes on at the cursor's value, ties and all."""

    def read(self, query: Query) -> Iterator[Page]:
        after = Cursor(query.after.value) if query.after else None
        yield from super().read(replace(query, after=after))


class LosesTies(Memory):
    """Goes on after the cursor's value, ties or not."""

    def read(self, query: Query) -> Iterator[Page]:
        after = Cursor(query.after.value, "\U0010ffff") if query.after else None
        yield from super().read(replace(query, after=after))


class DropsLastOfPage(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        for page in super().read(query):
            full = len(page.rows) == query.page_size
            yield replace(page, rows=page.rows[:-1]) if full else page


class IgnoresPageSize(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        yield from super().read(replace(query, page_size=10_000))


class GivesNoPosition(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        for page in super().read(query):
            yield Page(page.rows)


class TurnsTextIntoNumbers(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        for page in super().read(query):
            rows = [
                {k: int(v) if str(v).isdigit() and k != "id" else v for k, v in row.items()}
                for row in page.rows
            ]
            yield replace(page, rows=rows)


class ReadsOnce(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        yield from super().read(query)
        memory.store(self.store).rows["people"].pop()


class TakesGivenForKept(Memory):
    """Gives a page once, as a queue does that counts what was taken as done."""

    given: ClassVar[set[str]] = set()

    def read(self, query: Query) -> Iterator[Page]:
        for page in super().read(query):
            fresh = [row for row in page.rows if row["id"] not in self.given]
            self.given.update(row["id"] for row in fresh)
            yield replace(page, rows=fresh)
        self.given.clear()


class IgnoresFields(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        yield from super().read(replace(query, fields=None))


class GivesNothingForUnknownObjects(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        if query.object == "people":
            yield from super().read(query)


class WritesWhenAsked(Memory):
    def check(self) -> Health:
        memory.store(self.store).rows["people"] = []
        memory.store(self.store).accounts.setdefault("User", {})["x"] = memory.Account("x", "x", {})
        return super().check()


class MistakesCredentials(Memory):
    def check(self) -> Health:
        raise MisconfiguredError("no")


class TellsSecrets(Memory):
    def check(self) -> Health:
        raise UnauthorizedError(f"not with {CANARY}")


class StopsAtTheFirstError(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for outcome in super().apply(changes):
            yield outcome
            if outcome.error:
                return


class RaisesErrors(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for outcome in super().apply(changes):
            if outcome.error:
                raise outcome.error
            yield outcome


class MakesTwins(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for change in changes:
            for outcome in super().apply([change]):
                yield outcome if outcome.id else _again(self, change)


def _again(target: Memory, change: Change) -> Outcome:
    accounts = memory.store(target.store).accounts["User"]
    accounts["twin"] = replace(next(iter(accounts.values())), id="twin")
    return Outcome(change, id="twin")


class ForgetsToClear(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for change in changes:
            after = {k: v for k, v in change.after.items() if v is not None}
            yield from super().apply([change._replace(after=after)])


class ReplacesOnUpdate(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        accounts = memory.store(self.store).accounts
        for change in changes:
            held = accounts.get(change.object, {})
            if change.id in held:
                held[change.id] = replace(held[change.id], attributes={})
            yield from super().apply([change])


class FailsToDeleteTwice(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        accounts = memory.store(self.store).accounts
        for change in changes:
            if change.action == "delete" and change.id not in accounts[change.object]:
                yield Outcome(change, NotFoundError("gone"))
            else:
                yield from super().apply([change])


class FindsEverything(Memory):
    def find(self, object: str, attribute: str, value: str) -> Any:  # noqa: A002
        return list(self.accounts(object))


class ReadsBackwards(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        for page in super().read(query):
            yield replace(page, rows=page.rows[::-1])


class FailsWhenEmpty(Memory):
    def read(self, query: Query) -> Iterator[Page]:
        pages = list(super().read(query))
        yield pages[0]
        yield from pages[1:]


class CanBeChanged(Memory):
    model_config = ConfigDict(frozen=False)


class TrimsKeys(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for change in changes:
            for outcome in super().apply([change._replace(key=change.key.lstrip("0"))]):
                yield outcome._replace(change=change)


class FoldsAttributes(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for change in changes:
            after = {k: str(v).encode("ascii", "replace") for k, v in change.after.items()}
            yield from super().apply([change._replace(after=after)])


class DeletesInstead(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for change in changes:
            gone = change.action is Action.DEACTIVATE
            yield from super().apply([change._replace(action=Action.DELETE) if gone else change])


class NeedsChanges(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        every = list(changes)
        yield from super().apply([every[0], *every[1:]])


class RejectsUnknownObjects(Memory):
    def apply(self, changes: Any) -> Iterator[Outcome]:
        for change in changes:
            if change.object == "User":
                yield from super().apply([change])
            else:
                yield Outcome(change, NotFoundError("no such object"))


class WritesPreviews(Memory):
    def preview(self, change):
        list(self.apply([change]))
        return Request("PUT", change.key)
