"""Lists of names and values, as `custom_attributes` and `meta_data` are: objects to us. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.rest.objects import Pairs


def as_objects(row: Mapping[str, Any], pairs: Mapping[str, Pairs]) -> dict[str, Any]:
    """Return a row whose lists of names and values are objects; of a name that is there twice the
    last counts.
    """
    return {name: _object(value, pairs[name]) if name in pairs else value
            for name, value in row.items()}  # fmt: skip


def as_lists(tree: Mapping[str, Any], pairs: Mapping[str, Pairs]) -> dict[str, Any]:
    """Return a record whose objects are lists of names and values again."""
    return {name: _list(value, pairs[name]) if name in pairs else value
            for name, value in tree.items()}  # fmt: skip


def _object(value: Any, pair: Pairs) -> Any:
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        return value
    return {str(each.get(pair.name)): each.get(pair.value) for each in value}


def _list(value: Any, pair: Pairs) -> Any:
    if not isinstance(value, Mapping):
        return value
    return [{pair.name: name, pair.value: held} for name, held in value.items()]
