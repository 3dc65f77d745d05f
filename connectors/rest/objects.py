"""The settings of one object: how it is read, by which position, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    field_validator,
    model_validator,
)

from connectors.rest import moments, template
from connectors.rest.calls import CONFIG, Tree
from connectors.rest.delta import GONE, Delta
from connectors.rest.lists import Counting, Detail, Join, Listing, holds
from connectors.rest.telltales import Telltale
from connectors.rest.writes import Write


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone; write it as in Europe/Madrid, or UTC") from None
    return name


class Position(BaseModel):
    """How the column that rows are read by is written."""

    model_config = CONFIG

    format: Annotated[str, AfterValidator(moments.known)] = "plain"
    """`plain` (a number or text), `iso`, `date`, `epoch`, `epoch_ms`, `ms_date` or a pattern."""
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """The time zone of moments without one."""
    sent: Annotated[str, AfterValidator(moments.known)] | None = None
    """How the filter wants it, where that is another format."""
    exclusive: bool = False
    """The filter leaves out rows at the position itself; we ask from a second (or 1) before."""
    start: str | int | None = None
    """What the filter is given at the first read, where the system wants something, such as 0."""


class Filtered(Listing):
    """A list that may be asked for what changed since a position."""

    cursor: Mapping[str, Tree] = Field(default_factory=dict)
    """Parameters that leave out what is known, with `{after}` where the position goes; it may also
    stand in `headers`, `path` or `body`."""

    @field_validator("cursor")
    @classmethod
    def _has_place(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        return with_after(value)

    @property
    def filters(self) -> bool:
        """Whether the system is asked to leave out what is known."""
        return bool(self.cursor) or "after" in self.placeholders()


class Deletions(Filtered):
    """A list of what was deleted; each of its rows becomes a tombstone."""

    key: str = "id"
    """Where the key of the deleted row stands."""
    moment: str | None = None
    """Where the moment of its deletion stands."""
    set: Mapping[str, Any] = Field(default_factory=lambda: {"deleted": True})
    """What a tombstone holds beside the key, for the mapping's `delete`."""


class Pairs(BaseModel):
    """A list of names and values, which is an object to us: `[{key: tier, value: gold}]`."""

    model_config = CONFIG

    name: str = "key"
    """What the system calls the name in each of them."""
    value: str = "value"
    """What it calls the value."""


class RestObject(Filtered):
    """One object of an API."""

    key: str | None = None
    """The key of a row, for objects whose query names none."""
    columns: Mapping[str, str] = Field(default_factory=dict)
    """The columns and their types, where the first page does not show them."""
    position: Position = Position()
    """How the column that rows are read by is written."""
    ordered: bool | Literal["cursor"] = True
    """Rows come by cursor and key ascending (`true`), by `cursor` alone, or in any order."""
    walk: Literal["pages", "position"] = "pages"
    """`position`: ask again from the last row on instead of for the next page."""
    details: Detail | None = None
    """A second call for each row, whose record is laid over it."""
    joins: Mapping[str, Join] = Field(default_factory=dict)
    """Lists of each row, by the column that is to hold them."""
    pairs: Mapping[str, Pairs] = Field(default_factory=dict)
    """Columns that are lists of names and values: they are read and written as objects."""
    deletions: Deletions | None = None
    """Where the API lists what was deleted."""
    delta: Delta | None = None
    """How its last page says where its changes are to be read from, for `mode: feed`."""
    write: Write | None = None
    """How its records are written; it is read only when left out."""

    @property
    def readable(self) -> bool:
        """Whether there is a call that lists it."""
        return bool(self.model_fields_set & {"path", "graphql", "items", "pagination"})

    def beginning(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the values and parameters of its call for all rows: of the first position."""
        start = self.position.start
        values = {} if start is None else {"after": start}
        return values, template.fill(self.cursor, values) if values else {}

    @property
    def counts(self) -> Counting | None:
        """Which rows count: those that are there, and hold `where`."""
        delta = self.delta
        if delta is None or delta.removed is None:
            return super().counts
        return lambda row: not delta.buries(row) and holds(row, self.where)

    @property
    def expired(self) -> Sequence[Telltale]:
        """Answers that mean that the position of the feed was forgotten."""
        return (GONE, *self.delta.expired) if self.delta else ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.write is None and not self.readable:
            raise ValueError("set path or graphql to read it, or write to write it")
        if self.delta and not self.readable:
            raise ValueError("delta needs a call to read: set path or graphql")
        if self.walk == "position" and not (self.filters and self.ordered):
            raise ValueError("walk: position needs a cursor and ordered rows")
        return self


def with_after(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return filter parameters as they are; ValueError when none takes the position."""
    if value and "after" not in set(template.names(value)):
        raise ValueError("one parameter must hold {after}")
    return value
