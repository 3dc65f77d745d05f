"""Questions about people: who is meant, what is known of them, why each value, why one person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import combinations
from typing import Any

import sqlalchemy as sa

from idp_core.db.engine import reading
from idp_core.errors import UnknownProfileError
from idp_core.profiles import store
from idp_core.profiles.junk import Junk
from idp_core.profiles.model import Lineage, Profile, SourceProfile, SourceRef
from idp_core.profiles.survivorship import OVERRIDE, contenders
from mappings.lineage import lineage
from pipelines.among import read_among
from pipelines.bus import Bus
from pipelines.errors import JobError, ProjectError
from pipelines.resolve.explain import Explanation, explain_pairs

_SET = "a person set it by hand"
MOST_PAIRS = 300
"""So many pairs of one person's records are explained: 25 records have them all."""


@dataclass(frozen=True, slots=True)
class Found:
    """One person that a question points at; `records` name what the profile is made of."""

    gid: str
    attributes: Mapping[str, Any] = field(repr=False)
    records: Sequence[SourceRef]


@dataclass(frozen=True, slots=True)
class Person:
    """A golden profile with the records it is made of; `asked` is the id that was asked for."""

    asked: str
    profile: Profile
    records: Sequence[SourceProfile]


@dataclass(frozen=True, slots=True)
class Claim:
    """Another record's word on an attribute, and what became of it in a sentence."""

    ref: SourceRef
    value: Any = field(repr=False)
    changed_at: datetime | None
    fate: str


@dataclass(frozen=True, slots=True)
class Reasoned:
    """One golden value: who said it, by which line of which file, which rule, who said otherwise.

    `line` is empty where the mapping that made it is not the one in the project any more.
    """

    attribute: str
    element: int | None
    value: Any = field(repr=False)
    lineage: Lineage
    changed_at: datetime | None
    line: str
    others: Sequence[Claim]


def find_people(bus: Bus, query: str, *, limit: int = 50) -> Sequence[Found]:
    """Return who `query` points at.

    It is a global id, also a merged one; an identifier: e-mail address, phone number in E.164,
    loyalty number, username; a record as ``source:key``; or, when nothing has that identifier,
    words of a name.
    """
    source, _, key = query.partition(":")
    with reading(bus.engine) as conn:
        if key and source in bus.project.sources:
            gids = store.find(conn, key.strip(), source)
        else:
            gids = store.find(conn, query) or store.find_by_name(conn, query, limit)
        return [
            Found(each.gid, each.attributes, store.members(conn, each.gid))
            for each in _profiles(bus, conn, gids[:limit])
        ]


def _profiles(bus: Bus, conn: sa.Connection, gids: Sequence[str]) -> list[Profile]:
    found = []
    for gid in gids:
        try:
            found.append(store.get(conn, gid, schema=bus.schema))
        except UnknownProfileError:  # linked, and its profile not built yet
            continue
    return found


def read_person(bus: Bus, gid: str) -> Person:
    """Return a profile with its records. Raises UnknownProfileError."""
    with reading(bus.engine) as conn:
        profile = store.get(conn, gid, schema=bus.schema)
        records = store.source_profiles_of(conn, [profile.gid], schema=bus.schema)
    return Person(gid, profile, list(records.get(profile.gid, ())))


def why_values(bus: Bus, person: Person, attribute: str | None = None) -> Sequence[Reasoned]:
    """Return the reason of each value of a profile, or of one attribute.

    Raises JobError for an attribute that the profile does not have.
    """
    has = person.profile.attributes
    if short := bus.schema.shorts.get(attribute or ""):
        attribute = short.name
    with reading(bus.engine) as conn:
        junk = Junk.of(bus.identifiers, store.read_shared(conn))
        kept = store.read_overrides(conn, [person.profile.gid], schema=bus.schema)
    by_hand = {each.attribute: each for each in kept.get(person.profile.gid, ())}
    if attribute is not None and attribute not in has:
        known, by = ", ".join(sorted(has)), by_hand.get(attribute)
        hidden = f" ({by.who} said that nothing is to be said of it: {by.why})" if by else ""
        raise JobError(f"{person.profile.gid}: has no {attribute!r}{hidden}; it has {known}")
    lines = _Lines(bus)
    return [
        _by_hand(entry, _reasoned(entry, person, _others(bus, entry, person, junk), lines), by_hand)
        for entry in person.profile.lineage
        if attribute in (None, entry.attribute)
    ]


def _reasoned(entry: Lineage, person: Person, others: Sequence[Claim], lines: _Lines) -> Reasoned:
    value = person.profile.attributes.get(entry.attribute)
    if entry.element is not None and isinstance(value, list):
        value = value[entry.element]
    changed = next((each.changed_at for each in person.records if each.ref == entry.ref), None)
    return Reasoned(entry.attribute, entry.element, value, entry, changed, lines.of(entry), others)


def _by_hand(entry: Lineage, found: Reasoned, kept: Mapping[str, store.Override]) -> Reasoned:
    """Return the reason of a value that a person set: who, when and why."""
    if entry.ref != OVERRIDE or (by := kept.get(entry.attribute)) is None:
        return found
    told = replace(entry, reason=f"{by.who} set it: {by.why}")
    return replace(found, lineage=told, changed_at=by.created_at)


def _others(bus: Bus, entry: Lineage, person: Person, junk: Junk) -> Sequence[Claim]:
    """Return the other words on a value; where a person set it, those of all records."""
    name = entry.attribute
    if entry.ref == OVERRIDE:
        said = (each for each in person.records if name in each.attributes)
        return [Claim(m.ref, m.attributes[name], m.changed_at, _SET) for m in said]
    found = contenders(name, entry.element, person.records, bus.survivorship, junk)
    return [Claim(c.member.ref, c.value, c.member.changed_at, c.fate) for c in found]


class _Lines:
    """The lines of the project's mappings that set an attribute, read once each."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._known: dict[str, Mapping[str, Any]] = {}

    def of(self, entry: Lineage) -> str:
        if entry.ref.source not in self._bus.project.sources:
            return ""
        if entry.ref.source not in self._known:
            self._known[entry.ref.source] = self._read(entry.ref.source)
        known = self._known[entry.ref.source]
        if known.get("id") != entry.mapping:
            return ""
        places = [str(origin.place) for origin in known["lines"].get(entry.attribute, ())]
        return ", ".join(dict.fromkeys(places))

    def _read(self, source: str) -> Mapping[str, Any]:
        try:
            document = self._bus.mapping(source)
        except ProjectError:  # it is being edited: the question is about what was
            return {}
        return {"id": document.id, "lines": lineage(document)}


def why_one(bus: Bus, person: Person) -> Mapping[tuple[SourceRef, SourceRef], Explanation]:
    """Return what the records of a person say about being one, pair by pair, strongest first."""
    living = [record.ref for record in person.records if not record.deleted]
    pairs = list(combinations(sorted(living), 2))[:MOST_PAIRS]
    if not pairs:
        return {}
    among = read_among(bus, living)
    found = explain_pairs(pairs, among.known, among.others, bus.identifiers, among.constraints)
    return dict(sorted(found.items(), key=lambda item: -item[1].weight))


def history(bus: Bus, gid: str) -> Iterator[store.HistoryEntry]:
    """Yield what happened to a person, oldest first, under every id that merged into this one."""
    with reading(bus.engine) as conn:
        store.get_stored(conn, gid, schema=bus.schema)
        yield from store.history(conn, gid)
