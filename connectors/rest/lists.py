"""The settings of calls that answer with rows, or with more of one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, PositiveInt

from connectors.rest.calls import Call
from connectors.rest.pagination import OnePage, Pagination
from connectors.rest.pointers import MISSING, get
from connectors.rest.telltales import Telltale

Plain = str | int | bool
"""A value that a file can say."""
Counting = Callable[[Mapping[str, Any]], bool]
"""Whether a row counts."""


def holds(row: Any, where: Mapping[str, Plain]) -> bool:
    """Whether a record holds what is asked for; numbers and their texts are alike."""
    return all(_same(get(row, place, MISSING), value) for place, value in where.items())


def _same(held: Any, value: Plain) -> bool:
    if isinstance(held, bool) or isinstance(value, bool):
        return held is value
    return held is not None and str(held) == str(value)


class Listing(Call):
    """A call that answers with rows, in pages."""

    items: str = ""
    """Where the rows stand in an answer, such as `data.items`; empty when it is the answer. `*` is
    any part: `groups.*.members` are the members of all groups."""
    item: str = ""
    """Where the record stands inside each of them; empty when it is the row."""
    keyed_as: str | None = None
    """The rows are an object, by key: the column that is to hold the key."""
    scalars_as: str | None = None
    """The rows are plain values: the column that is to hold them."""
    where: Mapping[str, Plain] = Field(default_factory=dict)
    """What rows must hold, by place, to count; others are left out on our side."""
    single: bool = False
    """Whether the answer holds one record there instead of a list."""
    absent: Literal["error", "empty"] = "error"
    """What an answer without `items` is: an error, or an empty page."""
    pagination: Pagination = OnePage()
    """How the pages are asked for."""
    into: Literal["query", "body", "variables"] | None = None
    """Where paging and `cursor` parameters go; variables for GraphQL, else the query."""
    partial: Literal["refuse", "accept"] = "refuse"
    """What becomes of rows beside GraphQL errors that belong to no single row."""
    max_pages: PositiveInt = 100_000
    """More pages than this are taken for an endless loop."""

    @property
    def place(self) -> Literal["query", "body", "variables"]:
        """Where parameters of paging and filtering go."""
        return self.into or ("variables" if self.graphql else "query")

    @property
    def counts(self) -> Counting | None:
        """Which rows count; None where all do."""
        return (lambda row: holds(row, self.where)) if self.where else None

    @property
    def expired(self) -> Sequence[Telltale]:
        """Answers that mean that the position we asked for was forgotten."""
        return ()


class Detail(Call):
    """A call that answers with more of one row."""

    item: str = ""
    """Where the record stands in the answer; empty when it is the answer."""
    where: Mapping[str, Plain] = Field(default_factory=dict)
    """Of a list that stands there, the record is the first that holds this; nothing, if none."""
    column: str | None = None
    """The column that is to hold the record; it is laid over the row when left out."""
    optional: bool = False
    """Whether rows without a value for its path go without; otherwise they are dead letters."""


class Join(Listing):
    """A call for a list that belongs to one row; `{name}` stands for the row's columns."""
