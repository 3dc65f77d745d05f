"""The rows of a push: CloudEvents in their three forms, or any JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.push.proofs import Got
from connectors.rest.pointers import MISSING, get

_EVENT = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_DEEP = 100


class UnreadableError(Exception):
    """The push holds no rows; the words hold no value."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row, and the event's own name, where it has one."""

    row: Mapping[str, Any] = field(repr=False)
    name: str | None = None


def events_of(got: Got, items: str, record: str) -> list[Event]:
    """Return the rows of a push, each with `_event_id`, `_event_type` and `_event_time`.

    `items` is where they stand in a body that is no CloudEvent, `record` where the record stands in
    each; of a CloudEvent it is its data when nothing is said. Raises UnreadableError.
    """
    kind = got.headers.get("content-type", "").partition(";")[0].strip().lower()
    if in_headers(got):
        return [_of_cloud(_from_headers(got), record)]
    body = _json(got.body)
    if kind == _BATCH:
        if not isinstance(body, list):
            raise UnreadableError("a batch of events is a list")
        return [_of_cloud(each, record) for each in body]
    if kind == _EVENT:
        return [_of_cloud(body, record)]
    held = get(body, items, MISSING)
    rows = held if isinstance(held, list) else [held]
    return [Event(_record(each, record)) for each in rows]


def in_headers(got: Got) -> bool:
    """Whether a push is a CloudEvent whose attributes stand in its headers."""
    return "ce-specversion" in got.headers


def _from_headers(got: Got) -> dict[str, Any]:
    attributes = {
        name.removeprefix("ce-"): value
        for name, value in got.headers.items()
        if name.startswith("ce-")
    }
    return {**attributes, "data": _json(got.body)}


def _of_cloud(event: Any, record: str) -> Event:
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        raise UnreadableError("the event is none of CloudEvents 1.0")
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise UnreadableError(f"the event has no {name}")
    row = _record(event.get("data") if not record else get(event, record, None), "")
    told = {f"_event_{name}": event[name] for name in ("id", "type", "time") if name in event}
    return Event({**row, **told}, f"{event['source']} {event['id']}")


def _record(value: Any, record: str) -> dict[str, Any]:
    found = get(value, record, None)
    if not isinstance(found, dict):
        raise UnreadableError("there is no record where one should stand")
    return found


def _json(body: bytes) -> Any:
    try:
        value = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise UnreadableError("the body is no JSON") from None
    if next(_too_deep(value, _DEEP), False):
        raise UnreadableError(f"the body has more than {_DEEP} levels")
    return value


def _no_number(_: str) -> Any:
    raise ValueError


def _too_deep(value: Any, left: int) -> Iterator[bool]:
    if isinstance(value, dict | list):
        if not left:
            yield True
            return
        for each in value.values() if isinstance(value, dict) else value:
            yield from _too_deep(each, left - 1)
