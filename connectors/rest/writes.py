"""The settings of writing: a call for each action, where ids stand, how accounts are found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, Field, PositiveInt, model_validator

from connectors.rest.calls import CONFIG, Call, Tree
from connectors.rest.lists import Detail, Listing, Plain
from connectors.rest.rules import ErrorRule
from connectors.rest.template import Values

EVERY = "*"
"""The name in `empty` that stands for every attribute."""


class WriteCall(Call):
    """A call that writes one account."""

    item: str = ""
    """Where the account stands in the answer; empty when it is the answer."""
    id: str | None = None
    """Where its id stands in the answer to a creation, where that is not the account's own."""

    def about_one(self, values: Values) -> bool:  # noqa: ARG002
        """Always so."""
        return True


class Active(BaseModel):
    """How the system says whether an account is active."""

    model_config = CONFIG

    field: str
    """The attribute that says so."""
    active: str | int | bool = True
    """What it says of an active account."""
    inactive: str | int | bool | None = False
    """What it says of a deactivated one."""


class Find(BaseModel):
    """How accounts are asked for by one attribute; `{value}` stands for its value."""

    model_config = CONFIG

    given: Mapping[str, Tree] = Field(default_factory=dict)
    """What is added to the call that lists the object: parameters, or variables of GraphQL."""
    call: Listing | None = None
    """Another call that lists them."""
    whole: bool = True
    """Whether hits are whole accounts; otherwise each is read by `get`."""


class Bulk(Call):
    """A call that writes several accounts; `{rows}` stands for them."""

    size: PositiveInt = 100
    """How many go into one call at most."""
    row: Tree = "{record}"
    """What `{rows}` has of each account."""
    items: str | tuple[str, ...] = ""
    """Where the outcomes stand in the answer; several places where it sorts them."""
    by: str | tuple[str, ...] | None = None
    """Where our key or the id stands in an outcome, or several places; in the order of the rows
    when left out."""
    id: str | None = "id"
    """Where the account's id stands in an outcome."""
    status: str | None = None
    """Where an HTTP status stands in an outcome."""
    error: str | None = None
    """What stands in the outcome of a failed row alone: anything there that is not empty."""
    errors: tuple[ErrorRule, ...] = ()
    """What outcomes mean; places begin at the outcome. The first rule that holds counts."""
    split: bool = False
    """One bad row makes the system refuse them all: send halves, until it stands alone."""

    def about_one(self, values: Values) -> bool:
        """Only where it is one row."""
        return len(values["rows"]) == 1


class BulkCalls(BaseModel):
    """Calls that write several accounts at once."""

    model_config = CONFIG

    create: Bulk | None = None
    """Creates accounts."""
    update: Bulk | None = None
    """Updates accounts."""
    delete: Bulk | None = None
    """Deletes accounts."""


class Write(BaseModel):
    """How the accounts of an object are written."""

    model_config = CONFIG

    id: str = "id"
    """Where the system's own id stands in a record."""
    key: str | None = None
    """Where our key stands in a record, `externalId` of push files; none when it cannot hold it."""
    version: str | None = None
    """Where a record's version stands, `{version}` in calls."""
    create: WriteCall | None = None
    """Creates an account; sends `{record}` if it says nothing else."""
    update: WriteCall | None = None
    """Updates an account; sends `{changes}` if it says nothing else, `{record}` for the whole."""
    upsert: WriteCall | None = None
    """Creates or updates an account by our key, where there is no `create` or `update`."""
    delete: WriteCall | None = None
    """Deletes an account."""
    deactivate: WriteCall | None = None
    """Deactivates an account, where no attribute says whether it is active."""
    gone: Mapping[str, Plain] = Field(default_factory=dict)
    """What a deleted account holds, where it stays in the list; such an account is not there."""
    active: Active | None = None
    """The attribute that says whether an account is active, `active` in push files."""
    get: Detail | None = None
    """Reads one account by `{id}`; needed to send the whole record in an update."""
    find: Mapping[str, Find] = Field(default_factory=dict)
    """How accounts are asked for, by attribute; by any other all are read."""
    empty: Mapping[str, Any] = Field(default_factory=dict)
    """What is written to clear an attribute, by its name or `*`; null when left out."""
    bulk: BulkCalls = BulkCalls()
    """Calls that write several accounts at once."""
    concurrency: PositiveInt = 1
    """How many calls are under way at once."""

    @model_validator(mode="after")
    def _can_do_what_it_says(self) -> Self:
        update = self.update or self.upsert
        if update and self.get is None and "record" in update.placeholders():
            raise ValueError("an update that sends {record} needs get: the rest of it is read")
        if self.upsert and not self.key:
            raise ValueError("upsert needs key: where our key stands in a record")
        if self.get is None and not all(each.whole for each in self.find.values()):
            raise ValueError("a hit that is not whole needs get: it is read anew")
        if not (self.create or self.update or self.upsert or self.bulk.create):
            raise ValueError("set create, update or upsert: nothing could be written")
        return self
