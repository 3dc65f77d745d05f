"""The settings of SOAP objects: which operation gives rows, by which arguments and pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, PositiveInt, field_validator, model_validator

from connectors.rest.calls import CONFIG, Tree
from connectors.rest.objects import Position, RestObject, with_after
from connectors.rest.pagination import CursorPages, NumberedPages, OffsetPages, OnePage
from connectors.secrets import Secret
from connectors.soap.operations import Operation, SoapDetail
from connectors.soap.writes import SoapWrite

Paging = Annotated[OnePage | NumberedPages | OffsetPages | CursorPages, Field(discriminator="type")]


class SoapObject(Operation):
    """One object: what its operation answers with becomes rows."""

    items: str = ""
    """Where the rows stand in an answer, such as `DATA.item`; empty when it is the answer."""
    absent: Literal["error", "empty"] = "empty"
    """What an answer without `items` is: SOAP leaves out lists without members."""
    key: str | None = None
    """The key of a row, for mappings that name none."""
    columns: Mapping[str, str] = Field(default_factory=dict)
    """The columns and their types, where the first page does not show them."""
    pagination: Paging = OnePage()
    """How the pages are asked for; `param` is an argument, or a dotted place inside of one."""
    cursor: Mapping[str, Tree] = Field(default_factory=dict)
    """Arguments that leave out what is known, with `{after}` where the position goes."""
    position: Position = Position()
    """How the column that rows are read by is written."""
    ordered: bool | Literal["cursor"] = True
    """Rows come by cursor and key ascending (`true`), by `cursor` alone, or in any order."""
    details: SoapDetail | None = None
    """A second operation for each row, whose record is laid over it."""
    max_pages: PositiveInt = 100_000
    """More pages than this are taken for an endless loop."""
    write: SoapWrite | None = None
    """How its records are written; it is read only when left out."""

    @field_validator("cursor")
    @classmethod
    def _has_place(cls, value: Mapping[str, Tree]) -> Mapping[str, Tree]:
        return with_after(value)

    def as_listing(self) -> RestObject:
        """Return it as what the readers of pages and positions know: an operation is a path."""
        return RestObject(
            path=self.operation,
            body=dict(self.arguments),
            into="body",
            items=self.items,
            absent=self.absent,
            key=self.key,
            pagination=self.pagination,
            cursor=self.cursor,
            position=self.position,
            ordered=self.ordered,
            details=self.details.as_detail() if self.details else None,
            max_pages=self.max_pages,
            write=self.write.as_write() if self.write else None,
        )

    def operations(self) -> tuple[str, ...]:
        """The operations that it needs."""
        more = [self.details.operation] if self.details else []
        return (self.operation, *more, *(self.write.operations() if self.write else ()))


class Security(BaseModel):
    """WS-Security: a UsernameToken in the header of each call."""

    model_config = CONFIG

    user: str
    """The user."""
    password: Secret
    """A reference to the password."""
    digest: bool = False
    """Send a digest of the password with a nonce instead of the password itself."""
    timestamp_seconds: PositiveInt | None = None
    """Add a timestamp by which the call is over after so many seconds."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.user:
            raise ValueError("user is empty")
        return self
