"""Texts with ``{name}`` in them, filled for one call.

A text that is one placeholder alone keeps the type of its value; inside a longer text the value is
written as text. In a path every value is quoted as one segment. A parameter, header or entry of an
object whose placeholder has no value is left out. ``{{`` and ``}}`` are the braces themselves. The
entry ``...`` of an object gives its own entries to that object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.errors import RejectedError
from connectors.http import segment
from connectors.rest.pointers import MISSING, get

Values = Mapping[str, Any]
"""What placeholders stand for; a dotted name looks into objects."""

SPREAD = "..."
"""The entry of an object that gives its entries to the object around it."""
_PART = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.-]*)\}")
_STRAY = re.compile(r"[{}]")


def names(template: Any) -> Iterator[str]:
    """Yield the placeholders of a template: a text, or a tree of them."""
    if isinstance(template, str):
        yield from (found[1] for found in _PART.finditer(template) if found[1])
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from names(value)
    elif isinstance(template, list | tuple):
        for value in template:
            yield from names(value)


def check(template: str) -> str:
    """Return a template as it is; ValueError for braces that are no placeholder."""
    if _STRAY.search(_PART.sub("", template)):
        raise ValueError(
            "holds a brace that is no placeholder; write {name}, or {{ and }} for braces"
        )
    return template


def fill(template: Any, values: Values) -> Any:
    """Return a template with its values, MISSING for a text whose placeholder has none."""
    if isinstance(template, str):
        return _text(template, values)
    if isinstance(template, Mapping):
        filled = {name: fill(value, values) for name, value in template.items()}
        spread = filled.pop(SPREAD, {})
        own = {name: value for name, value in filled.items() if value is not MISSING}
        return {**spread, **own} if isinstance(spread, Mapping) else own
    if isinstance(template, list | tuple):
        return [value for each in template if (value := fill(each, values)) is not MISSING]
    return template


def fill_path(template: str, values: Values) -> str:
    """Return a path, each value quoted as one segment; RejectedError when one is not there."""

    def quoted(name: str) -> str:
        value = get(values, name, None)
        if value is None:
            raise RejectedError(f"{template}: there is no value for {{{name}}}")
        return segment(plain(value))

    return _PART.sub(lambda found: quoted(found[1]) if found[1] else found[0][0], template)


def fill_texts(templates: Mapping[str, str], values: Values) -> dict[str, str]:
    """Return parameters or headers with their values; those whose value is nothing are left out."""
    filled = {name: fill(template, values) for name, template in templates.items()}
    return {
        name: plain(value)
        for name, value in filled.items()
        if value is not MISSING and value is not None
    }


def plain(value: Any) -> str:
    """Return a value as addresses and forms write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _text(template: str, values: Values) -> Any:
    whole = _PART.fullmatch(template)
    if whole and whole[1]:
        return get(values, whole[1], MISSING)
    if any(get(values, name, None) is None for name in names(template)):
        return MISSING
    return _PART.sub(
        lambda found: plain(get(values, found[1])) if found[1] else found[0][0], template
    )
