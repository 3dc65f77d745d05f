"""What a target shall hold for a person: the push mapping, evaluated on one profile. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connectors.elements import element_path, known_by
from pipelines.provision.plan import Cause
from pipelines.provision.references import NO_REFERENCES, References
from pipelines.provision.rules import (
    Line,
    Ownership,
    Person,
    Push,
    Record,
    Refusal,
    profile_record,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The account a person shall have: our key and a JSON value (or None) for each line.

    `refused` lists what cannot be written, as ``place path: reason``; then nothing is. `waiting`
    are the paths whose value is the id of an account that is not there yet.
    """

    person: Person
    key: str
    values: Mapping[str, Any] = field(repr=False)
    record: Record = field(repr=False)
    refused: Sequence[str] = ()
    waiting: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Unwanted:
    """The person shall have no account, and why."""

    cause: Cause


def unwanted(push: Push, record: Record) -> Unwanted | None:
    """Return why a profile shall have no account; None when it shall have one."""
    if any(record.get(name) is not True for name in push.consent):
        return Unwanted(Cause.NO_CONSENT)
    if push.scope is not None and not push.scope(record):
        return Unwanted(Cause.LEFT_SCOPE)
    return None


def desired(
    push: Push, person: Person, references: References = NO_REFERENCES
) -> Wanted | Unwanted:
    """Evaluate scope, consent, key and every line of the mapping for one person."""
    record = profile_record(person)
    out = unwanted(push, record)
    if out is not None:
        return out
    key = push.key(record)
    values: dict[str, Any] = {}
    refused = [] if key else [f"{push.place} key: gives no value"]
    waiting: list[str] = []
    for line in push.lines:
        value = line.value(record)
        if isinstance(value, Refusal):
            refused.append(f"{line.place} {line.path}: {value.reason}")
        elif line.own is Ownership.ELEMENTS:
            values[line.path] = _elements(value)
        elif line.refers is not None and value is not None:
            values[line.path] = references.resolve(line, value)
            if values[line.path] is None:
                waiting.append(line.path)
        else:
            values[line.path] = plain(value)
    text = str(plain(key)) if key else ""
    return Wanted(person, text, values, record, tuple(refused), tuple(waiting))


_PARTS = ("value", "type", "primary", "display")
"""What an element of a list may say at a target (RFC 7643 section 2.4)."""


def _elements(value: Any) -> list[Any]:
    """Return a list's elements as targets take them; those without a value are none."""
    listed = value if isinstance(value, list | tuple) else [] if value is None else [value]
    made: dict[str, Any] = {}
    for each in map(plain, listed):
        element = each
        if isinstance(each, Mapping):
            element = {part: each[part] for part in _PARTS if each.get(part) not in (None, False)}
        if known_by(element) not in (None, "", {}):
            made.setdefault(element_path("", element), element)
    return list(made.values())


def sources(line: Line, person: Person) -> tuple[str, ...]:
    """Return the source records, as ``source:key``, that contributed what the line reads."""
    reads = set(line.reads)
    found = {
        f"{entry.ref.source}:{entry.ref.key}"
        for entry in person.lineage
        if entry.attribute in reads
    }
    return tuple(sorted(found))


def plain(value: Any) -> Any:
    """Return a canonical value as JSON: dates and times as ISO text, decimals as text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    raise TypeError(f"a push mapping gave a {type(value).__name__}, which has no JSON form")
