"""A YAML file read with its places, so that what is wrong in it can be told by line and column.

Keys are plain words and given once; values are what they look like: texts that YAML 1.1 reads as
something else (``no``, ``012``, ``1:30``) must stand in quotes. Tags and merge keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from connectors.errors import MisconfiguredError

_PREFIX = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+")
_MOST = 100_000
"""Nodes of one file, aliases counted as often as they are used."""


class FileError(MisconfiguredError):
    """A file of settings is wrong; each line of the message is ``file:line:column what``."""


@dataclass(frozen=True, slots=True)
class YamlFile:
    """What a file holds as plain data, and where each part of it stands."""

    name: str
    data: Any = field(repr=False)
    root: yaml.Node = field(repr=False)

    def place(self, path: Sequence[str | int]) -> str:
        """Return ``file:line:column`` of a part, or of the nearest one above that is there."""
        mark, node = self.root.start_mark, self.root
        for part in path:
            found = _member(node, part)
            if found is None:
                break
            mark, node = found
        return f"{self.name}:{mark.line + 1}:{mark.column + 1}"


def read(text: str, name: str) -> YamlFile:
    """Read the text of a file called `name`; FileError tells everything that is wrong with it."""
    try:
        tags = [
            (event.start_mark, tag)
            for event in yaml.parse(text, Loader=yaml.SafeLoader)
            if (tag := getattr(event, "tag", None))
        ]
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise FileError(_syntax(error, name)) from None
    except (RecursionError, ValueError, OverflowError):
        raise FileError(f"{name}:1:1 is nested too deeply or has odd escapes") from None
    if not isinstance(root, yaml.MappingNode):
        raise FileError(f"{name}:1:1 the file must hold keys and values, such as url: https://…")
    problems = [_at(name, mark, f"tags such as {tag} are not read") for mark, tag in tags if mark]
    data = _Reader(name, problems).value(root)
    if problems:
        raise FileError("\n".join(problems))
    return YamlFile(name, data, root)


class _Reader:
    """Makes plain data of nodes, and collects what is wrong."""

    def __init__(self, name: str, problems: list[str]) -> None:
        self._name, self._problems, self._nodes = name, problems, 0
        self._above: set[int] = set()

    def value(self, node: yaml.Node) -> Any:
        self._nodes += 1
        if self._nodes > _MOST or id(node) in self._above:
            raise FileError(f"{self._name}:1:1 is larger than {_MOST:,} entries")
        if not isinstance(node, yaml.CollectionNode):
            return self._scalar(node)
        self._above.add(id(node))
        if isinstance(node, yaml.MappingNode):
            found: Any = dict(self._entries(node))
        else:
            found = [self.value(item) for item in node.value]
        self._above.remove(id(node))
        return found

    def _entries(self, node: yaml.MappingNode) -> Iterator[tuple[str, Any]]:
        lines: dict[str, int] = {}
        for key, value in node.value:
            problem = _key_problem(key, lines)
            if problem:
                self._note(key, problem)
                continue
            lines[key.value] = key.start_mark.line + 1
            yield key.value, self.value(value)

    def _scalar(self, node: yaml.Node) -> Any:
        kind, word = node.tag.removeprefix(_PREFIX), str(node.value)
        if kind == "str" or getattr(node, "style", None) is not None:
            return word
        if kind == "null":
            return None
        if kind == "bool" and word.lower() in {"true", "false"}:
            return word.lower() == "true"
        if kind == "int" and _INTEGER.fullmatch(word):
            return int(word)
        if kind == "float" and _FLOAT.fullmatch(word):
            return float(word)
        meant = ", or write true or false" if kind == "bool" else ""
        self._note(node, f"{word!r} can be read in two ways; put it in quotes for the text{meant}")
        return None

    def _note(self, node: yaml.Node, message: str) -> None:
        self._problems.append(_at(self._name, node.start_mark, message))


def _key_problem(key: yaml.Node, lines: dict[str, int]) -> str | None:
    if not isinstance(key, yaml.ScalarNode):
        return "a key must be a word"
    kind = key.tag.removeprefix(_PREFIX)
    if kind == "merge":
        return "merge keys (<<) are not read; write the keys out"
    if kind != "str":
        return f"YAML does not read the key {key.value!r} as a word; put it in quotes"
    if key.value in lines:
        return f"the key {key.value!r} is here twice; it is on line {lines[key.value]} already"
    return None


def _member(node: yaml.Node, part: str | int) -> tuple[Any, yaml.Node] | None:
    """Return the mark and the node of one part of a node."""
    if isinstance(node, yaml.MappingNode):
        found = (pair for pair in node.value if pair[0].value == part)
        return next(((key.start_mark, value) for key, value in found), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark, node.value[part]
    return None


def _syntax(error: yaml.YAMLError, name: str) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return f"{name}:1:1 a character here is not allowed in YAML; write the file as UTF-8 text"
    said = str(getattr(error, "problem", None) or "cannot be read")
    if "\\t" in said:
        said += "; indent with spaces"
    if "found '}'" in said or "found '{'" in said or "'{'" in said:
        said += '; between { and } put placeholders in quotes: "${token}"'
    return _at(name, mark, said)


def _at(name: str, mark: Any, message: str) -> str:
    return f"{name}:{mark.line + 1}:{mark.column + 1} {message}"
