"""What an edit of a mapping file changes in its meaning; comments and the order do not count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mappings.digest import plain
from mappings.errors import Place
from mappings.meaning import meaning_of, meaning_of_line
from mappings.tree import Document, Each, Field


class Kind(StrEnum):
    """What happened to a part of a file."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs: its name (``fields.email``), its place, and what of it changed.

    `place` is where it stands now, or where it stood when it was removed.
    """

    kind: Kind
    where: str
    place: Place
    aspects: tuple[str, ...] = ()

    def __str__(self) -> str:
        aspects = f": {', '.join(self.aspects)}" if self.aspects else ""
        return f"{self.place} {self.where} {self.kind}{aspects}"


def differences(before: Document, after: Document) -> tuple[Difference, ...]:
    """Compare two documents; empty exactly when their digests are equal."""
    return (*_edges(before, after), *_lines(before, after), *_orders(before, after))


def _edges(before: Document, after: Document) -> Iterator[Difference]:
    old, new = plain(meaning_of(before)), plain(meaning_of(after))
    for name in new:
        if name == "types":
            shared = new[name].keys() & old[name].keys()
            changed = any(old[name][attribute] != new[name][attribute] for attribute in shared)
        else:
            changed = name != "fields" and old[name] != new[name]
        if changed:
            yield Difference(_kind(old[name], new[name]), name, after.place)


def _kind(old: object, new: object) -> Kind:
    if old is None:
        return Kind.ADDED
    return Kind.REMOVED if new is None else Kind.CHANGED


def _lines(before: Document, after: Document) -> Iterator[Difference]:
    old, new = _by_name(before), _by_name(after)
    for name in {**old, **new}:
        where = f"fields.{name}"
        if name not in old:
            yield Difference(Kind.ADDED, where, new[name].place)
        elif name not in new:
            yield Difference(Kind.REMOVED, where, old[name].place)
        else:
            aspects = _aspects(old[name], new[name])
            if aspects:
                yield Difference(Kind.CHANGED, where, new[name].place, aspects)


def _orders(before: Document, after: Document) -> Iterator[Difference]:
    """Yield the lists whose elements come in another order."""
    old, new = _by_attribute(before), _by_attribute(after)
    for attribute in (name for name in new if name in old):
        was = [name for name in old[attribute] if name in new[attribute]]
        now = [name for name in new[attribute] if name in old[attribute]]
        if was != now:
            place = _by_name(after)[now[0]].place
            yield Difference(Kind.CHANGED, f"fields.{attribute}", place, ("order",))


def _by_attribute(document: Document) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in document.fields:
        attribute = line.attribute if isinstance(line, Each) else line.slot.attribute
        found.setdefault(attribute, []).append(line.name)
    return found


def _by_name(document: Document) -> Mapping[str, Field | Each]:
    return {line.name: line for line in document.fields}


def _aspects(old: Field | Each, new: Field | Each) -> tuple[str, ...]:
    before, after = plain(meaning_of_line(old)), plain(meaning_of_line(new))
    return tuple(name for name in {**before, **after} if before.get(name) != after.get(name))
