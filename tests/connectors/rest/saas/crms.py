"""Pipedrive, Zoho CRM and Dynamics 365."""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import urlencode

from tests.connectors.rest.conftest import Asked
from tests.connectors.rest.saas.base import (
    SECRET,
    LostError,
    Person,
    Saas,
    cut,
    iso,
    moment,
)
from tests.connectors.rest.saas.shops import text_of


class Pipedrive(Saas):
    """Addresses in lists, fields of one's own by their hashes, hits of a search around records."""

    file = "pipedrive"
    settings: ClassVar = {"token": "env:SECRET", "key_field": "d4de1c"}

    def knows(self, asked: Asked) -> bool:
        return asked.headers.get("X-Api-Token") == SECRET

    def answered(self, asked: Asked) -> Any:
        params = asked.params
        match asked.method, asked.path:
            case "GET", ("v2", "persons"):
                since = params.get("updated_since")
                found = self.changed(moment(since) if since else None)
                start = int(params.get("cursor", 0))
                part, more = cut(found, start, params["limit"])
                following = {"next_cursor": str(start + len(part)) if more else None}
                return {"success": True, "data": list(map(_contact, part)),
                        "additional_data": following}  # fmt: skip
            case "GET", ("v2", "persons", "search"):
                assert params["exact_match"] == "true"
                found = [each for each in self.living() if params["term"] in (each.key, each.email)]
                items = [{"result_score": 1, "item": {"id": each.id}} for each in found]
                return {"success": True, "data": {"items": items}}
            case "GET", ("v2", "persons", id_):
                return {"success": True, "data": _contact(self.one(id_))}
            case "DELETE", ("v2", "persons", id_):
                self.remove(id_)
                return {"success": True, "data": {"id": int(id_)}}
            case _, ("v2", "persons", *rest):
                told = asked.json
                id_ = self.one(rest[0]).id if rest else None
                emails = told.get("emails", [{}])
                assert isinstance(emails, list)
                key = told.get("custom_fields", {}).get("d4de1c")
                person = self.put(id_, emails[0].get("value"), text_of(told, "name"), key)
                return {"success": True, "data": _contact(person)}


def _contact(person: Person) -> dict[str, Any]:
    return {"id": person.id, "name": person.first, "update_time": iso(person.at),
            "emails": [{"value": person.email, "primary": True, "label": "work"}],
            "custom_fields": {"d4de1c": person.key}}  # fmt: skip


class Zoho(Saas):
    """A filter in a header, no news as 304, none found as 204, results in lists, its own scheme."""

    file = "zoho"
    settings: ClassVar = {
        "client_id": "1000.X",
        "client_secret": "env:SECRET",
        "refresh_token": "env:SECRET",
        "key_field": "Global_ID",
    }

    def knows(self, asked: Asked) -> bool:
        logs_in = asked.path == ("oauth", "v2", "token")
        return logs_in or asked.headers.get("Authorization") == "Zoho-oauthtoken token-1"

    def taken(self) -> Any:
        told = {"code": "DUPLICATE_DATA", "status": "error", "details": {"api_name": "Email"}}
        return 202, {}, {"data": [told]}

    def lost(self) -> Any:
        told = {"code": "INVALID_DATA", "status": "error", "details": {"api_name": "id"}}
        return 400, {}, {"data": [{**told, "message": "the id given seems to be invalid"}]}

    def answered(self, asked: Asked) -> Any:  # noqa: PLR0911 (a call each)
        params = asked.params
        match asked.method, asked.path:
            case "POST", ("oauth", "v2", "token"):
                if asked.form["refresh_token"] != SECRET:
                    return {"error": "invalid_code"}
                return {"access_token": "token-1", "token_type": "Bearer", "expires_in": 3600}
            case "GET", ("Contacts",) | ("Contacts", "deleted"):
                return self._listed(asked)
            case "GET", ("Contacts", "search"):
                wanted = params.get("email"), params.get("criteria")
                found = [each for each in self.living() if each.email == wanted[0]
                         or f"(Global_ID:equals:{each.key})" == wanted[1]]  # fmt: skip
                return {"data": list(map(_lead, found))} if found else (204, {}, "")
            case "GET", ("Contacts", id_):
                return {"data": [_lead(self.one(id_))]}
            case "DELETE", ("Contacts", id_):
                self.remove(id_)
                return {"data": [{"code": "SUCCESS", "status": "success"}]}
            case _, ("Contacts", *rest):
                (told,) = asked.json["data"]
                id_ = self.one(rest[0]).id if rest else None
                person = self.put(id_, told.get("Email"), text_of(told, "Last_Name"),
                                  told.get("Global_ID"))  # fmt: skip
                done = {"code": "SUCCESS", "status": "success", "details": {"id": str(person.id)}}
                return 201, {}, {"data": [done]}

    def _listed(self, asked: Asked) -> Any:
        said, dead = asked.headers.get("If-Modified-Since"), "deleted" in asked.path
        found = self.changed(moment(said) if said else None, all_=dead)
        found = [each for each in found if each.gone] if dead else found
        if not found:
            return (304, {}, "") if said else (204, {}, "")
        start = int(asked.params.get("page_token", 5 * (int(asked.params.get("page", 1)) - 1)))
        part, more = cut(found, start, asked.params["per_page"])
        token = str(start + len(part)) if more else None
        shown = [{"id": str(each.id), "deleted_time": iso(each.at)} for each in part]
        return {"data": shown if dead else list(map(_lead, part)),
                "info": {"more_records": more, "next_page_token": token}}  # fmt: skip


