"""The answers of a system as a proxy sees them: where their rows stand, and how many it says."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from xml.etree import ElementTree as ET


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to a call."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Shape(Protocol):
    """How a system's answers hold their rows, each an object of its columns."""

    def rows(self, answer: Answer) -> list[Any] | None:
        """Return the rows of an answer, None where it is no page of rows."""

    def with_rows(self, answer: Answer, rows: list[Any]) -> Answer:
        """Return the answer with other rows."""

    def with_total(self, answer: Answer, total: int) -> Answer:
        """Return the answer with another number of all rows; as it is where it says none."""


@dataclass(frozen=True, slots=True)
class JsonShape:
    """Rows that stand at `items` in JSON, such as ``data.people``, and their number at `total`."""

    items: str = ""
    total: str | None = None

    def rows(self, answer: Answer) -> list[Any] | None:
        """Return the list that stands there."""
        found = _at(_json(answer), self.items)
        return found if isinstance(found, list) else None

    def with_rows(self, answer: Answer, rows: list[Any]) -> Answer:
        """Put another list there."""
        return replace(answer, body=_put(_json(answer), self.items, rows))

    def with_total(self, answer: Answer, total: int) -> Answer:
        """Put another number there, where there is one."""
        tree = _json(answer)
        if self.total is None or _at(tree, self.total) is None:
            return answer
        return replace(answer, body=_put(tree, self.total, total))


@dataclass(frozen=True, slots=True)
class CsvShape:
    """Rows of CSV with a head; `count` is the header that says how many rows are in the body."""

    count: str

    def rows(self, answer: Answer) -> list[Any] | None:
        """Return the rows of a body of CSV."""
        if "csv" not in answer.headers.get("Content-Type", ""):
            return None
        return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))

    def with_rows(self, answer: Answer, rows: list[Any]) -> Answer:
        """Write other rows, under the names that they have."""
        text = io.StringIO(newline="")
        names = list(rows[0]) if rows else (self.rows(answer) or [{}])[0]
        table = csv.DictWriter(text, names, quoting=csv.QUOTE_ALL)
        table.writeheader()
        table.writerows(rows)
        headers = {**answer.headers, self.count: str(len(rows))}
        return replace(answer, headers=headers, body=text.getvalue().encode())

    def with_total(self, answer: Answer, total: int) -> Answer:  # noqa: ARG002 (there is none)
        """Leave it as it is: it tells no number of all rows."""
        return answer


@dataclass(frozen=True, slots=True)
class XmlShape:
    """Rows that are the elements `row` of an element `items`, and their number in `total`.

    Names are written with their namespace, as in ``{urn:people}person``; columns have that of
    the row.
    """

    items: str
    row: str
    total: str | None = None

    def rows(self, answer: Answer) -> list[Any] | None:
        """Return the elements as objects of elements: what they hold may be more than text."""
        holder = self._holder(answer)
        if holder is None:
            return None
        return [{_local(each): each for each in row} for row in holder.findall(self.row)]

    def with_rows(self, answer: Answer, rows: list[Any]) -> Answer:
        """Put other elements there."""
        root = ET.fromstring(answer.body)  # noqa: S314 (of a system that the test runs)
        holder = next(root.iter(self.items))
        for each in list(holder):
            holder.remove(each)
        for row in rows:
            made = ET.SubElement(holder, self.row)
            made.extend(self._column(name, value) for name, value in row.items())
        return replace(answer, body=ET.tostring(root))

    def with_total(self, answer: Answer, total: int) -> Answer:
        """Write another number, where there is one."""
        root = ET.fromstring(answer.body)  # noqa: S314 (of a system that the test runs)
        found = next(root.iter(self.total), None) if self.total else None
        if found is None:
            return answer
        found.text = str(total)
        return replace(answer, body=ET.tostring(root))

    def _holder(self, answer: Answer) -> ET.Element | None:
        try:
            root = ET.fromstring(answer.body)  # noqa: S314 (of a system that the test runs)
        except ET.ParseError:
            return None
        return next(root.iter(self.items), None)

    def _column(self, name: str, value: Any) -> ET.Element:
        if isinstance(value, ET.Element):
            return copy.deepcopy(value)
        made = ET.Element(self.row.rpartition("}")[0] + "}" + name if "}" in self.row else name)
        made.text = str(value)
        return made


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _at(tree: Any, place: str) -> Any:
    for name in filter(None, place.split(".")):
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _put(tree: Any, place: str, value: Any) -> bytes:
    *above, last = place.split(".")
    if not last:
        return json.dumps(value).encode()
    holder = _at(tree, ".".join(above))
    holder[last] = value
    return json.dumps(tree).encode()
