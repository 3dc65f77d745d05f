"""A value that a person sets for a profile: it holds whatever the records say, until let go."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from idp_core.db.engine import writing
from idp_core.profiles import store
from idp_core.profiles.model import Event, EventKind
from mappings.given import FORMS, canonical
from mappings.names import NameProblem
from mappings.schema import Attribute, Schema
from mappings.suggest import did_you_mean
from pipelines import acts
from pipelines.bus import Bus
from pipelines.errors import JobError
from pipelines.running import Watch, quiet, running
from pipelines.stewarding import records_of, unify_by_word
from pipelines.word import Word


@dataclass(frozen=True, slots=True)
class Kept:
    """Whose attribute was set or let go, and what became of golden profiles, by word."""

    gid: str
    attribute: str
    golden: dict[str, int]


def keep(
    bus: Bus, gid: str, attribute: str, given: str | None, word: Word, watch: Watch = quiet
) -> Kept:
    """Set an attribute of a person by hand, and build the profile by it.

    `given` is the value as text; a list attribute takes a JSON list of its elements, and None means
    that nothing is to be said of it. Raises UnknownProfileError, and JobError for an unknown
    attribute or a value that it cannot have.
    """
    name = _attribute(attribute, bus.schema).name
    value = None if given is None else value_of(name, given, bus.schema)
    with running(bus, "override", "manual") as begun:
        with writing(bus.engine) as conn:
            whose = _whose(conn, gid)
            made = store.Override(whose, name, value, word.who, word.why, datetime.now(UTC))
            store.put_override(conn, made)
            _tell(bus, conn, EventKind.OVERRIDDEN, whose, name, word.who)
        return Kept(whose, name, dict(unify_by_word(bus, begun.id, watch)))


def release(bus: Bus, gid: str, attribute: str, who: str, watch: Watch = quiet) -> Kept:
    """Let the records speak again for an attribute that a person set.

    Raises UnknownProfileError, and JobError when nobody set it.
    """
    name = _attribute(attribute, bus.schema).name
    with running(bus, "override", "manual") as begun:
        with writing(bus.engine) as conn:
            whose = _whose(conn, gid)
            if not store.remove_override(conn, whose, name):
                raise JobError(f"{whose}: nobody set {name!r} by hand{_set_ones(conn, whose)}")
            _tell(bus, conn, EventKind.RELEASED, whose, name, who)
        return Kept(whose, name, dict(unify_by_word(bus, begun.id, watch)))


def value_of(name: str, given: str, schema: Schema) -> Any:
    """Return the value of an attribute that a text stands for. Raises JobError without the text."""
    attribute = schema.attributes[name]
    read = _elements(attribute, given) if attribute.many else given
    try:
        value = canonical({name: read}, schema, frozenset())[name]
    except NameProblem as problem:
        raise JobError(f"{name}: {problem}") from None
    if value is None or (attribute.many and not _is_whole(read, value)):
        raise JobError(f"{name}: cannot have this value; {_form(attribute)}")
    return value


def _attribute(name: str, schema: Schema) -> Attribute:
    if name in schema.attributes:
        return schema.attributes[name]
    base = name.partition(".")[0].partition("[")[0]
    if (listed := schema.shorts.get(base) or schema.attributes.get(base)) and listed.many:
        raise JobError(
            f"{name!r} is part of a list: {_form(listed)}, all of them, as {listed.name}"
        )
    hint = did_you_mean(name, schema.attributes)
    raise JobError(f"unknown attribute {name!r}{hint}")


def _elements(attribute: Attribute, given: str) -> Any:
    try:
        return json.loads(given)
    except json.JSONDecodeError:
        raise JobError(f"{attribute.name}: cannot have this value; {_form(attribute)}") from None


def _is_whole(given: Any, value: list[dict[str, Any]]) -> bool:
    """Tell whether there is an element, and nothing that was given of any got lost."""
    return bool(value) and all(
        any(part is not None for part in read.values())
        and all(read[part] is not None for part, said in one.items() if said is not None)
        for one, read in zip(given, value, strict=True)
    )


def _form(attribute: Attribute) -> str:
    if not attribute.many:
        return f"write {FORMS[attribute.type]}"
    parts = ", ".join(f'"{part}": …' for part in attribute.parts or ())
    return f"write a JSON list of its elements: [{{{parts}}}]"


def _whose(conn: sa.Connection, gid: str) -> str:
    records_of(conn, gid)
    return store.resolve_gid(conn, gid)


def _set_ones(conn: sa.Connection, gid: str) -> str:
    names = [each.attribute for each in store.read_overrides(conn, [gid]).get(gid, ())]
    return f"; by hand are {', '.join(names)}" if names else ""


def _tell(bus: Bus, conn: sa.Connection, kind: EventKind, gid: str, name: str, who: str) -> None:
    data = {"attribute": name, "who": who}
    store.record_events(conn, [Event(kind, gid, data)], datetime.now(UTC))
    acts.note(bus, conn, kind.value, acts.operator(who), gid=gid, attribute=name)
