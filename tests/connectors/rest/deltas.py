"""An API that ends a list with a delta link, in the words of OData 4.01 or 4.0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tests.connectors.rest.conftest import Asked


class DeltaApi:
    """Records by their `id` and a log of their changes; a link names a place in the log.

    `size` many entries come in an answer. With `new` (4.01) an entry of a deleted record has
    ``@removed``; without, a context that says so and the record's address (4.0).
    """

    def __init__(self, records: list[dict[str, Any]] | tuple[()] = (), *, new: bool = True) -> None:
        self.rows = {row["id"]: dict(row) for row in records}
        self.log: list[str] = []
        self.new, self.size, self.forgotten = new, 4, 0
        self.url = ""
        self.expiry: Any = (410, {}, {"error": {"code": "resyncRequired", "message": "canary"}})

    def put(self, row: Mapping[str, Any]) -> None:
        self.rows[row["id"]] = dict(row)
        self.log.append(row["id"])

    def remove(self, key: str) -> None:
        del self.rows[key]
        self.log.append(key)

    def answer(self, asked: Asked) -> Any:
        token, skip = asked.params.get("$deltatoken"), asked.params.get("$skiptoken")
        if skip is not None:
            begin, end, start = (int(part) for part in skip.split("_"))
        else:
            begin, end, start = int(token or -1), len(self.log), 0
        if -1 < begin < self.forgotten:
            return self.expiry
        ids = list(self.rows) if begin < 0 else list(dict.fromkeys(self.log[begin:end]))
        found = [self._entry(each) for each in ids[start : start + self.size]]
        address = f"{self.url}/{asked.path[0]}?$select=x"
        if start + self.size < len(ids):
            following = f"{address}&$skiptoken={begin}_{end}_{start + self.size}"
            return {"value": found, "@odata.nextLink": following}
        return {"value": found, "@odata.deltaLink": f"{address}&$deltatoken={end}"}

    def _entry(self, key: str) -> dict[str, Any]:
        if key in self.rows:
            return self.rows[key]
        if self.new:
            return {"id": key, "@removed": {"reason": "deleted"}}
        doubled = key.replace("'", "''")
        return {"@odata.context": f"{self.url}/$metadata#people/$deletedEntity",
                "id": f"{self.url}/people('{quote(doubled)}')", "reason": "deleted"}  # fmt: skip
