"""What a target shall hold for a person: the push mapping, evaluated on one profile. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pipelines.provision.plan import Cause
from pipelines.provision.rules import Line, Person, Push, Record, Refusal


@dataclass(frozen=True, slots=True)
class Wanted:
    """The account a person shall have: our key and a JSON value (or None) for each line.

    `refused` lists what cannot be written, as ``place path: reason``; then nothing is.
    """

    person: Person
    key: str
    values: Mapping[str, Any] = field(repr=False)
    record: Record = field(repr=False)
    refused: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Unwanted:
    """The person shall have no account, and why."""

    cause: Cause


def desired(push: Push, person: Person) -> Wanted | Unwanted:
    """Evaluate scope, consent, key and every line of the mapping for one person."""
    record = profile_record(person)
    if any(record.get(name) is not True for name in push.consent):
        return Unwanted(Cause.NO_CONSENT)
    if push.scope is not None and not push.scope(record):
        return Unwanted(Cause.LEFT_SCOPE)
    key = push.key(record)
    values: dict[str, Any] = {}
    refused = [] if key else [f"{push.place} key: gives no value"]
    for line in push.lines:
        value = line.value(record)
        if isinstance(value, Refusal):
            refused.append(f"{line.place} {line.path}: {value.reason}")
        else:
            values[line.path] = plain(value)
    text = str(plain(key)) if key else ""
    return Wanted(person, text, values, record, tuple(refused))


def profile_record(person: Person) -> Record:
    """Return the record that push expressions see: attributes, ``gid``, ``active`` (or true)."""
    record = {**person.attributes, "gid": person.gid}
    if record.get("active") is None:
        record["active"] = True
    return record


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
