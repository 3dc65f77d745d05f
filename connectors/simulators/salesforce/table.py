"""The records of one object, and where those with an external id stand."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

from connectors.simulators.salesforce.schema import Field, Record, SObject

Index = dict[str, dict[Any, set[str]]]
"""Of each unique or external id field: its value to the ids of the live records with it."""


@dataclass(slots=True)
class Table:
    """Records by id. They are replaced and never changed, so a held one shows a moment."""

    sobject: SObject
    records: dict[str, Record] = field(default_factory=dict)
    index: Index = field(default_factory=dict)

    def put(self, record: Record) -> None:
        """Take a new or changed record in."""
        record_id = str(record["Id"])
        before = self.records.get(record_id)
        for wanted in self.sobject.fields.values():
            if not (wanted.unique or wanted.external_id):
                continue
            index = self.index.setdefault(wanted.name, {})
            if before is not None:
                index.get(folded(wanted, before.get(wanted.name)), set()).discard(record_id)
            if record.get(wanted.name) is not None and not record.get("IsDeleted"):
                index.setdefault(folded(wanted, record[wanted.name]), set()).add(record_id)
        self.records[record_id] = record

    def holders(self, wanted: Field, value: Any) -> Set[str]:
        """The ids of the live records with this value of a unique or external id field."""
        return self.index.get(wanted.name, {}).get(folded(wanted, value), frozenset())

    def copy(self) -> Table:
        """The table as it is now."""
        index = {
            name: {key: set(ids) for key, ids in each.items()} for name, each in self.index.items()
        }
        return Table(self.sobject, dict(self.records), index)


def folded(wanted: Field, value: Any) -> Any:
    """A value as uniqueness compares it: text without its case, unless the field minds it."""
    return value.casefold() if isinstance(value, str) and not wanted.case_sensitive else value
