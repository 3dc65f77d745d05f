"""Names with dots: where a value stands in JSON, and rows as flat names.

meta.next            a part of an object
items.0.id           a member of a list, from 0
data.*.errorCode     any part (only where every hit is wanted)
@odata.nextLink      a name that holds dots itself is found before its parts are
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MISSING = object()
"""What stands at a place that is not there; null is a value."""


class _Members(list[Any]):
    """The first members of a list that may have more."""


def get(body: Any, pointer: str, default: Any = None) -> Any:
    """Return what stands at a place, `default` when there is none; "" is the whole."""
    if not pointer:
        return body
    if isinstance(body, Mapping):
        if pointer in body:
            return body[pointer]
        head, dot, rest = pointer.partition(".")
        while dot:
            if head in body:
                found = get(body[head], rest, MISSING)
                if found is not MISSING:
                    return found
            more, dot, rest = rest.partition(".")
            head = f"{head}.{more}"
        return default
    if isinstance(body, list):
        head, _, rest = pointer.partition(".")
        if head.isdigit() and int(head) < len(body):
            return get(body[int(head)], rest, default)
    return default


def every(body: Any, pointer: str) -> Iterator[Any]:
    """Yield what stands at each place that a pointer with ``*`` names."""
    before, star, after = pointer.partition("*")
    if not star:
        found = get(body, pointer, MISSING)
        if found is not MISSING:
            yield found
        return
    holder = get(body, before.removesuffix("."), None)
    members = list(holder.values()) if isinstance(holder, Mapping) else holder
    for member in members if isinstance(members, list) else ():
        yield from every(member, after.removeprefix("."))


def members(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return what stands in the members of a row's lists of objects: ``emails.0.value``."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= members(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            for number, each in enumerate(value):
                if isinstance(each, Mapping):
                    found |= flattened(each, f"{prefix}{name}.{number}.")
    return found


def put(tree: dict[str, Any], name: str, value: Any) -> None:
    """Set a dotted name in a tree of objects, making those on the way."""
    *above, last = name.split(".")
    for part in above:
        inner = tree.get(part)
        if not isinstance(inner, dict):
            inner = tree[part] = {}
        tree = inner
    tree[last] = value


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tree of dotted names: ``{"a.b": 1}`` -> ``{"a": {"b": 1}}``.

    Names that count from 0 on make a list: ``{"a.0.b": 1}`` -> ``{"a": [{"b": 1}]}``.
    """
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        put(tree, name, value)
    return {name: _listed(value) for name, value in tree.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    counted = [inner[str(n)] for n in range(len(inner)) if str(n) in inner]
    return _Members(counted) if inner and len(counted) == len(inner) else inner


def flattened(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a row by dotted names; lists and empty objects stay as they are."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping) and value:
            flat |= flattened(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def merged(row: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one tree over another; objects are joined, all else is replaced.

    A list that `nested` made of names that count lays its members over those that are there.
    """
    joined = dict(row)
    for name, value in over.items():
        joined[name] = _joined(joined.get(name), value)
    return joined


def _joined(held: Any, value: Any) -> Any:
    if isinstance(held, Mapping) and isinstance(value, Mapping):
        return merged(held, value)
    if isinstance(held, list) and isinstance(value, _Members):
        over = [_joined(*both) for both in zip(held, value, strict=False)]
        return _Members([*over, *held[len(over) :], *value[len(over) :]])
    return value
