"""The rows of an answer, in whatever shape an API gives them."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import MisconfiguredError
from connectors.rest.lists import Listing
from connectors.rest.pagination import RelayPages
from connectors.rest.pointers import MISSING, every, get
from connectors.rest.rules import row_errors
from connectors.rest.sending import Reply

_NAME = re.compile(r"[@$]?[A-Za-z_]+([.-][A-Za-z_]+)*")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one answer, and what the API says is wrong with some, by their number."""

    rows: list[dict[str, Any]] = field(repr=False)
    rejected: Mapping[int, str] = field(default_factory=dict)

    def without(self, known: Container[int]) -> Rows:
        """Return the rows but those of these numbers."""
        if not known:
            return self
        left = [n for n in range(len(self.rows)) if n not in known]
        rejected = {at: self.rejected[n] for at, n in enumerate(left) if n in self.rejected}
        return Rows([self.rows[n] for n in left], rejected)


def rows_of(reply: Reply, wanted: Listing) -> Rows:
    """Return the rows; MisconfiguredError names what stands there when there is no list."""
    held = _of_all(reply, wanted) if "*" in wanted.items else get(reply.root, wanted.items, MISSING)
    if wanted.absent == "empty" and held in (MISSING, None):
        return Rows([])
    if wanted.single and isinstance(held, Mapping):
        held = [held]
    if isinstance(wanted.pagination, RelayPages):
        held = _of_connection(held)
    if wanted.keyed_as and isinstance(held, Mapping):
        held = [_keyed(wanted.keyed_as, key, value) for key, value in held.items()]
    if not isinstance(held, list):
        raise _no_list(reply, wanted)
    errors = row_errors(reply.body, wanted.items) if wanted.graphql else {}
    if not (errors or wanted.item or wanted.scalars_as) and all(
        type(each) is dict for each in held
    ):
        return Rows(held)
    rows = [_row(each, number in errors, reply, wanted) for number, each in enumerate(held)]
    return Rows(rows, errors)


def _of_all(reply: Reply, wanted: Listing) -> Any:
    """The rows of several lists as one; nothing where there is not even what holds them."""
    before = wanted.items.partition("*")[0].removesuffix(".")
    lists = list(every(reply.root, wanted.items))
    if get(reply.root, before, MISSING) is MISSING or not all(isinstance(x, list) for x in lists):
        return MISSING
    return [each for found in lists for each in found]


def _of_connection(held: Any) -> Any:
    if isinstance(held, Mapping) and isinstance(held.get("edges"), list):
        return [edge.get("node") if isinstance(edge, Mapping) else None for edge in held["edges"]]
    return held.get("nodes") if isinstance(held, Mapping) else held


def _keyed(column: str, key: str, value: Any) -> dict[str, Any]:
    return {**value, column: key} if isinstance(value, Mapping) else {column: key, "value": value}


def _row(value: Any, broken: bool, reply: Reply, wanted: Listing) -> dict[str, Any]:  # noqa: FBT001 (one caller)
    if wanted.scalars_as and isinstance(value, str | int | float):
        return {wanted.scalars_as: value}
    row = get(value, wanted.item)
    if isinstance(row, dict):
        return row
    if broken:  # GraphQL leaves null where it could not make a row
        return {}
    mend = "set scalars_as" if isinstance(value, str | int | float) else "set item"
    raise MisconfiguredError(
        f"{reply.answer.call}: rows are not JSON objects; {mend}, or ask for objects by params"
    )


def _no_list(reply: Reply, wanted: Listing) -> MisconfiguredError:
    return MisconfiguredError(
        f"{reply.answer.call}: no list of rows at {wanted.items or 'the top'!r}, set items; "
        f"there is {_there(reply.root)}"
    )


def _there(root: Any) -> str:
    """What an answer holds instead; names that may be keys of records are not repeated."""
    if not isinstance(root, dict):
        return f"a {type(root).__name__}"
    names = sorted(name for name in root if _NAME.fullmatch(name))
    return ", ".join(names[:12]) if len(names) == len(root) <= 12 else f"{len(root)} names"
