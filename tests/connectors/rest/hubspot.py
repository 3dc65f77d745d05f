"""HubSpot's CRM API v3 as its documentation tells it: contacts, search, batches, lists.

What it is honest about: 100 rows a batch; one invalid row refuses a batch; ids that are not there
come as errors of a 207; a search gives no more than `SEARCHED` rows; values are text.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.connectors.rest.conftest import Asked

TOKEN = "right"
SEARCHED = 12
_LOST = (404, {}, {"category": "OBJECT_NOT_FOUND"})
_START = datetime(2026, 1, 1, tzinfo=UTC)


class HubSpot:
    def __init__(self, unique: str = "email") -> None:
        self.contacts: dict[str, dict[str, Any]] = {}
        self.members: dict[str, list[str]] = {"7": []}
        self.unique = unique
        self.moment = 0
        self.searches = 0

    def answer(self, asked: Asked) -> Any:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {}, {"category": "INVALID_AUTHENTICATION", "message": "canary"}
        above = asked.path[:4]
        if asked.path == ("account-info", "v3", "details"):
            return {"portalId": 62515}
        if above[:3] == ("crm", "v3", "lists"):
            return self._list(asked, asked.path[3], asked.path[4:])
        if above == ("crm", "v3", "objects", "contacts"):
            return self._contacts(asked, asked.path[4:])
        return _LOST

    def _contacts(self, asked: Asked, below: tuple[str, ...]) -> Any:
        match asked.method, below:
            case "GET", ():
                archived = asked.params.get("archived") == "true"
                found = [each for each in self.contacts.values() if each["archived"] is archived]
                told = self._page(found, int(asked.params.get("limit", 10)), asked.params)
            case "POST", ("search",):
                told = self._search(asked.json)
            case "POST", ("batch", "upsert"):
                told = self._upsert(asked.json["inputs"])
            case "POST", ("batch", "update"):
                told = self._update(asked.json["inputs"])
            case "DELETE", (id_,):
                if self._is(id_):
                    self.contacts[id_] |= {"archived": True, "archivedAt": self._now()}
                told = 204, {}, ""
            case _:
                told = _LOST if not below or not self._is(below[0]) else self.contacts[below[0]]
        return told

    def write(self, id_: str, properties: dict[str, Any]) -> dict[str, Any]:
        held = self.contacts.setdefault(id_, {"id": id_, "properties": {}, "archived": False})
        now = self._now()
        held["properties"] |= {**properties, "lastmodifieddate": now}
        held["updatedAt"] = now
        held.setdefault("createdAt", now)
        return held

    def _now(self) -> str:
        self.moment += 1
        moment = _START + timedelta(milliseconds=250 * self.moment)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _is(self, id_: str) -> bool:
        return id_ in self.contacts and not self.contacts[id_]["archived"]

    def _page(self, found: list[dict[str, Any]], size: int, given: dict[str, Any]) -> Any:
        start = int(given.get("after") or 0)
        part = found[start : start + size]
        more = {"paging": {"next": {"after": str(start + size)}}} if found[start + size :] else {}
        return {"results": part, **more}

    def _search(self, body: dict[str, Any]) -> Any:
        self.searches += 1
        found = [each for each in self.contacts.values() if not each["archived"]]
        for group in body.get("filterGroups", []):
            for rule in group["filters"]:
                found = [each for each in found if self._holds(each, rule)]
        if body.get("sorts"):
            found.sort(key=lambda each: each["properties"][body["sorts"][0]["propertyName"]])
        if int(body.get("after") or 0) >= SEARCHED:
            return 400, {}, {"category": "VALIDATION_ERROR"}
        return {"total": len(found), **self._page(found, int(body.get("limit", 10)), body)}

    def _holds(self, contact: dict[str, Any], rule: dict[str, Any]) -> bool:
        held = contact["properties"].get(rule["propertyName"])
        if rule["operator"] == "GTE":
            since = datetime.fromtimestamp(int(rule["value"]) / 1000, UTC)
            return datetime.fromisoformat(held) >= since
        return bool(held == rule["value"])

    def _upsert(self, inputs: list[dict[str, Any]]) -> Any:
        if len(inputs) > 100 or any("bad" in str(each["properties"]) for each in inputs):
            return 400, {}, {"category": "VALIDATION_ERROR", "message": "canary"}
        results = []
        for each in inputs:
            assert each["idProperty"] == self.unique
            known = [
                id_
                for id_, held in self.contacts.items()
                if held["properties"].get(self.unique) == each["id"] and self._is(id_)
            ]
            id_ = known[0] if known else str(1000 + len(self.contacts))
            written = self.write(id_, {**each["properties"], self.unique: each["id"]})
            results.append({**written, "new": not known})
        return {"status": "COMPLETE", "results": results[::-1]}

    def _update(self, inputs: list[dict[str, Any]]) -> Any:
        if any("bad" in str(each["properties"]) for each in inputs):
            return 400, {}, {"category": "VALIDATION_ERROR", "message": "canary"}
        lost = [each["id"] for each in inputs if not self._is(each["id"])]
        done = [self.write(e["id"], e["properties"]) for e in inputs if e["id"] not in lost]
        error = {"status": "error", "category": "OBJECT_NOT_FOUND", "context": {"ids": lost}}
        told = {"errors": [error], "numErrors": len(lost)} if lost else {}
        return 207 if lost else 200, {}, {"status": "COMPLETE", "results": done, **told}

    def _list(self, asked: Asked, list_: str, rest: tuple[str, ...]) -> Any:
        members = self.members.get(list_)
        if members is None:
            return _LOST
        if asked.method == "GET":
            found = [{"recordId": id_, "membershipTimestamp": "x"} for id_ in members]
            return self._page(found, int(asked.params["limit"]), asked.params)
        for id_ in asked.json:
            if rest[-1] == "add" and id_ not in members:
                members.append(id_)
            elif rest[-1] == "remove" and id_ in members:
                members.remove(id_)
        return {"recordsIdsAdded": asked.json}
