"""Mailchimp's Marketing API 3.0 as its documentation tells it: members, tags as segments, batches.

What it is honest about: members are named by the MD5 of their address in small letters; an archived
member is not there; who unsubscribed by themselves is in compliance state and stays so.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.connectors.rest.conftest import Asked

KEY = "right-us6"
LIST = "a1b2c3"
_START = datetime(2026, 1, 1, tzinfo=UTC)


def named(address: str) -> str:
    return hashlib.md5(address.lower().encode()).hexdigest()


class Mailchimp:
    def __init__(self) -> None:
        self.members: dict[str, dict[str, Any]] = {}
        self.tagged: list[str] = []
        self.left: set[str] = set()
        self.moment = 0

    def answer(self, asked: Asked) -> Any:
        login = base64.b64decode(asked.headers["Authorization"].removeprefix("Basic ")).decode()
        if login.partition(":")[2] != KEY:
            return 401, {}, {"title": "API Key Invalid", "detail": "canary"}
        told: Any = 404, {}, {"title": "Resource Not Found"}
        match asked.method, asked.path:
            case "GET", ("",):
                told = {"account_id": "8d3a", "account_name": "Test"}
            case "GET", ("lists", "a1b2c3", "members"):
                told = self._page(list(self.members.values()), asked.params)
            case "POST", ("lists", "a1b2c3"):
                told = self._batch(asked.json)
            case method, ("lists", "a1b2c3", "members", id_):
                told = self._one(method, id_, asked)
            case method, ("lists", "a1b2c3", "segments", "5", "members", *rest):
                told = self._tag(method, rest, asked)
        return told

    def leave(self, address: str, status: str = "unsubscribed") -> None:
        """A person unsubscribes by a link, or a mail bounces."""
        self.left.add(named(address))
        self.write(named(address), {"status": status})

    def write(self, id_: str, told: dict[str, Any]) -> dict[str, Any]:
        self.moment += 1
        held = self.members.setdefault(id_, {"id": id_, "merge_fields": {}, "tags": []})
        fields = {**held["merge_fields"], **told.get("merge_fields", {})}
        moment = (_START + timedelta(seconds=self.moment)).isoformat()
        self.members[id_] = {**held, **told, "merge_fields": fields, "last_changed": moment}
        return self.members[id_]

    def _page(self, found: list[dict[str, Any]], params: dict[str, str]) -> Any:
        since = params.get("since_last_changed", "")
        left = [each for each in found if each.get("last_changed", "") > since]
        left.sort(key=lambda each: each.get("last_changed", ""))
        start = int(params.get("offset", 0))
        part = left[start : start + int(params.get("count", 10))]
        return {"members": part, "total_items": len(left)}

    def _batch(self, body: dict[str, Any]) -> Any:
        made, errors = [], []
        for each in body["members"]:
            address = each["email_address"]
            if named(address) in self.members:
                errors.append({"email_address": address, "error_code": "ERROR_CONTACT_EXISTS"})
            elif "@" not in address:
                errors.append({"email_address": address, "error_code": "ERROR_GENERIC"})
            else:
                made.append(self.write(named(address), each))
        return {"new_members": made, "updated_members": [], "errors": errors}

    def _one(self, method: str, id_: str, asked: Asked) -> Any:
        if id_ not in self.members:
            return 404, {}, {"title": "Resource Not Found", "detail": "canary"}
        if method == "DELETE":
            del self.members[id_]
            return 204, {}, ""
        if method == "PATCH":
            if id_ in self.left and asked.json.get("status") == "subscribed":
                return 400, {}, {"title": "Member In Compliance State", "detail": "canary"}
            return self.write(id_, asked.json)
        return self.members[id_]

    def _tag(self, method: str, rest: list[str], asked: Asked) -> Any:
        if method == "GET":
            return self._page([self.members[id_] for id_ in self.tagged], asked.params)
        if method == "POST":
            id_ = named(asked.json["email_address"])
            if id_ not in self.members:
                return 400, {}, {"title": "Invalid Resource", "detail": "canary"}
            self.tagged.append(id_)
            return self.members[id_]
        self.tagged.remove(rest[0])
        return 204, {}, ""
