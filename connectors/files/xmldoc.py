"""XML documents, read as they come: the rows are the elements of one name.

A document may not declare entities, so none can unfold into gigabytes or name a file of ours, and
what it refers to outside of itself is never fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from xml.parsers import expat

from connectors.contract import Column, RejectedRow
from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean
from connectors.files.lines import kinds
from connectors.files.options import Part, Reading, chosen
from connectors.files.stored import opened

_CHUNK = 1 << 16
_DEEP = 100
_KNOWN = 200
_NIL = "xsi:nil"


def read(reading: Reading) -> Iterator[Part]:
    """Yield the elements that `records` names. An element of text is that text; one with
    attributes or elements is an object, its attributes begin with ``@``, its own text is ``#text``;
    what is there several times, or is one of `lists`, is a list.

    Raises MisconfiguredError for what is no XML, declares entities, or has no such element.
    """
    rows: list[dict[str, Any]] = []
    rejected: list[RejectedRow] = []
    for place, row in _elements(reading):
        if row is None:
            reason = f"has more than {_DEEP} levels"
            rejected.append(RejectedRow(place, reason, ""))
        else:
            rows.append(chosen(row, reading.fields))
        if len(rows) + len(rejected) >= reading.page_size:
            yield rows, rejected
            rows, rejected = [], []
    yield rows, rejected


def columns(reading: Reading) -> tuple[Column, ...]:
    """What the first thousand rows have."""
    return kinds([row for _, row in islice(_elements(reading), 1000) if row is not None])


def _elements(reading: Reading) -> Iterator[tuple[str, dict[str, Any] | None]]:
    if not reading.records:
        raise MisconfiguredError(
            f"{reading.file.name}: set records to the element that is a row, such as customer"
        )
    builder = _Builder(tuple(reading.records.strip("/").split("/")), frozenset(reading.lists))
    parser = expat.ParserCreate(None if reading.encoding == "utf-8" else reading.encoding)
    parser.buffer_text = True
    parser.ordered_attributes = False
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.EntityDeclHandler = _no_entities
    parser.SkippedEntityHandler = _no_entities
    try:
        with opened(reading.file) as stream:
            while True:
                chunk = stream.read(_CHUNK)
                parser.Parse(chunk, not chunk)
                for number, row in builder.taken():
                    yield f"{reading.file.name}[{number}]", row
                if not chunk:
                    break
    except expat.ExpatError as error:
        raise MisconfiguredError(
            f"{reading.file.name}:{error.lineno}:{error.offset + 1}: is no XML "
            f"({expat.ErrorString(error.code)}); export it again"
        ) from None
    except _EntityError:
        raise MisconfiguredError(
            f"{reading.file.name}:{parser.CurrentLineNumber}: has entities of its own, which are "
            "not read; have it sent without"
        ) from None
    if not builder.parent_seen:
        raise MisconfiguredError(
            f"{reading.file.name}: no element {reading.records!r} is in it"
            f"{did_you_mean(reading.records, builder.known)}"
        )


class _EntityError(Exception):
    """A document declares an entity, or uses one that it leaves others to declare."""


def _no_entities(*_: Any) -> None:
    raise _EntityError


@dataclass(slots=True)
class _Builder:
    """Builds rows from the parser's events; `parent_seen` says that rows might have been here."""

    path: tuple[str, ...]
    lists: frozenset[str]
    parent_seen: bool = False
    known: set[str] = field(default_factory=set)
    _open: list[str] = field(default_factory=list)
    _nodes: list[tuple[dict[str, Any], list[str]]] = field(default_factory=list)
    _rows: list[tuple[int, dict[str, Any] | None]] = field(default_factory=list)
    _count: int = 0
    _too_deep: bool = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = _local(tag)
        self._open.append(name)
        if self._nodes or self._is(self.path):
            self.parent_seen = True
            if len(self._nodes) < _DEEP:
                self._nodes.append((_attributes(attributes), []))
            else:
                self._too_deep = True
                self._nodes.append(({}, []))
            return
        self.parent_seen |= len(self.path) > 1 and self._is(self.path[:-1])
        if len(self.known) < _KNOWN:
            self.known.add(name)

    def text(self, text: str) -> None:
        """Text of an element."""
        if self._nodes:
            self._nodes[-1][1].append(text)

    def end(self, _: str) -> None:
        """An element ends."""
        name = self._open.pop()
        if not self._nodes:
            self.parent_seen |= not self._open and len(self.known) == 1  # an empty document
            return
        node, texts = self._nodes.pop()
        value = _value(node, "".join(texts))
        if self._nodes:
            self._put(self._nodes[-1][0], name, value)
            return
        self._count += 1
        row = value if isinstance(value, dict) else {"#text": value}
        self._rows.append((self._count, None if self._too_deep else row))
        self._too_deep = False

    def taken(self) -> list[tuple[int, dict[str, Any] | None]]:
        """The rows that are whole, with their numbers; they are given once."""
        rows, self._rows = self._rows, []
        return rows

    def _is(self, path: tuple[str, ...]) -> bool:
        return tuple(self._open[-len(path) :]) == path

    def _put(self, node: dict[str, Any], name: str, value: Any) -> None:
        if name not in node:
            node[name] = [value] if name in self.lists else value
        elif isinstance(node[name], list):
            node[name].append(value)
        else:
            node[name] = [node[name], value]


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _attributes(found: dict[str, str]) -> dict[str, Any]:
    return {
        name if name == _NIL else f"@{_local(name)}": value
        for name, value in found.items()
        if name != "xmlns" and not name.startswith("xmlns:")
    }


def _value(node: dict[str, Any], text: str) -> Any:
    if node.pop(_NIL, None) in {"true", "1"} and not node:
        return None
    if not node:
        return text
    return {**node, "#text": text.strip()} if text.strip() else node
