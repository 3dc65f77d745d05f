"""A CRM on loopback that can be written to: by REST in three dialects, and by GraphQL."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from connectors.rest.pointers import merged
from tests.connectors.rest.conftest import Asked


class Crm:
    """People by id; a creation under a key that is taken is a conflict."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.made = 0
        self.lock = threading.Lock()
        self.ignores_filters = False

    def answer(self, asked: Asked) -> Any:
        with self.lock:
            return self.answered(asked)

    def answered(self, asked: Asked) -> Any:
        if asked.path[0] == "graphql":
            return self.graphql(asked.json["query"], asked.json["variables"])
        match asked.method, asked.path:
            case "GET", ("people",):
                return {"people": self.found(asked.params), "total": len(self.people)}
            case "POST", ("people",):
                return self.create(asked.json["person"])
            case "POST", ("people", "batch"):
                return 207, {}, {"results": [self.batched(each) for each in asked.json["rows"]]}
            case method, ("people", id_) if id_ in self.people:
                return self.one(method, id_, asked)
        return 404, {}, {}

    def found(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        start = int(params.get("offset", 0))
        held = list(self.people.values())
        for name, value in params.items():
            if name != "offset" and not self.ignores_filters:
                held = [each for each in held if each.get(name) == value]
        return held[start : start + 4]

    def create(self, person: dict[str, Any]) -> Any:
        if any(each.get("ref") == person.get("ref") for each in self.people.values()):
            return 409, {}, {"code": "TAKEN"}
        self.made += 1
        id_ = f"id/{self.made}"
        self.people[id_] = {**person, "id": id_, "rev": 1}
        return 201, {"Location": f"/people/id%2F{self.made}"}, {"person": self.people[id_]}

    def one(self, method: str, id_: str, asked: Asked) -> Any:
        if method == "DELETE":
            return 200, {}, self.people.pop(id_)
        if method == "GET":
            return {"person": self.people[id_]}
        told = asked.json["person"]
        if "bad" in str(told):
            return 422, {}, {"errors": {"familyName": [f"{told} is not allowed"]}}
        held = told if method == "PUT" else merged(self.people[id_], told)
        self.people[id_] = {**held, "id": id_, "rev": self.people[id_]["rev"] + 1}
        return {"person": self.people[id_]}

    def batched(self, row: dict[str, Any]) -> dict[str, Any]:
        person = row.get("person", {})
        if row["op"] == "create":
            status, _, body = self.create(person)
            return {"status": status, "ref": person["ref"], **body.get("person", body)}
        if row["id"] not in self.people:
            return {"status": 404, "id": row["id"]}
        if row["op"] == "delete":
            del self.people[row["id"]]
        else:
            self.people[row["id"]] = merged(self.people[row["id"]], person)
        return {"status": 200, "id": row["id"]}

    def graphql(self, query: str, variables: dict[str, Any]) -> Any:
        if "createPerson" in query:
            _, _, body = self.create(variables["input"])
            person = body.get("person") or {"errorCode": "TAKEN_ERROR", "message": "canary"}
            return {"data": {"createPerson": person}}
        if "updatePerson" in query:
            given = variables["input"]
            if given["id"] not in self.people:
                errors = [{"message": "canary", "extensions": {"code": "NOT_FOUND"}}]
                return {"errors": errors, "data": None}
            self.people[given["id"]] = merged(self.people[given["id"]], given)
            return {"data": {"updatePerson": self.people[given["id"]]}}
        if "deletePerson" in query:
            gone = self.people.pop(variables["id"], None)
            return {"data": {"deletePerson": {"result": "OK" if gone else "NOT_FOUND"}}}
        start = variables["options"]["skip"]
        ref = variables["options"].get("ref")
        held = [each for each in self.people.values() if ref in (None, each.get("ref"))]
        return {"data": {"people": {"items": held[start : start + 4], "total": len(held)}}}
