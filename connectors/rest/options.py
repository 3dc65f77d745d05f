"""The settings of one object of an API: where it is, how it is paged, how it is filtered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, field_validator

_CONFIG = ConfigDict(
    frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
)


class OnePage(BaseModel):
    """Everything comes in one answer."""

    model_config = _CONFIG
    type: Literal["none"] = "none"


class NumberedPages(BaseModel):
    """Pages are asked for by number, until one is empty."""

    model_config = _CONFIG
    type: Literal["page"]
    param: str = "page"
    """The parameter that carries the number."""
    first: NonNegativeInt = 1
    """The number of the first page."""


class OffsetPages(BaseModel):
    """Pages are asked for by the number of rows before them, until one is empty."""

    model_config = _CONFIG
    type: Literal["offset"]
    param: str = "offset"
    """The parameter that carries the number."""


class CursorPages(BaseModel):
    """Each answer holds a token for the next page; none on the last."""

    model_config = _CONFIG
    type: Literal["cursor"]
    pointer: str
    """Where the token stands in the answer, such as `meta.next_cursor`."""
    param: str = "cursor"
    """The parameter that carries it."""


class LinkHeader(BaseModel):
    """Each answer has a ``Link`` header with ``rel="next"`` (RFC 8288); the last has none."""

    model_config = _CONFIG
    type: Literal["link"]


class NextUrl(BaseModel):
    """Each answer holds the address of the next page; the last holds none."""

    model_config = _CONFIG
    type: Literal["next_url"]
    pointer: str = "next_url"
    """Where the address stands in the answer."""


Pagination = Annotated[
    OnePage | NumberedPages | OffsetPages | CursorPages | LinkHeader | NextUrl,
    Field(discriminator="type"),
]


class RestObject(BaseModel):
    """One readable object of an API."""

    model_config = _CONFIG

    path: str
    """Its path below `url`."""
    items: str = ""
    """Where the rows stand in an answer, such as `data.items`; empty when it is the answer."""
    key: str | None = None
    """The key of a row, for objects whose query names none."""
    pagination: Pagination = OnePage()
    """How the pages are asked for."""
    params: Mapping[str, str] = Field(default_factory=dict)
    """Parameters of every call: page sizes, sorting, filters. Never secrets."""
    cursor: Mapping[str, str] = Field(default_factory=dict)
    """Parameters that leave out what is known, with `{after}` where the position goes."""
    ordered: bool = True
    """Whether rows come by cursor and key ascending; if not, a read goes on from its start."""
    max_pages: PositiveInt = 100_000
    """More pages than this are taken for an endless loop."""

    @field_validator("params", "cursor", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        return {str(k): _text(v) for k, v in value.items()}

    @field_validator("cursor")
    @classmethod
    def _has_place(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        if value and not any("{after}" in text for text in value.values()):
            raise ValueError("one parameter must hold {after}")
        return value


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value
