"""Paths of one element of a list: ``members[#3f2a…]`` is the element whose value hashes to that.

A change whose path is one writes that element alone: its value is the element itself, such as
``{"value": "u1"}``, or None to take it away; `before` holds it then. The other elements of the
list are somebody else's. The hash keeps values out of paths, which are shown and logged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

_OPEN, _CLOSE = "[#", "]"


def element_path(name: str, element: Any) -> str:
    """Return the path of an element of the list `name`; it is known by its ``value``."""
    return f"{name}{_OPEN}{_digest(element)}{_CLOSE}"


@lru_cache(maxsize=4096)
def list_of(path: str) -> str | None:
    """Return the list that a path names an element of; None for any other path."""
    name, mark, _ = path.partition(_OPEN)
    return name if mark and path.endswith(_CLOSE) else None


def parted(row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the paths of a row that name no element, and those that do."""
    elements = {path: value for path, value in row.items() if list_of(path) is not None}
    if not elements:
        return dict(row), elements
    return {path: value for path, value in row.items() if path not in elements}, elements


def same_element(one: Any, other: Any) -> bool:
    """Whether two elements are known by the same value."""
    return bool(known_by(one) == known_by(other))


def known_by(element: Any) -> Any:
    """Return what an element of a list is known by: its ``value``, or all of it."""
    return element.get("value", element) if isinstance(element, Mapping) else element


class Held(Mapping[str, Any]):
    """A row that answers for elements of its lists, too."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row
        self._lists: dict[str, dict[str, Any]] = {}

    def __getitem__(self, path: str) -> Any:
        name = list_of(path)
        if name is None or path in self._row:
            return self._row[path]
        return self._elements(name)[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._row)

    def __len__(self) -> int:
        return len(self._row)

    def _elements(self, name: str) -> dict[str, Any]:
        if name not in self._lists:
            found = self._row.get(name)
            listed = found if isinstance(found, list) else []
            self._lists[name] = {element_path(name, each): each for each in listed}
        return self._lists[name]


def put_elements(row: dict[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Write elements into the lists of a row in place; the others stay as they are."""
    for path, wanted in after.items():
        name = list_of(path)
        if name is None:
            continue
        meant = before.get(path) if wanted is None else wanted
        found = row.get(name)
        held = list(found) if isinstance(found, list) else []
        at = next((n for n, each in enumerate(held) if same_element(each, meant)), None)
        if wanted is None:
            held = [each for each in held if not same_element(each, meant)]
        elif at is None:
            held.append(wanted)
        elif isinstance(wanted, Mapping) and isinstance(held[at], Mapping):
            held[at] = {**held[at], **wanted}
        row[name] = held
        if not held:
            del row[name]


def _digest(element: Any) -> str:
    known = json.dumps(known_by(element), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(known.encode()).hexdigest()[:16]
