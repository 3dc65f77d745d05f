"""The settings of calls that answer with rows, or with more of one row."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt

from connectors.rest.calls import Call
from connectors.rest.pagination import OnePage, Pagination


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
    single: bool = False
    """Whether the answer holds one record there instead of a list."""
    absent: Literal["error", "empty"] = "error"
    """What an answer without `items` is: an error, or an empty page."""
    pagination: Pagination = OnePage()
    """How the pages are asked for."""
    into: Literal["query", "body", "variables", "headers"] | None = None
    """Where paging and `cursor` parameters go; variables for GraphQL, else the query."""
    partial: Literal["refuse", "accept"] = "refuse"
    """What becomes of rows beside GraphQL errors that belong to no single row."""
    max_pages: PositiveInt = 100_000
    """More pages than this are taken for an endless loop."""

    @property
    def place(self) -> Literal["query", "body", "variables", "headers"]:
        """Where parameters of paging and filtering go."""
        return self.into or ("variables" if self.graphql else "query")


class Detail(Call):
    """A call that answers with more of one row."""

    item: str = ""
    """Where the record stands in the answer; empty when it is the answer."""


class Join(Listing):
    """A call for a list that belongs to one row; `{name}` stands for the row's columns."""
