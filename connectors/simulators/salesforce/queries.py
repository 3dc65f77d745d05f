"""The query resources: pages of a query, and the locators that lead to the next one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.simulators.salesforce.errors import ApiError
from connectors.simulators.salesforce.ids import make_id
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.schema import Record
from connectors.simulators.salesforce.soql import Plan, parse, plan
from connectors.simulators.salesforce.soql.binding import Column
from connectors.simulators.salesforce.values import show

PAGE = 2000
_OPEN = 50
"""How many unfinished queries are kept."""


@dataclass(slots=True)
class Queries:
    """The queries of an org that are not read to their end."""

    org: Org
    open: dict[str, tuple[Plan, Sequence[Record]]] = field(default_factory=dict)
    made: int = 0

    def plan(self, text: str) -> Plan:
        """The query checked against the org."""
        return plan(self.org, parse(text, self.org.clock().date()))

    def first(self, text: str, version: str, options: str, *, deleted: bool) -> dict[str, Any]:
        """The first page; `options` is the header ``Sforce-Query-Options``."""
        checked = self.plan(text)
        found = checked.records(deleted=deleted)
        if checked.select.count:
            return {"totalSize": len(found), "done": True, "records": []}
        size = _batch_size(options)
        locator = ""
        if len(found) > size:
            self.made += 1
            locator = make_id("0r8", self.made)
            self.open[locator] = (checked, found)
            for old in list(self.open)[:-_OPEN]:
                del self.open[old]
        return _page(checked, found, 0, size, locator, version)

    def more(self, name: str, version: str, options: str) -> dict[str, Any]:
        """A later page: `name` is ``LOCATOR-START``."""
        locator, _, start = name.rpartition("-")
        if locator not in self.open or not start.isdigit():
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        checked, found = self.open[locator]
        page = _page(checked, found, int(start), _batch_size(options), locator, version)
        if page["done"]:
            del self.open[locator]
        return page


def _batch_size(options: str) -> int:
    found = re.search(r"batchSize=(\d+)", options)
    return max(200, min(PAGE, int(found[1]))) if found else PAGE


def _page(
    checked: Plan, found: Sequence[Record], start: int, size: int, locator: str, version: str
) -> dict[str, Any]:
    end = start + size
    page: dict[str, Any] = {
        "totalSize": len(found),
        "done": end >= len(found),
        "records": [as_json(checked, record, version) for record in found[start:end]],
    }
    if not page["done"]:
        page["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{end}"
    return page


def as_json(checked: Plan, record: Record, version: str) -> dict[str, Any]:
    """A record with the selected fields; those of parents stand in objects of their own."""
    name = checked.sobject.name
    found: dict[str, Any] = {"attributes": attributes(name, str(record["Id"]), version)}
    for column in checked.columns:
        _place(found, column, record, version)
    return found


def attributes(name: str, record_id: str, version: str) -> dict[str, str]:
    """The type and address of a record."""
    url = f"/services/data/v{version}/sobjects/{name}/{record_id}"
    return {"type": name, "url": url}


def _place(found: dict[str, Any], column: Column, record: Record, version: str) -> None:
    holder = found
    for depth, name in enumerate(column.path[:-1]):
        parent = column.parents[depth]
        there = parent.get(record)
        if there is None:
            holder.setdefault(name, None)
            return
        url = attributes(parent.sobject, str(there["Id"]), version)
        holder = holder.setdefault(name, {"attributes": url})
    holder[column.path[-1]] = show(column.get(record))
