"""The settings of SOAP writing: an operation for each action, and how accounts are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

from connectors.rest.calls import CONFIG, Tree
from connectors.rest.writes import Active, Find, Write, WriteCall
from connectors.soap.operations import Operation, SoapDetail


class SoapWriteCall(Operation):
    """An operation that writes one account.

    Its arguments may hold `{record}` and `{changes}`, the attributes, and `{key}` and `{id}`.
    """

    item: str = ""
    """Where the account stands in the answer; empty when it is the answer."""
    id: str | None = None
    """Where its id stands in the answer to a creation, where that is not the account's own."""

    def as_call(self) -> WriteCall:
        """Return it as what the writers of other systems know."""
        return WriteCall(path=self.operation, body=dict(self.arguments), item=self.item, id=self.id)


class SoapFind(BaseModel):
    """How accounts are asked for by one attribute; `{value}` stands for its value."""

    model_config = CONFIG

    arguments: Mapping[str, Tree] = Field(min_length=1)
    """What is added to the arguments of the operation that lists the object."""


class SoapWrite(BaseModel):
    """How the accounts of an object are written."""

    model_config = CONFIG

    id: str = "id"
    """Where the system's own id stands in a record."""
    key: str | None = None
    """Where our key stands in a record, `externalId` of push files; none when it cannot hold it."""
    version: str | None = None
    """Where a record's version stands, `{version}` in arguments."""
    create: SoapWriteCall | None = None
    """Creates an account."""
    update: SoapWriteCall | None = None
    """Updates an account; with `{record}` it is given the whole of it, which `get` reads."""
    upsert: SoapWriteCall | None = None
    """Creates or updates an account by our key, where there is no `create` or `update`."""
    delete: SoapWriteCall | None = None
    """Deletes an account."""
    deactivate: SoapWriteCall | None = None
    """Deactivates an account, where no attribute says whether it is active."""
    active: Active | None = None
    """The attribute that says whether an account is active, `active` in push files."""
    get: SoapDetail | None = None
    """Reads one account by `{id}`."""
    find: Mapping[str, SoapFind] = Field(default_factory=dict)
    """How accounts are asked for, by attribute; by any other all are read."""
    empty: Mapping[str, Any] = Field(default_factory=dict)
    """What is written to clear an attribute, by its name or `*`; `xsi:nil` when left out."""

    @model_validator(mode="after")
    def _can_do_what_it_says(self) -> Self:
        self.as_write()
        return self

    def as_write(self) -> Write:
        """Return it as what the writers of other systems know: an operation is a path.

        Raises ValueError when it cannot do what it says.
        """
        get = self.get.as_detail() if self.get else None
        calls = {
            name: call.as_call()
            for name in ("create", "update", "upsert", "delete", "deactivate")
            if (call := getattr(self, name)) is not None
        }
        return Write(
            id=self.id,
            key=self.key,
            version=self.version,
            active=self.active,
            get=get,
            find={name: Find(given=dict(each.arguments)) for name, each in self.find.items()},
            empty=dict(self.empty),
            **calls,
        )

    def operations(self) -> tuple[str, ...]:
        """The operations that it needs."""
        calls = (self.create, self.update, self.upsert, self.delete, self.deactivate, self.get)
        return tuple(call.operation for call in calls if call)
