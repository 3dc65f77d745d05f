"""Positions in what an API gives: compared on our side, for some APIs do not filter as told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.contract import Cursor
from connectors.errors import MisconfiguredError

Place = tuple[tuple[int, Any], tuple[int, Any]]


@dataclass(frozen=True, slots=True)
class Order:
    """How the rows of one object are ordered."""

    cursor: str
    key: str

    def place(self, row: Mapping[str, Any]) -> Place:
        """Where a row stands; MisconfiguredError when it has no cursor or key at all."""
        for name in (self.cursor, self.key):
            if name not in row:
                raise MisconfiguredError(
                    f"a row has no {name!r}; it has {', '.join(sorted(row)[:12])}"
                )
        return _comparable(row[self.cursor]), _comparable(row[self.key])

    def position(self, row: Mapping[str, Any]) -> Cursor | None:
        """The position after a row, None where its cursor is empty."""
        moment, key = row[self.cursor], row[self.key]
        return None if moment is None or key is None else Cursor(_text(moment), _text(key))


def is_after(place: Place, row: Mapping[str, Any], order: Order, after: Cursor) -> bool:
    """Whether a row stands beyond a position; without a key in it, its ties count as beyond."""
    moment = _like(after.value, row[order.cursor])
    if not after.key:
        return place[0] >= moment
    return place > (moment, _like(after.key, row[order.key]))


def _like(text: str, example: object) -> tuple[int, Any]:
    """The text of a position as the same kind of value as an example."""
    if isinstance(example, int | float):
        try:
            return 1, Decimal(text)
        except InvalidOperation:
            pass
    return 2, text


def _comparable(value: object) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    if isinstance(value, int | float):
        return 1, Decimal(str(value))
    return 2, str(value)


def _text(value: object) -> str:
    return str(value)
