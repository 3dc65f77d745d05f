"""An org: its objects, its records, and the rules that a write meets.

Records are replaced and never changed, so whoever holds one (a query's pages, say) sees a moment.
A deleted record stays with ``IsDeleted``. What `file` names keeps records from one start to the
next; without it they live as long as the org.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.simulators.salesforce.errors import ApiError, not_found
from connectors.simulators.salesforce.ids import make_id, normal
from connectors.simulators.salesforce.keeping import Keeper
from connectors.simulators.salesforce.rules import Rules
from connectors.simulators.salesforce.schema import Field, Record, SObject
from connectors.simulators.salesforce.standard import STANDARD
from connectors.simulators.salesforce.table import Table
from connectors.simulators.salesforce.values import accept


def _now() -> datetime:
    return datetime.now(UTC)


class Org:
    """The data of one org. Callers hold no lock: whoever serves it lets one in at a time."""

    def __init__(
        self,
        objects: Iterable[SObject] = (),
        *,
        file: Path | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """Make an org of the standard objects and these; one of the same name replaces ours."""
        self.clock = clock
        self.rules = Rules()
        every = {each.name: each for each in (*STANDARD, *objects)}
        self._tables = {name.lower(): Table(each) for name, each in every.items()}
        self._keeper = Keeper(file)
        self._made = 0
        self._load()
        if not self.records("Organization"):
            self._begin()
        self.id: str = next(iter(self.records("Organization")))["Id"]
        self.user_id: str = next(iter(self.records("User")))["Id"]

    def close(self) -> None:
        """Close the file."""
        self._keeper.close()

    def commit(self) -> None:
        """Keep what was written."""
        self._keeper.commit()

    @property
    def objects(self) -> tuple[SObject, ...]:
        """All object types by name."""
        return tuple(t.sobject for t in sorted(self._tables.values(), key=lambda t: t.sobject.name))

    def sobject(self, name: str) -> SObject:
        """An object type by its name in any case; NOT_FOUND otherwise."""
        return self._table(name).sobject

    def records(self, name: str) -> Iterable[Record]:
        """Every record of an object, deleted ones too, by id."""
        return self._table(name).records.values()

    def by_id(self, name: str) -> Mapping[str, Record]:
        """Every record of an object by its id; changes with the org."""
        return self._table(name).records

    def get(self, name: str, record_id: object) -> Record:
        """A live record; NOT_FOUND or ENTITY_IS_DELETED otherwise."""
        found = self._table(name).records.get(normal(record_id) or "")
        if found is None:
            raise not_found()
        if found.get("IsDeleted"):
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return found

    def by_external_id(self, name: str, field_name: str, value: object) -> Record | None:
        """The live record with this external id."""
        table = self._table(name)
        wanted = table.sobject.external_id(field_name)
        if wanted.type == "id":
            return self.get(name, value)
        found = table.holders(wanted, accept(wanted, value))
        if len(found) > 1:
            raise ApiError(
                "DUPLICATE_EXTERNAL_ID",
                f"more than one record found for external id field: [{', '.join(sorted(found))}]",
                status=300,
            )
        return next((table.records[each] for each in found), None)

    def seed(self, name: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Put records behind the API's back, audit fields and all; return their ids.

        No rule is asked and nothing is stamped that a row gives: ``SystemModstamp`` may be old,
        ``IsDeleted`` true.
        """
        table = self._table(name)
        ids = []
        for row in rows:
            given = {table.sobject.field(k).name: v for k, v in row.items()}
            values = {k: accept(table.sobject.fields[k.lower()], v) for k, v in given.items()}
            before = table.records.get(values.get("Id") or "", {})
            record = self._stamped(table, values.get("Id"), {**before, **values}) | values
            record.setdefault("Id", self._next_id(table.sobject))
            self._put(table, record)
            ids.append(str(record["Id"]))
        self.commit()
        return ids

    def create(
        self, name: str, values: Mapping[str, Any], *, allow_duplicates: bool = False
    ) -> str:
        """Insert a record; ApiError when a rule refuses it."""
        table = self._table(name)
        given = self._given(table, values)
        missing = [
            f.name for f in table.sobject.fields.values() if f.required and not given.get(f.name)
        ]
        if missing:
            raise ApiError(
                "REQUIRED_FIELD_MISSING",
                f"Required fields are missing: [{', '.join(missing)}]",
                fields=tuple(missing),
            )
        record = self._stamped(table, None, given)
        self.rules.check(table, record, allow_duplicates=allow_duplicates)
        record["Id"] = self._next_id(table.sobject)
        self._put(table, record)
        return str(record["Id"])

    def update(
        self,
        name: str,
        record_id: object,
        values: Mapping[str, Any],
        *,
        allow_duplicates: bool = False,
    ) -> None:
        """Change the named fields of a record."""
        table = self._table(name)
        before = self._held(table, record_id)
        given = self._given(table, values)
        emptied = [k for k, v in given.items() if v is None and table.sobject.field(k).required]
        if emptied:
            raise ApiError(
                "REQUIRED_FIELD_MISSING",
                f"Required fields are missing: [{', '.join(emptied)}]",
                fields=tuple(emptied),
            )
        record = self._stamped(table, str(before["Id"]), {**before, **given})
        self.rules.check(table, record, allow_duplicates=allow_duplicates)
        self._put(table, record)

    def delete(self, name: str, record_id: object) -> None:
        """Mark a record as deleted; its values stay for queryAll."""
        table = self._table(name)
        before = self._held(table, record_id)
        self._put(table, self._stamped(table, str(before["Id"]), {**before, "IsDeleted": True}))

    def upsert(
        self,
        name: str,
        field_name: str,
        value: object,
        values: Mapping[str, Any],
        *,
        allow_duplicates: bool = False,
    ) -> tuple[str, bool]:
        """Update the record of this external id, or insert one; its id, and whether it is new."""
        wanted = self.sobject(name).external_id(field_name)
        given = {k: v for k, v in values.items() if k.lower() not in {wanted.name.lower(), "id"}}
        if wanted.type == "id" and value is None:
            return self.create(name, given, allow_duplicates=allow_duplicates), True
        if accept(wanted, value) is None:
            raise ApiError(
                "MISSING_ARGUMENT", f"{wanted.name} not specified", fields=(wanted.name,)
            )
        found = self.by_external_id(name, wanted.name, value)
        if found is None:
            whole = {**given, wanted.name: value}
            return self.create(name, whole, allow_duplicates=allow_duplicates), True
        self.update(name, found["Id"], given, allow_duplicates=allow_duplicates)
        return str(found["Id"]), False

    def snapshot(self) -> Mapping[str, Table]:
        """All records as they are now, for `restore`."""
        return {name: table.copy() for name, table in self._tables.items()}

    def restore(self, before: Mapping[str, Table]) -> None:
        """Undo what was written since, for as long as it is not committed."""
        self._tables = dict(before)
        self._keeper.undo()

    def _table(self, name: str) -> Table:
        found = self._tables.get(name.lower())
        if found is None:
            raise not_found()
        return found

    def _held(self, table: Table, record_id: object) -> Record:
        """A record about to be written, unless another transaction holds it."""
        wanted = normal(record_id)
        if wanted is None:
            raise ApiError("MALFORMED_ID", f"malformed id {record_id}", fields=("Id",))
        found = table.records.get(wanted)
        if found is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if found.get("IsDeleted"):
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        self.rules.unlocked(wanted)
        return found

    def _given(self, table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
        """What a caller writes, under the fields' own names."""
        found = {}
        for name, value in values.items():
            wanted = table.sobject.field(name)
            if not wanted.writable:
                raise ApiError(
                    "INVALID_FIELD_FOR_INSERT_UPDATE",
                    f"Unable to create/update fields: {wanted.name}. Please check the security "
                    "settings of this field and verify that it is read/write for your profile or "
                    "permission set.",
                    fields=(wanted.name,),
                )
            found[wanted.name] = accept(wanted, value)
            self._check_reference(wanted, found[wanted.name])
        return found

    def _check_reference(self, wanted: Field, value: Any) -> None:
        if wanted.type != "reference" or value is None:
            return
        if not any(value in self._table(name).records for name in wanted.refers_to):
            raise ApiError(
                "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=(wanted.name,)
            )

    def _stamped(
        self, table: Table, record_id: str | None, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A record with what the server sets: defaults, who and when."""
        now = self.clock().astimezone(UTC).replace(microsecond=0)
        who = getattr(self, "user_id", None)
        stamps = {"LastModifiedDate": now, "SystemModstamp": now, "LastModifiedById": who}
        if record_id is not None:
            return {**values, "Id": record_id, **stamps}
        defaults = {
            each.name: False if each.type == "boolean" and each.default is None else each.default
            for each in table.sobject.fields.values()
            if each.default is not None or each.type == "boolean"
        }
        if "ownerid" in table.sobject.fields:
            defaults["OwnerId"] = who
        given = {k: v for k, v in values.items() if v is not None}
        return {**defaults, **given, "CreatedDate": now, "CreatedById": who, **stamps}

    def _next_id(self, sobject: SObject) -> str:
        self._made += 1
        return make_id(sobject.prefix, self._made)

    def _put(self, table: Table, record: Record) -> None:
        table.put(record)
        self._keeper.keep(table.sobject.name, record, self._made)

    def _load(self) -> None:
        self._made = self._keeper.made()
        for name, row in self._keeper.rows():
            table = self._table(name)
            fields = table.sobject.fields
            known = {k: v for k, v in row.items() if k.lower() in fields}
            table.put({k: accept(fields[k.lower()], v) for k, v in known.items()})

    def _begin(self) -> None:
        """The rows that every org has: itself and its first user."""
        (self.user_id,) = self.seed(
            "User",
            [
                {
                    "Username": "integration@isthmus.example",
                    "FirstName": "Integration",
                    "LastName": "User",
                    "Email": "integration@isthmus.example",
                }
            ],
        )
        self.seed(
            "Organization",
            [
                {
                    "Name": "Simulated org",
                    "OrganizationType": "Developer Edition",
                    "InstanceName": "SIM1",
                }
            ],
        )
