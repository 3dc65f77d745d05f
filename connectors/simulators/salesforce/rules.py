"""What an org's administrator set up against bad records: validation, duplicates, and locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from connectors.simulators.salesforce.errors import ApiError
from connectors.simulators.salesforce.schema import Record
from connectors.simulators.salesforce.table import Table


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """Refuses records of an object for which `broken` is true."""

    object: str
    broken: Callable[[Record], bool] = field(repr=False)
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """Refuses a record that another one equals in all of these fields, in any case."""

    object: str
    fields: tuple[str, ...]


@dataclass(slots=True)
class Rules:
    """All rules of an org. `locks`: how many more writes each record refuses, by its id."""

    validation: list[ValidationRule] = field(default_factory=list)
    duplicates: list[DuplicateRule] = field(default_factory=list)
    locks: dict[str, int] = field(default_factory=dict)

    def unlocked(self, record_id: str) -> None:
        """UNABLE_TO_LOCK_ROW while another transaction holds the record."""
        if self.locks.get(record_id, 0) > 0:
            self.locks[record_id] -= 1
            raise ApiError(
                "UNABLE_TO_LOCK_ROW",
                f"unable to obtain exclusive access to this record or 1 records: {record_id}",
            )

    def check(self, table: Table, record: Record, *, allow_duplicates: bool) -> None:
        """Refuse a record about to be written, in the API's words."""
        for wanted in table.sobject.fields.values():
            others = table.holders(wanted, record.get(wanted.name)) - {record.get("Id")}
            if wanted.unique and others:
                raise ApiError(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {wanted.name} duplicates value on record with id: "
                    f"{min(others)}",
                )
        for rule in self.validation:
            if rule.object == table.sobject.name and rule.broken(record):
                fields = (rule.field,) if rule.field else ()
                raise ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields=fields)
        if not allow_duplicates and any(self._twins(table, record)):
            raise ApiError("DUPLICATES_DETECTED", "Use one of these records?")

    def _twins(self, table: Table, record: Record) -> Iterator[bool]:
        for rule in self.duplicates:
            mine = _values(rule, record)
            if rule.object != table.sobject.name or not any(mine):
                continue
            for other in table.records.values():
                if other["Id"] != record.get("Id") and not other.get("IsDeleted"):
                    yield mine == _values(rule, other)


def _values(rule: DuplicateRule, record: Record) -> list[str]:
    return [str(record.get(name) or "").casefold() for name in rule.fields]
