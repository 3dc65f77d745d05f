"""The settings of paging: how the next page is asked for, and what tells that there is none."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, NonNegativeInt, PositiveInt, model_validator

from connectors.rest.calls import CONFIG


class _Paged(BaseModel):
    model_config = CONFIG

    size: PositiveInt | None = None
    """How many rows a page has."""
    size_param: str | None = None
    """The parameter that carries `size`; none when the API decides."""

    @model_validator(mode="after")
    def _has_size(self) -> Self:
        wants = self.size_param or getattr(self, "end", "") == "short"
        if wants and self.size is None:
            raise ValueError("size is needed with size_param and with end: short")
        return self


class OnePage(BaseModel):
    """Everything comes in one answer."""

    model_config = CONFIG
    type: Literal["none"] = "none"


End = Literal["empty", "short", "repeat"]


class NumberedPages(_Paged):
    """Pages are asked for by number."""

    type: Literal["page"]
    param: str = "page"
    """The parameter that carries the number."""
    first: NonNegativeInt = 1
    """The number of the first page."""
    end: End = "empty"
    """What is behind the last page: an `empty` one, nothing after a `short` one, or a `repeat`."""
    total: str | None = None
    """Where the API says how many rows there are. It is compared and reported, never believed."""


class OffsetPages(_Paged):
    """Pages are asked for by the number of rows before them."""

    type: Literal["offset"]
    param: str = "offset"
    """The parameter that carries the number."""
    first: NonNegativeInt = 0
    """The number of the first row."""
    overlap: bool = False
    """Begin each page with the last row of the one before, which shows that rows went meanwhile."""
    end: End = "empty"
    """What is behind the last page: an `empty` one, nothing after a `short` one, or a `repeat`."""
    total: str | None = None
    """Where the API says how many rows there are. It is compared and reported, never believed."""


class CursorPages(_Paged):
    """Each answer tells what to ask for next; nothing on the last."""

    type: Literal["cursor"]
    pointer: str | None = None
    """Where the token for the next page stands in the answer, such as `meta.next_cursor`."""
    row: str | None = None
    """Or where it stands in the last row of the page, such as `id`."""
    header: str | None = None
    """Or the header of the answer that holds it."""
    more: str | None = None
    """Where the answer says whether there is more, such as `has_more`."""
    last: str | None = None
    """Where the answer says whether this page is the last, such as `end_of_stream`."""
    param: str = "cursor"
    """The parameter that carries the token."""
    send_header: str | None = None
    """Or the header that carries it."""

    @model_validator(mode="after")
    def _has_token(self) -> Self:
        if sum(each is not None for each in (self.pointer, self.row, self.header)) != 1:
            raise ValueError("set pointer, row or header: where the token for the next page stands")
        return self


class LinkHeader(_Paged):
    """Each answer has a ``Link`` header with ``rel="next"`` (RFC 8288); the last has none."""

    type: Literal["link"]


class NextUrl(_Paged):
    """Each answer holds the address of the next page; the last holds none."""

    type: Literal["next_url"]
    pointer: str = "next_url"
    """Where the address stands in the answer."""
    more: str | None = None
    """Where the answer says whether there is more, such as `meta.has_more`."""
    last: str | None = None
    """Where the answer says whether this page is the last, such as `end_of_stream`."""


class RelayPages(_Paged):
    """A Relay connection stands at `items`: its rows are `edges[].node` or `nodes`."""

    type: Literal["relay"]
    param: str = "after"
    """The variable that carries the end cursor of the page before."""


Pagination = Annotated[
    OnePage | NumberedPages | OffsetPages | CursorPages | LinkHeader | NextUrl | RelayPages,
    Field(discriminator="type"),
]
