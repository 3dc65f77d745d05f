"""YAML as mapping files use it: keys are plain words, data is data, every part has its place.

Refused, with the mend: doubled keys, YAML words as keys (``on``, ``yes``, ``null``), tags, merge
keys, values that YAML 1.1 reads otherwise than a person does (``012``, ``1:30``, ``no``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import yaml

from mappings.errors import MappingError, Place, Problem

_MOST = 100_000  # nodes, aliases counted as often as they are used
_PREFIX = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+")
_WORDS = {"bool": "a truth value", "null": "nothing", "int": "a number", "float": "a number"}


def compose(text: str, file: str) -> tuple[yaml.Node, list[Problem]]:
    """Read one YAML document and the problems of its keys and tags.

    Raises MappingError when there is nothing to go on with.
    """
    try:
        tagged = [
            (str(tag), event.start_mark)
            for event in yaml.parse(text, Loader=yaml.SafeLoader)
            if (tag := getattr(event, "tag", None))
        ]
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise MappingError([_syntax(error, file)]) from None
    except (RecursionError, ValueError, OverflowError):
        message = "this is no YAML that can be read: it is nested too deeply or has odd escapes"
        raise MappingError([Problem(Place(file, 1, 1), "yaml", message)]) from None
    if root is None:
        raise MappingError([Problem(Place(file, 1, 1), "yaml", "the file is empty")])
    problems = [
        _problem(file, mark, f"tags such as {tag} are not read; remove it")
        for tag, mark in tagged
        if mark is not None
    ]
    if _size(root, {}, set()) > _MOST:
        message = f"anchors blow this file up beyond {_MOST:,} entries"
        raise MappingError([_problem(file, root.start_mark, message)])
    return root, [*problems, *_key_problems(root, file, set())]


def place(node: yaml.Node, file: str) -> Place:
    """Return where a node begins."""
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


def place_in(node: yaml.ScalarNode, offset: int, text: str, file: str) -> Place:
    """Return where in the file the character of a scalar's value at `offset` stands."""
    begin, end = node.start_mark.index, node.end_mark.index
    raw = text[begin:end]
    at = begin + _aligned(raw, node.value, offset, block=node.style in {"|", ">"})
    line = text.count("\n", 0, at)
    return Place(file, line + 1, at - (text.rfind("\n", 0, at) + 1) + 1)


def data(node: yaml.Node) -> object:
    """Return the plain Python value of a node; raises ValueError with the mend."""
    if isinstance(node, yaml.MappingNode):
        scalars = [pair for pair in node.value if isinstance(pair[0], yaml.ScalarNode)]
        return {key.value: data(value) for key, value in scalars}
    if isinstance(node, yaml.SequenceNode):
        return [data(item) for item in node.value]
    assert isinstance(node, yaml.ScalarNode)  # noqa: S101 (the third kind of node)
    return _scalar(node)


def _scalar(node: yaml.ScalarNode) -> str | bool | int | float | date | datetime | None:
    kind, word = node.tag.removeprefix(_PREFIX), str(node.value)
    if kind == "str" or node.style is not None:
        return word
    if kind == "null":
        return None
    if kind == "bool" and word.lower() in {"true", "false"}:
        return word.lower() == "true"
    if kind == "int" and _INTEGER.fullmatch(word):
        return int(word)
    if kind == "float" and _FLOAT.fullmatch(word):
        return float(word)
    if kind == "timestamp":
        return _time(node)
    meant = " or write true or false" if kind == "bool" else ""
    raise ValueError(f"{word!r} can be read in two ways; put it in quotes for the text{meant}")


def _time(node: yaml.ScalarNode) -> date | datetime:
    try:
        value = yaml.SafeLoader("").construct_yaml_timestamp(node)
    except (ValueError, OverflowError):
        raise ValueError(f"{node.value!r} is no date; put it in quotes for the text") from None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    assert isinstance(value, date)  # noqa: S101 (what the constructor gives)
    return value


def _size(node: yaml.Node, known: dict[int, int], above: set[int]) -> int:
    """Count the nodes with aliases spelled out; a node inside itself counts beyond all measure."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) in above:
        return _MOST + 1
    if id(node) not in known:
        above.add(id(node))
        known[id(node)] = 1 + sum(_size(child, known, above) for child in _children(node))
        above.remove(id(node))
    return known[id(node)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _key_problems(node: yaml.Node, file: str, seen: set[int]) -> Iterator[Problem]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys: dict[str, int] = {}
        for key, _ in node.value:
            message = _key_problem(key, keys)
            if message:
                yield _problem(file, key.start_mark, message)
            else:
                keys[key.value] = key.start_mark.line + 1
    for child in _children(node):
        yield from _key_problems(child, file, seen)


def _key_problem(key: yaml.Node, keys: dict[str, int]) -> str | None:
    if not isinstance(key, yaml.ScalarNode):
        return "a key must be a word"
    kind = key.tag.removeprefix(_PREFIX)
    if kind == "merge":
        return "merge keys (<<) are not read; write the keys out"
    if kind != "str":
        meant = _WORDS.get(kind, "no text")
        return f"YAML reads the key {key.value!r} as {meant}; put it in quotes"
    if key.value in keys:
        return f"the key {key.value!r} is here twice; it is on line {keys[key.value]} already"
    return None


def _aligned(raw: str, value: str, offset: int, *, block: bool) -> int:
    """Find the raw position of one character of the value, past quotes, escapes and indentation."""
    at = raw.find("\n") + 1 if block else 0
    for position, char in enumerate(value):
        blank = char.isspace()
        found = at
        while found < len(raw) and not (raw[found] == char or (blank and raw[found].isspace())):
            found += 1
        if found >= len(raw):
            return min(at, max(len(raw) - 1, 0))
        if position == offset:
            return found
        at = found + 1
    return max(at - 1, 0)


def _syntax(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        message = "a character here is not allowed in YAML; write the file as UTF-8 text"
        return Problem(Place(file, 1, 1), "yaml", message)
    said = str(getattr(error, "problem", None) or "cannot be read")
    hint = "; indent with spaces" if "\\t" in said else ""
    hint = (
        '; between { and } put names with [ ] in quotes: "emails[work]"' if "'['" in said else hint
    )
    return _problem(file, mark, f"{said}{hint}")


def _problem(file: str, mark: Any, message: str) -> Problem:
    return Problem(Place(file, mark.line + 1, mark.column + 1), "yaml", message)
