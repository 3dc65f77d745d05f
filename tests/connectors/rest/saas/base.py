"""People as a system in the cloud holds them: what every imitation here is a face of.

Each imitation speaks the wire of one system as its documentation tells it (addresses, paging,
filters, error bodies), over these people; none was ever held against the real one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from tests.connectors.rest.conftest import Asked

SECRET = "right"
PAGE = 5
"""So many people come on a page at most, whatever is asked for."""
_START = datetime(2026, 1, 1, tzinfo=UTC)


class TakenError(Exception):
    """Another one has this address, or this key."""


class LostError(Exception):
    """Nobody has this id."""


@dataclass
class Person:
    id: int
    key: str | None
    email: str
    first: str | None
    at: datetime
    gone: bool = False


@dataclass
class Saas(ABC):
    """One account at a system; `answer` takes its calls."""

    file: ClassVar[str]
    """The shipped description that speaks to it."""
    settings: ClassVar[dict[str, Any]] = {}
    """What a project says beside its address."""
    url: str = ""
    people: dict[int, Person] = field(default_factory=dict)
    log: list[int] = field(default_factory=list)
    """Who was changed, one after another; a link of a feed names a place in it."""
    forgotten: int = 0
    """So much of it is known no longer."""
    throttles: int = 0
    unfiltered: int = 0
    _minutes: int = 0

    def answer(self, asked: Asked) -> Any:
        if self.throttles:
            self.throttles -= 1
            return self.throttled()
        if not self.knows(asked):
            return self.refused()
        try:
            return self.answered(asked)
        except TakenError:
            return self.taken()
        except LostError:
            return self.lost()

    def knows(self, asked: Asked) -> bool:
        return asked.headers.get("Authorization") == f"Bearer {SECRET}"

    @abstractmethod
    def answered(self, asked: Asked) -> Any: ...

    def throttled(self) -> Any:
        return 429, {"Retry-After": "0"}, {"error": "rate limit"}

    def refused(self) -> Any:
        return 401, {}, {"error": "canary"}

    def taken(self) -> Any:
        return 409, {}, {"error": "canary"}

    def lost(self) -> Any:
        return 404, {}, {"error": "canary"}

    def put(
        self, id_: int | None, email: str | None = None, first: str | None = None, key: Any = None
    ) -> Person:
        """Make a person, or change one: what is None stays, "" is cleared."""
        others = [each for each in self.living() if each.id != id_]
        if any(email == each.email or (key and key == each.key) for each in others):
            raise TakenError
        if id_ is None:
            id_ = 1000 + len(self.people)
            self.people[id_] = Person(id_, None, "", None, _START)
        person = self.one(id_)
        person.email = person.email if email is None else email
        person.first = person.first if first is None else first or None
        person.key = person.key if key is None else key
        person.at = self.now()
        self.log.append(id_)
        return person

    def one(self, id_: object) -> Person:
        person = self.people.get(int(str(id_))) if str(id_).isdigit() else None
        if person is None or person.gone:
            raise LostError
        return person

    def remove(self, id_: object) -> None:
        person = self.one(id_)
        person.gone, person.at = True, self.now()
        self.log.append(person.id)

    def now(self) -> datetime:
        self._minutes += 1
        return _START + timedelta(minutes=self._minutes // 2)  # two of each moment

    def fed(self, params: dict[str, str]) -> tuple[list[Person], dict[str, str]] | None:
        """A page of a feed and the tokens of its next or last link; None for a forgotten one."""
        skip, begin = params.get("$skiptoken"), int(params.get("$deltatoken", -1))
        begin, end, start = map(int, skip.split("_")) if skip else (begin, len(self.log), 0)
        if -1 < begin < self.forgotten:
            return None
        whole = [each.id for each in self.living()]
        found = whole if begin < 0 else list(dict.fromkeys(self.log[begin:end]))
        part, more = cut([self.people[each] for each in found], start)
        following = {"$skiptoken": f"{begin}_{end}_{start + PAGE}"}
        return part, following if more else {"$deltatoken": str(end)}

    def living(self) -> list[Person]:
        return [each for each in self.people.values() if not each.gone]

    def changed(self, since: datetime | None, *, all_: bool = False) -> list[Person]:
        """Those who changed from a moment on, the longest ago first."""
        found = self.people.values() if all_ else self.living()
        self.unfiltered += since is None
        kept = [each for each in found if since is None or each.at >= since]
        return sorted(kept, key=lambda each: (each.at, each.email))


def cut(found: Sequence[Any], start: int, size: object = PAGE) -> tuple[list[Any], bool]:
    """A part of what was found, and whether there is more."""
    most = min(int(str(size)), PAGE)
    return list(found[start : start + most]), start + most < len(found)


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def epoch(moment_: datetime) -> int:
    return int(moment_.timestamp())


def from_epoch(seconds: object) -> datetime:
    return datetime.fromtimestamp(int(str(seconds)), UTC)


def numbered() -> Iterator[tuple[str, str, str]]:
    """Keys, addresses and names of people without end."""
    odd = ("plain", "a+b", "o'brien", "two words", "ünï-日本")
    number = 0
    while True:
        yield f"g-{number}/{odd[number % 5]}", f"p{number}@example.test", f"Zoë {number}"
        number += 1