def _lead(person: Person) -> dict[str, Any]:
    return {"id": str(person.id), "Email": person.email, "Last_Name": person.first,
            "Global_ID": person.key, "Modified_Time": iso(person.at)}  # fmt: skip


class Dynamics(Saas):
    """OData: a filter language, names that hold dots, records at `contacts(id)`."""

    file = "dynamics"

    @property
    def settings(self) -> dict[str, Any]:  # type: ignore[override]
        return {"token_url": f"{self.url}/token", "client_id": "x",
                "client_secret": "env:SECRET", "scope": "https://org/.default"}  # fmt: skip

    def knows(self, asked: Asked) -> bool:
        return asked.path == ("token",) or asked.headers.get("Authorization") == "Bearer token-1"

    def taken(self) -> Any:
        return 412, {}, {"error": {"code": "0x80040237", "message": "canary"}}

    def answered(self, asked: Asked) -> Any:  # noqa: PLR0911 (a call each)
        match asked.method, asked.path:
            case "POST", ("token",):
                known = asked.form["client_secret"] == SECRET
                done = {"access_token": "token-1", "token_type": "Bearer", "expires_in": 3599}
                return done if known else (401, {}, {"error": "invalid_client"})
            case "GET", ("contacts",) if "track-changes" in asked.headers.get("Prefer", ""):
                return self._changed(asked.params)
            case "GET", ("contacts",):
                return self._found(asked.params)
            case "POST", ("contacts",):
                return 201, {}, self._written(None, asked)
        found = re.fullmatch(r"contacts\((\d+)-0\)", asked.path[0])
        if not found:
            raise LostError
        if asked.method == "DELETE":
            self.remove(found[1])
            return 204, {}, ""
        if asked.method == "PATCH":
            assert asked.headers["If-Match"] == "*", "or it would be made"
            return self._written(self.one(found[1]).id, asked)
        return _entity(self.one(found[1]))

    def _written(self, id_: int | None, asked: Asked) -> Any:
        assert asked.headers["Prefer"] == "return=representation"
        told = asked.json
        person = self.put(id_, told.get("emailaddress1"), text_of(told, "firstname"),
                          told.get("externaluseridentifier"))  # fmt: skip
        return _entity(person)

    def _changed(self, params: dict[str, str]) -> Any:
        assert "$orderby" not in params
        fed = self.fed(params)
        if fed is None:
            told = "Version stamp associated with the client has expired."
            return 400, {}, {"error": {"code": "0x80044352", "message": told}}
        part, token = fed
        gone = f"{self.url}/$metadata#contacts/$deletedEntity"
        link = "@odata.nextLink" if "$skiptoken" in token else "@odata.deltaLink"
        return {"value": [{"@odata.context": gone, "id": f"{each.id}-0", "reason": "deleted"}
                          if each.gone else _entity(each) for each in part],
                link: f"{self.url}/contacts?$select=contactid&{urlencode(token)}"}  # fmt: skip

    def _found(self, params: dict[str, str]) -> Any:
        text = params.get("$filter", "")
        since = re.fullmatch(r"modifiedon ge (.+)", text)
        equal = re.fullmatch(r"(\w+) eq '((?:[^']|'')*)'", text)
        assert since or equal or not text
        found = self.changed(moment(since[1]) if since else None)
        if equal:
            value = equal[2].replace("''", "'")
            found = [each for each in found if value == (
                each.email if equal[1] == "emailaddress1" else each.key)]  # fmt: skip
        start = int(params.get("$skiptoken", 0))
        part, more = cut(found, start)
        following = f"{self.url}/contacts?$skiptoken={start + 5}&$filter={text}"
        return {"value": list(map(_entity, part)),
                **({"@odata.nextLink": following} if more else {})}  # fmt: skip


def _entity(person: Person) -> dict[str, Any]:
    return {"@odata.etag": 'W/"1"', "contactid": f"{person.id}-0",
            "emailaddress1": person.email, "firstname": person.first,
            "externaluseridentifier": person.key, "modifiedon": iso(person.at)}  # fmt: skip
