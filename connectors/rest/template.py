"""Texts with ``{name}`` in them, filled for one call.

A text that is one placeholder alone keeps the type of its value; inside a longer text the value is
written as text. In a path every value is quoted as one segment. A parameter, header or entry of an
object whose placeholder has no value is left out. ``{{`` and ``}}`` are the braces themselves. The
entry ``...`` of an object gives its own entries to that object. ``{email|lower|md5}`` is what is
left of a value after the steps in `STEPS`, one after another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors.errors import RejectedError
from connectors.fields import did_you_mean
from connectors.http import segment
from connectors.rest.pointers import MISSING, get

Values = Mapping[str, Any]
"""What placeholders stand for; a dotted name looks into objects."""

SPREAD = "..."
"""The entry of an object that gives its entries to the object around it."""
STEPS: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower,
    "trim": str.strip,
    "md5": lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
    "sha256": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    "doubled": lambda text: text.replace("'", "''"),
    "escaped": lambda text: re.sub(r"([\\'\"])", r"\\\1", text),
}
"""What may be done to a value: systems name records by hashes of their addresses, and filters that
are texts want quotes doubled, or behind a backslash."""
_PART = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.-]*)((?:\|\w+)*)\}")
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
    """Return a template as it is; ValueError for braces that are no placeholder, unknown steps."""
    for found in _PART.finditer(template):
        for step in _steps(found):
            if step not in STEPS:
                raise ValueError(f"{{{found[1]}|{step}}}: unknown step{did_you_mean(step, STEPS)}")
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

    def quoted(found: re.Match[str]) -> str:
        value = _value(found, values, None)
        if value is None:
            raise RejectedError(f"{template}: there is no value for {{{found[1]}}}")
        return segment(plain(value))

    return _PART.sub(lambda found: quoted(found) if found[1] else found[0][0], template)


def fill_texts(templates: Mapping[str, str], values: Values) -> dict[str, str]:
    """Return headers with their values; those whose value is nothing are left out."""
    filled = {name: fill(template, values) for name, template in templates.items()}
    return {
        name: plain(value)
        for name, value in filled.items()
        if value is not MISSING and value is not None
    }


def fill_params(
    templates: Mapping[str, str | Sequence[str]], values: Values
) -> dict[str, str | list[str]]:
    """Return parameters as `fill_texts` returns headers; one that is a list is repeated."""
    filled: dict[str, str | list[str]] = {}
    for name, template in templates.items():
        value = fill(template, values)
        if isinstance(template, str):
            if value is not MISSING and value is not None:
                filled[name] = plain(value)
        else:
            filled[name] = [plain(each) for each in value if each is not None]
    return filled


def brackets(tree: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield a tree as the pairs of a form: ``address[city]``, ``tags[0]``; null is left out."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from brackets(value, f"{name}[{key}]" if name else str(key))
    elif isinstance(tree, list | tuple):
        for number, value in enumerate(tree):
            yield from brackets(value, f"{name}[{number}]")
    elif tree is not None:
        yield name, plain(tree)


def plain(value: Any) -> str:
    """Return a value as addresses and forms write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _text(template: str, values: Values) -> Any:
    whole = _PART.fullmatch(template)
    if whole and whole[1]:
        return _value(whole, values, MISSING)
    if any(get(values, name, None) is None for name in names(template)):
        return MISSING
    return _PART.sub(
        lambda found: plain(_value(found, values, None)) if found[1] else found[0][0], template
    )


def _value(found: re.Match[str], values: Values, default: Any) -> Any:
    """What a placeholder stands for, after its steps; these make a text of it."""
    value = get(values, found[1], default)
    if value is None or value is MISSING:
        return value
    for step in _steps(found):
        value = STEPS[step](plain(value))
    return value


def _steps(found: re.Match[str]) -> list[str]:
    return [step for step in (found[2] or "").split("|") if step]
