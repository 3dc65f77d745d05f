"""Zendesk, Klaviyo and Intercom."""

from __future__ import annotations

import base64
import re
from typing import Any, ClassVar

from tests.connectors.rest.conftest import Asked
from tests.connectors.rest.saas.base import (
    SECRET,
    Person,
    Saas,
    cut,
    epoch,
    from_epoch,
    iso,
    moment,
)
from tests.connectors.rest.saas.shops import text_of


class Zendesk(Saas):
    """An export that says when it is over and gives a next page all the same; soft deletions."""

    file = "zendesk"
    settings: ClassVar = {"user": "a@b.test", "token": "env:SECRET"}

    def knows(self, asked: Asked) -> bool:
        pair = base64.b64encode(f"a@b.test/token:{SECRET}".encode()).decode()
        return asked.headers.get("Authorization") == f"Basic {pair}"

    def taken(self) -> Any:
        details = {"email": [{"description": "canary", "error": "DuplicateValue"}]}
        return 422, {}, {"error": "RecordInvalid", "details": details}

    def answered(self, asked: Asked) -> Any:
        params = asked.params
        match asked.method, asked.path:
            case "GET", ("users.json",):
                start = int(params.get("page[after]", 0))
                part, more = cut(self.living(), start, params.get("page[size]", 5))
                following = f"{self.url}/users.json?page[after]={start + 5}&page[size]=5"
                return {"users": list(map(_user, part)), "meta": {"has_more": more},
                        "links": {"next": following}}  # fmt: skip
            case "GET", ("incremental", "users", "cursor.json"):
                assert params.keys() in ({"start_time", "per_page"}, {"cursor", "per_page"})
                since, start = params.get("start_time"), 0
                if not since:
                    since, start = params["cursor"].split("-")
                found = self.changed(from_epoch(since) if int(since) else None, all_=True)
                part, more = cut(found, int(start))
                at = f"{since}-{int(start) + len(part)}"
                url = f"{self.url}/incremental/users/cursor.json?cursor={at}&per_page=5"
                return {"users": list(map(_user, part)), "after_url": url, "after_cursor": at,
                        "end_of_stream": not more}  # fmt: skip
            case "GET", ("users", "search.json"):
                wanted = params.get("external_id"), params.get("query")
                found = [
                    each
                    for each in self.living()
                    if each.key == wanted[0] or f"email:{each.email}" == wanted[1]
                ]
                return {"users": list(map(_user, found))}
            case "DELETE", ("users", name):
                self.remove(name.removesuffix(".json"))
                return {}
            case _, ("users" | "users.json", *rest):
                told = asked.json["user"]
                id_ = self.one(rest[0].removesuffix(".json")).id if rest else None
                name = text_of(told, "name")
                return {"user": _user(self.put(id_, told.get("email"), name,
                                               told.get("external_id")))}  # fmt: skip


def _user(person: Person) -> dict[str, Any]:
    return {"id": person.id, "external_id": person.key, "email": person.email,
            "name": person.first, "active": not person.gone,
            "updated_at": iso(person.at)}  # fmt: skip


class Klaviyo(Saas):
    """JSON:API: a filter language in one parameter, the next page as an address."""

    file = "klaviyo"
    settings: ClassVar = {"key": "env:SECRET"}

    def knows(self, asked: Asked) -> bool:
        said = asked.headers.get("Authorization"), bool(asked.headers.get("Revision"))
        return said == (f"Klaviyo-API-Key {SECRET}", True)

    def taken(self) -> Any:
        return 409, {}, {"errors": [{"code": "duplicate_profile", "detail": "canary"}]}

    def answered(self, asked: Asked) -> Any:
        params = asked.params
        match asked.method, asked.path:
            case "GET", ("profiles",):
                text = params.get("filter", "")
                since = re.fullmatch(r"greater-than\(updated,(.+)\)", text)
                equal = re.fullmatch(r'equals\((external_id|email),"(.*)"\)', text)
                found = self.changed(moment(since[1]) if since else None)
                if since:
                    found = [each for each in found if each.at > moment(since[1])]
                if equal:
                    name = "key" if equal[1] == "external_id" else "email"
                    found = [each for each in found if equal[2] == getattr(each, name)]
                start = int(params.get("page[cursor]", 0))
                part, more = cut(found, start, params.get("page[size]", 5))
                following = f"{self.url}/profiles?page[cursor]={start + 5}&filter={text}"
                return {"data": list(map(_profile, part)),
                        "links": {"next": following if more else None}}  # fmt: skip
            case "GET", ("profiles", id_):
                return {"data": _profile(self.one(id_))}
            case "POST", ("data-privacy-deletion-jobs",):
                told = asked.json["data"]["attributes"]["profile"]["data"]
                self.remove(told["id"])
                return 202, {}, ""
            case _, ("profiles", *rest):
                assert asked.headers["Content-Type"] == "application/vnd.api+json"
                told = asked.json["data"]
                assert told["type"] == "profile"
                assert told.get("id") == (rest[0] if rest else None)
                held = told["attributes"]
                id_ = self.one(rest[0]).id if rest else None
                first = text_of(held, "first_name")
                return {"data": _profile(self.put(id_, held.get("email"), first,
                                                  held.get("external_id")))}  # fmt: skip


def _profile(person: Person) -> dict[str, Any]:
    held = {"email": person.email, "external_id": person.key, "first_name": person.first,
            "updated": iso(person.at)}  # fmt: skip
    return {"type": "profile", "id": str(person.id), "attributes": held}


class Intercom(Saas):
    """A search by POST that wants a query, seconds since 1970, its token deep in the body."""

    file = "intercom"
    settings: ClassVar = {"token": "env:SECRET"}

    def taken(self) -> Any:
        return 409, {}, {"type": "error.list", "errors": [{"code": "conflict"}]}

    def answered(self, asked: Asked) -> Any:
        match asked.method, asked.path:
            case "GET", ("me",):
                return {"app": {"id_code": "app-1"}}
            case "POST", ("contacts", "search"):
                return self._searched(asked.json)
            case "GET", ("contacts", id_):
                return _reader(self.one(id_))
            case "DELETE", ("contacts", id_):
                self.remove(id_)
                return {"id": id_, "deleted": True}
            case method, ("contacts", *rest):
                told = asked.json
                assert (told.get("role") == "user") is (method == "POST")
                id_ = self.one(rest[0]).id if rest else None
                return _reader(self.put(id_, told.get("email"), text_of(told, "name"),
                                        told.get("external_id")))  # fmt: skip

    def _searched(self, told: Any) -> Any:
        query, paging = told["query"], told["pagination"]
        value, field = query["value"], query["field"]
        if field == "updated_at":
            assert query["operator"] == ">"
            found = self.changed(from_epoch(value) if value else None)
            found = [each for each in found if epoch(each.at) > value]
        else:
            held = {"external_id": "key", "email": "email"}[field]
            found = [each for each in self.living() if getattr(each, held) == value]
        start = int(paging.get("starting_after", 0))
        part, more = cut(found, start, paging["per_page"])
        following = {"next": {"starting_after": str(start + len(part))}} if more else {}
        return {"type": "list", "data": list(map(_reader, part)), "pages": following}


def _reader(person: Person) -> dict[str, Any]:
    return {"id": str(person.id), "external_id": person.key, "email": person.email,
            "name": person.first, "updated_at": epoch(person.at)}  # fmt: skip
