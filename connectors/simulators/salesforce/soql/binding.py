"""The fields that a query names, found in an org: over parent relationships too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.simulators.salesforce.errors import ApiError, malformed
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.schema import Field, Record, SObject
from connectors.simulators.salesforce.soql.syntax import Order

Getter = Callable[[Record], Any]
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Parent:
    """A record on the way to a field of a parent: its object's name, and how to get it."""

    sobject: str
    get: Getter = field(repr=False)


@dataclass(frozen=True, slots=True)
class Column:
    """One selected field: its path in the fields' own spelling, and how to get its value."""

    path: tuple[str, ...]
    wanted: Field
    get: Getter = field(repr=False)
    parents: tuple[Parent, ...] = ()


class Binder:
    """Finds the fields that a query names, over parent relationships too."""

    def __init__(self, org: Org, sobject: SObject) -> None:
        self.org = org
        self.sobject = sobject

    def column(self, path: str) -> Column:
        """A field by its path, such as ``Account.Owner.Name``; INVALID_FIELD otherwise."""
        *parents, last = path.split(".")
        if len(parents) > _DEEPEST:
            raise malformed("A query may follow at most 5 parent relationships")
        sobject, spelled = self.sobject, list[str]()
        get: Getter = _itself
        passed: list[Parent] = []
        for name in parents:
            reference = self._reference(sobject, name)
            spelled.append(str(reference.relationship))
            sobject, get = self.org.sobject(reference.refers_to[0]), self._parent(get, reference)
            passed.append(Parent(sobject.name, get))
        wanted = sobject.field(last)
        return Column((*spelled, wanted.name), wanted, _value(get, wanted), tuple(passed))

    def filtered(self, path: str) -> Column:
        """A field that may stand in WHERE."""
        found = self.column(path)
        if not found.wanted.filterable or found.wanted.type == "address":
            raise ApiError(
                "INVALID_FIELD", f"field '{found.wanted.name}' can not be filtered in a query call"
            )
        return found

    def ordered(self, order: Order) -> tuple[Order, Getter, Field]:
        """A field that may stand in ORDER BY."""
        found = self.column(order.path)
        if not found.wanted.filterable or found.wanted.type == "address":
            raise ApiError(
                "INVALID_FIELD", f"field '{found.wanted.name}' can not be sorted in a query call"
            )
        return order, found.get, found.wanted

    def _reference(self, sobject: SObject, name: str) -> Field:
        for each in sobject.fields.values():
            if each.relationship is not None and each.relationship.lower() == name.lower():
                return each
        raise ApiError(
            "INVALID_FIELD",
            f"Didn't understand relationship '{name}' in field path. If you are attempting to use "
            "a custom relationship, be sure to append the '__r' after the custom relationship "
            "name.",
        )

    def _parent(self, get: Getter, reference: Field) -> Getter:
        records: Mapping[str, Record] = self.org.by_id(reference.refers_to[0])

        def parent(record: Record) -> Any:
            child = get(record)
            return records.get(child.get(reference.name)) if child is not None else None

        return parent


def _itself(record: Record) -> Any:
    return record


def _value(get: Getter, wanted: Field) -> Getter:
    name, compute = wanted.name, wanted.compute

    def value(record: Record) -> Any:
        holder = get(record)
        if holder is None:
            return None
        return compute(holder) if compute else holder.get(name)

    return value
