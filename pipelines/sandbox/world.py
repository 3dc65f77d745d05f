"""The invented world: people, what each system has of them, and the truth of who is who.

The same size and seed give the same world, on any machine. `evolve` gives the next day of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from pipelines.sandbox.flaws import FLAWS
from pipelines.sandbox.people import Person, Registry
from pipelines.sandbox.shapes import COLUMNS, SHAPES, Row

SOURCES = tuple(COLUMNS)
"""The systems, by the names that ``isthmus.yaml`` gives them."""

_PRESENCE = {"shop": 0.75, "crm": 0.55, "newsletter": 0.5, "loyalty": 0.4}
_FIRST_KEYS = {"shop": 10_001, "crm": 1, "newsletter": 200_001}
_FLAWED = 0.014
_SECOND_ACCOUNTS = 0.04


class Record(NamedTuple):
    """One row of one system, whose it really is, and what is wrong with it (None: nothing)."""

    source: str
    key: str
    person: int
    row: Row
    flaw: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing that happened at a source overnight. `what` is a word of `EDITS`."""

    what: str
    source: str
    key: str


@dataclass(frozen=True, slots=True, repr=False)
class World:
    """A day of the world. `records` are by source, then by key, in file order."""

    size: int
    seed: int
    step: int
    people: Sequence[Person]
    records: Mapping[str, dict[str, Record]]
    edits: Sequence[Edit] = ()

    def rows(self) -> Iterator[Record]:
        """Every record of every system."""
        for records in self.records.values():
            yield from records.values()

    def truth(self) -> dict[tuple[str, str], int]:
        """Who each row is: (source, key) to the number of the person."""
        return {(record.source, record.key): record.person for record in self.rows()}


def make_world(size: int, seed: int) -> World:
    """Invent a world of `size` records in all systems together.

    Raises ValueError for a size below one.
    """
    if size < 1:
        raise ValueError("a world has at least one record")
    rng = Random(seed)  # noqa: S311 (reproducible on purpose)
    people: list[Person] = []
    records: dict[str, dict[str, Record]] = {source: {} for source in SOURCES}
    left = size
    for household in Registry(rng).households():
        for person in household:
            people.append(person)
            for record in records_of(rng, person, records):
                records[record.source][record.key] = record
                left -= 1
                if not left:
                    return World(size, seed, 0, people, records)
    raise AssertionError("households never end")


def records_of(
    rng: Random, person: Person, taken: Mapping[str, dict[str, Record]]
) -> Iterator[Record]:
    """Yield what one person leaves in one to four systems, some of it flawed.

    `taken` is what the systems hold by the time each record is yielded; keys follow on from it.
    """
    chosen = [source for source in SOURCES if rng.random() < _PRESENCE[source]] or ["shop"]
    if "shop" in chosen and rng.random() < _SECOND_ACCOUNTS:
        chosen.append("shop")
    number = None
    for source in chosen:
        key = next_key(source, person, taken)
        row = SHAPES[source](rng, person, key)
        if source == "shop":
            number = number or key
        elif source == "crm" and number and rng.random() < 0.3:
            row = replaced("crm", row, shop_number=number)
        flaw = rng.choice(FLAWS[source]) if rng.random() < _FLAWED else None
        if flaw:
            row = flaw.spoil(rng, row)
        yield Record(source, key, person.number, row, flaw.name if flaw else None)


def next_key(source: str, person: Person, taken: Mapping[str, dict[str, Record]]) -> str:
    """Return the key that this system would give its next record, as it stands in our rows."""
    if source == "loyalty":
        return person.card
    last = next(reversed(taken[source].keys()), None)
    number = int(last.removeprefix("C-")) + 1 if last else _FIRST_KEYS[source]
    return f"C-{number:07}" if source == "crm" else str(number)


def replaced(source: str, row: Row, **values: object) -> Row:
    """Return the row of this system with some columns set to other values."""
    changed = list(row)
    for column, value in values.items():
        changed[COLUMNS[source].index(column)] = value
    return tuple(changed)
