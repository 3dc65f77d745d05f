"""Positions in what an API gives: compared on our side, for some APIs do not filter as told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import repeat
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import Cursor
from connectors.errors import MisconfiguredError
from connectors.rest import moments
from connectors.rest.objects import Position
from connectors.rest.pointers import MISSING, get

Part = tuple[int, Any]
"""A value that can be compared: its kind (0 nothing, 1 number, 2 text, 3 moment) and itself."""
Place = tuple[Part, Part]


@dataclass(frozen=True, slots=True)
class Order:
    """How the rows of one object are ordered: by `cursor`, then by `key`."""

    cursor: str
    key: str
    position: Position

    def place(self, row: Mapping[str, Any]) -> Place:
        """Where a row stands; MisconfiguredError when it has no cursor or key at all."""
        moment = self._moment(_of(row, self.cursor))
        return moment, _comparable(_of(row, self.key))

    def places(self, rows: Sequence[Mapping[str, Any]]) -> list[Place]:
        """Where each row stands, as `place` says it of one."""
        if self.position.format != "plain":
            return [self.place(row) for row in rows]
        try:
            columns = [[row[name] for row in rows] for name in (self.cursor, self.key)]
        except KeyError:  # a dotted name, or a row that lacks one
            return [self.place(row) for row in rows]
        return list(zip(*map(_all_comparable, columns), strict=True))

    def cursor_of(self, place: Place) -> Cursor | None:
        """The position of a place, None where its cursor or key is empty."""
        moment, key = place
        if not moment[0] or not key[0]:
            return None
        return Cursor(_text(moment), _text(key))

    def is_after(self, place: Place, after: Cursor) -> bool:
        """Whether a place is beyond a position; without a key in it, its ties count as beyond."""
        moment = self._like(after.value, place[0])
        if not after.key:
            return place[0] >= moment
        return place > (moment, _like(after.key, place[1]))

    def asked(self, after: Cursor) -> tuple[str | int, Cursor]:
        """What the filter is given for a position, and the position that this really means."""
        form = self.position.sent or self.position.format
        if self.position.format == "plain" and form == "plain":
            value = _before(after.value) if self.position.exclusive else after.value
            return value, Cursor(value)
        zone = ZoneInfo(self.position.zone)
        back = timedelta(seconds=1 if self.position.exclusive else 0)
        sent = moments.write(self._read(after.value) - back, form, zone)
        meant = moments.read(sent, "iso" if form == "plain" else form, zone)
        return sent, Cursor(meant.isoformat())

    def _moment(self, value: Any) -> Part:
        if value is None or self.position.format == "plain":
            return _comparable(value)
        try:
            return 3, moments.read(value, self.position.format, ZoneInfo(self.position.zone))
        except ValueError as error:
            raise MisconfiguredError(
                f"the {self.cursor!r} of a row {error}; set position.format"
            ) from None

    def _like(self, text: str, example: Part) -> Part:
        """The text of a position as the same kind of value as a row's."""
        return (3, self._read(text)) if example[0] == 3 else _like(text, example)

    def _read(self, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise MisconfiguredError(
                f"the position of {self.cursor!r} is no moment; was position.format changed? "
                "Read this source in full once"
            ) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _of(row: Mapping[str, Any], name: str) -> Any:
    value = row[name] if name in row else get(row, name, MISSING)
    if value is MISSING:
        raise MisconfiguredError(f"a row has no {name!r}; it has {', '.join(sorted(row)[:12])}")
    return value


def _like(text: str, example: Part) -> Part:
    if example[0] == 1:
        try:
            return 1, Decimal(text)
        except InvalidOperation:
            pass
    return 2, text


def _comparable(value: object) -> Part:
    if value is None:
        return 0, 0
    if isinstance(value, int | float):
        return 1, value
    return 2, str(value)


def _all_comparable(values: list[Any]) -> Iterable[Part]:
    """`_comparable` of each; a column of one type is done in one go."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return zip(repeat(2), values, strict=False)
    if kinds <= {int, float}:
        return zip(repeat(1), values, strict=False)
    return map(_comparable, values)


def _text(part: Part) -> str:
    return part[1].isoformat() if part[0] == 3 else str(part[1])


def _before(text: str) -> str:
    """The position one before, for a filter that leaves out its own."""
    try:
        return str(Decimal(text) - 1)
    except InvalidOperation:
        raise MisconfiguredError(
            "position.exclusive needs a number or a position.format that says how moments are "
            "written"
        ) from None
