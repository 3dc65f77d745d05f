"""An object's fields as describe tells them, and the paths over parents that a query may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Column, ObjectSchema
from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean

_COMPOUND = frozenset({"address", "location", "complexvalue"})
_LEFT_OUT = _COMPOUND | {"base64"}
_WHOLE = frozenset({"int", "long"})
_REAL = frozenset({"double", "currency", "percent"})
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class SalesforceField:
    """One field: its name and type in Salesforce's words, and what may be done with it."""

    name: str
    type: str
    nillable: bool
    createable: bool
    updateable: bool
    filterable: bool
    sortable: bool
    external_id: bool
    case_sensitive: bool
    refers_to: tuple[str, ...]
    relationship: str | None

    @property
    def is_text(self) -> bool:
        """Whether queries write its values in quotes."""
        return self.type not in _WHOLE | _REAL | {"boolean", "date", "datetime", "time"}

    @property
    def is_compound(self) -> bool:
        """Whether it has several values in one, as an address."""
        return self.type in _COMPOUND

    def from_csv(self, text: str) -> Any:
        """A cell of the Bulk API as the REST API's JSON has the value."""
        if text == "":
            return None
        if self.type == "boolean":
            return text == "true"
        if self.type in _WHOLE:
            return int(text) if text.lstrip("-").isdigit() else int(float(text))
        if self.type in _REAL:
            return float(text)
        if self.type == "datetime" and text.endswith("Z"):
            return f"{text[:-1]}+0000"
        return text


@dataclass(frozen=True, slots=True)
class Described:
    """One object. `fields` by their own names, in the order of describe."""

    name: str
    fields: Mapping[str, SalesforceField] = field(repr=False)

    def readable(self) -> tuple[str, ...]:
        """All fields that have one value: neither compound ones nor files."""
        return tuple(n for n, each in self.fields.items() if each.type not in _LEFT_OUT)

    def field(self, name: str) -> SalesforceField:
        """A field by its exact name; MisconfiguredError otherwise."""
        found = self.fields.get(name)
        if found is None:
            raise MisconfiguredError(
                f"salesforce: {self.name} has no field {name!r}{did_you_mean(name, self.fields)}, "
                "or the user may not see it"
            )
        return found

    def writable(self, name: str, *, creating: bool) -> SalesforceField:
        """A field that may be set; MisconfiguredError otherwise."""
        found = self.field(name)
        if not (found.createable if creating else found.updateable):
            raise MisconfiguredError(
                f"salesforce: {self.name}.{name} cannot be {'set' if creating else 'changed'} by "
                "this user; give the right in a permission set, or leave the field out"
            )
        return found

    def schema(self) -> ObjectSchema:
        """The object as `discover` shows it."""
        columns = (self.fields[name] for name in self.readable())
        return ObjectSchema(
            self.name, tuple(Column(c.name, c.type, c.nillable) for c in columns), ("Id",)
        )


def described(found: Mapping[str, Any]) -> Described:
    """Read an answer of describe."""
    return Described(
        str(found["name"]), {str(each["name"]): _field(each) for each in found["fields"]}
    )


def _field(found: Mapping[str, Any]) -> SalesforceField:
    return SalesforceField(
        name=str(found["name"]),
        type=str(found["type"]),
        nillable=bool(found.get("nillable", True)),
        createable=bool(found.get("createable")),
        updateable=bool(found.get("updateable")),
        filterable=bool(found.get("filterable", True)),
        sortable=bool(found.get("sortable", True)),
        external_id=bool(found.get("externalId") or found.get("idLookup")),
        case_sensitive=bool(found.get("caseSensitive")),
        refers_to=tuple(found.get("referenceTo") or ()),
        relationship=found.get("relationshipName"),
    )


def resolve(of: Described, path: str, describe: Callable[[str], Described]) -> SalesforceField:
    """The field at the end of a path such as ``Account.Owner.Name``.

    A reference to several objects (an owner is a user or a queue) is followed to the first one
    that has the rest. Raises MisconfiguredError naming what is not there.
    """
    first, dot, rest = path.partition(".")
    if not dot:
        return of.field(path)
    if path.count(".") > _DEEPEST:
        raise MisconfiguredError(f"salesforce: {path}: a query follows at most 5 relationships")
    reference = next((f for f in of.fields.values() if f.relationship == first), None)
    if reference is None:
        known = [f.relationship for f in of.fields.values() if f.relationship]
        raise MisconfiguredError(
            f"salesforce: {of.name} has no relationship {first!r}{did_you_mean(first, known)}"
        )
    parents = [describe(name) for name in reference.refers_to]
    having = next((p for p in parents if rest.partition(".")[0] in p.fields), parents[0])
    return resolve(having, rest, describe)
