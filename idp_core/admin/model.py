"""An operation of the API is data: from one list come routes, checks and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from idp_core.http.answer import HttpError
from idp_core.site.site import Site


class Shape(BaseModel):
    """What goes in or out: no unknown keys, and no value of it in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Nothing(Shape):
    """No parameters, or no body."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the name in the audit log, and what they may do now."""

    actor: str
    scopes: frozenset[str]

    def require(self, needed: frozenset[str], what: str) -> None:
        """Raise HttpError (403) unless the caller may do all of this: nobody lends more rights."""
        if not needed <= self.scopes:
            raise HttpError(403, "forbidden", f"{what} may do more than you may")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that may be made: its transaction, what was sent (checked), and who sent it."""

    conn: sa.Connection
    site: Site
    caller: Caller
    id: str
    query: Any = field(repr=False)
    body: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `{part}` in the path is the id of what it is about."""

    method: str
    path: str
    name: str
    says: str
    scope: str
    run: Callable[[Call], BaseModel | None]
    gives: type[BaseModel] | None = None
    query: type[BaseModel] = Nothing
    body: type[BaseModel] | None = None
    finds: bool = False
    """Whether it answers 404 when there is nothing of this id."""
    writes: bool = True


Words = Annotated[
    str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class Paged(Shape):
    """Which part of a list."""

    after: Annotated[str, Field(max_length=200)] = ""
    """The `next` of the answer before; without it the list begins."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """How many at most."""


def not_found(what: str) -> HttpError:
    """Return the answer to an id of nothing."""
    return HttpError(404, "not_found", f"there is no such {what}")
