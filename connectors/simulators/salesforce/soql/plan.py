"""A query bound to an org: its fields checked, its condition a function, its records in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.simulators.salesforce.errors import ApiError, malformed
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.schema import Field, Record, SObject
from connectors.simulators.salesforce.soql.binding import Binder, Column, Getter
from connectors.simulators.salesforce.soql.conditions import Test, compile_condition, ranked
from connectors.simulators.salesforce.soql.syntax import Order, Select


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked query. `columns` is empty for COUNT()."""

    org: Org
    sobject: SObject
    select: Select
    columns: tuple[Column, ...]
    test: Test = field(repr=False)
    order: tuple[tuple[Order, Getter, Field], ...] = field(repr=False)

    def records(self, *, deleted: bool = False) -> list[Record]:
        """The records that fit, in order; with `deleted`, those that were deleted too."""
        found = [
            record
            for record in self.org.records(self.sobject.name)
            if (deleted or not record.get("IsDeleted")) and self.test(record)
        ]
        for order, get, wanted in reversed(self.order):
            found.sort(key=_key(order, get, wanted), reverse=order.descending)
        start = self.select.offset or 0
        end = None if self.select.limit is None else start + self.select.limit
        return found[start:end]


def plan(org: Org, select: Select) -> Plan:
    """Check a query against an org; ApiError in the API's words."""
    binder = Binder(org, _sobject(org, select.object))
    if (select.offset or 0) > 2000:
        raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
    if select.count and select.order:
        raise malformed("Ordered field must be aggregated: COUNT() takes no ORDER BY")
    columns = tuple(binder.column(path) for path in _paths(select, binder.sobject))
    if len({column.path for column in columns}) < len(columns):
        raise malformed("duplicate field selected")
    return Plan(
        org=org,
        sobject=binder.sobject,
        select=select,
        columns=columns,
        test=compile_condition(select.where, binder) if select.where else lambda _: True,
        order=tuple(binder.ordered(each) for each in select.order),
    )


def _sobject(org: Org, name: str) -> SObject:
    try:
        return org.sobject(name)
    except ApiError:
        raise ApiError(
            "INVALID_TYPE",
            f"sObject type '{name}' is not supported. If you are attempting to use a custom "
            "object, be sure to append the '__c' after the entity name. Please reference your "
            "WSDL or the describe call for the appropriate names.",
        ) from None


def _paths(select: Select, sobject: SObject) -> Iterator[str]:
    if select.every is None:
        yield from select.paths
        return
    for each in sobject.fields.values():
        custom = each.name.endswith("__c")
        if select.every == "ALL" or custom == (select.every == "CUSTOM"):
            yield each.name


def _key(order: Order, get: Getter, wanted: Field) -> Callable[[Record], tuple[int, Any]]:
    """What to sort by; empty values come first, also in descending order, unless told otherwise."""
    empty = 2 if order.nulls_last != order.descending else 0

    def key(record: Record) -> tuple[int, Any]:
        value = get(record)
        return (empty, 0) if value is None else (1, ranked(wanted, value))

    return key
