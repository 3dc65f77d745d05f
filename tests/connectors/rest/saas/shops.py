"""Shopify (GraphQL), Stripe, Magento and WooCommerce."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from authlib.oauth1.rfc5849.signature import construct_base_string

from tests.connectors.rest.conftest import Asked
from tests.connectors.rest.saas.base import (
    SECRET,
    LostError,
    Person,
    Saas,
    cut,
    epoch,
    from_epoch,
    iso,
    moment,
)


class Shopify(Saas):
    """The Admin API: Relay connections, a search text as filter, user errors in answers of 200."""

    file = "shopify"
    settings: ClassVar = {"token": "env:SECRET"}

    def knows(self, asked: Asked) -> bool:
        return asked.headers.get("X-Shopify-Access-Token") == SECRET

    def refused(self) -> Any:
        return 401, {}, {"errors": "[API] Invalid API key or access token"}

    def throttled(self) -> Any:
        status = {"currentlyAvailable": 0, "restoreRate": 100.0}
        extensions = {"cost": {"requestedQueryCost": 1, "throttleStatus": status}}
        errors = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
        return {"errors": errors, "extensions": extensions}

    def taken(self) -> Any:
        errors = [{"field": ["email"], "message": "Email has already been taken"}]
        return {"data": {"customerCreate": {"customer": None, "userErrors": errors}}}

    def lost(self) -> Any:
        errors = [{"field": ["id"], "message": "Customer can't be found"}]
        return {"data": {self.doing: {"customer": None, "userErrors": errors}}}

    def answered(self, asked: Asked) -> Any:
        assert asked.path == ("graphql.json",)
        query, given = asked.json["query"], asked.json["variables"]
        self.doing = (re.findall(r"customer(?:Create|Update|Delete)", query) or ["customers"])[0]
        if self.doing == "customers":
            return {"data": {"customers": self._found(given)}}
        told = given["input"]
        if self.doing == "customerDelete":
            self.remove(_number(told["id"]))
            return {"data": {self.doing: {"deletedCustomerId": told["id"], "userErrors": []}}}
        id_ = _number(told["id"]) if "id" in told else None
        person = self.put(id_, told.get("email"), text_of(told, "firstName"), told.get("email"))
        return {"data": {self.doing: {"customer": _customer(person), "userErrors": []}}}

    def _found(self, given: dict[str, Any]) -> Any:
        query = given.get("query") or ""
        since = re.search(r"updated_at:>='(.+?)'", query)
        asked = re.search(r"email:'(.+?)'", query)
        found = self.changed(moment(since[1]) if since else None)
        found = [each for each in found if not asked or each.email == asked[1]]
        start = int(given.get("after") or 0)
        part, more = cut(found, start, given["first"])
        info = {"hasNextPage": more, "endCursor": str(start + len(part))}
        return {"nodes": list(map(_customer, part)), "pageInfo": info}


def _number(id_: str) -> str:
    return id_.rpartition("/")[2]


def text_of(told: dict[str, Any], name: str) -> Any:
    """What a field is set to; null clears it."""
    return (told[name] or "") if name in told else None


def _customer(person: Person) -> dict[str, Any]:
    id_ = f"gid://shopify/Customer/{person.id}"
    return {"id": id_, "email": person.email, "firstName": person.first,
            "updatedAt": iso(person.at)}  # fmt: skip


class Stripe(Saas):
    """Nested forms, tokens from the last row, changes as events, the newest first."""

    file = "stripe"
    settings: ClassVar = {"key": "env:SECRET"}

    def lost(self) -> Any:
        return 404, {}, {"error": {"code": "resource_missing", "message": "canary"}}

    def answered(self, asked: Asked) -> Any:  # noqa: PLR0911 (a call each)
        self.sent: dict[str, Any] = getattr(self, "sent", {})
        match asked.method, asked.path:
            case "GET", ("account",):
                return {"id": "acct_1"}
            case "GET", ("customers",):
                email = asked.params.get("email")
                found = [each for each in self.living() if email in (None, each.email)]
                return self._page([_bought(each) for each in found], asked)
            case "GET", ("customers", "search"):
                key = re.fullmatch(r"metadata\['global_id'\]:'(.*)'", asked.params["query"])
                value = re.sub(r"\\(.)", r"\1", key[1]) if key else None
                found = [_bought(each) for each in self.living() if each.key == value]
                return {"data": found, "has_more": False, "next_page": None}
            case "GET", ("events",):
                since = asked.params.get("created[gte]")
                found = self.changed(from_epoch(since) if since else None, all_=True)
                return self._page([_event(each) for each in reversed(found)], asked)
            case "GET", ("customers", id_) if self.people[_of(id_)].gone:
                return {"id": id_, "object": "customer", "deleted": True}
            case "GET", ("customers", id_):
                return _bought(self.one(_of(id_)))
            case "DELETE", ("customers", id_):
                self.remove(_of(id_))
                return {"id": id_, "deleted": True}
        return self._written(asked)

    def _written(self, asked: Asked) -> Any:
        name = asked.headers.get("Idempotency-Key", "")
        if name in self.sent:
            return self.sent[name]
        id_ = _of(asked.path[1]) if len(asked.path) > 1 else None
        form = asked.form
        person = self.put(id_, form.get("email"), form.get("name"), form.get("metadata[global_id]"))
        self.sent[name] = _bought(person)
        return self.sent[name]

    def _page(self, found: list[dict[str, Any]], asked: Asked) -> Any:
        ids = [each["id"] for each in found]
        after = asked.params.get("starting_after")
        part, more = cut(found, ids.index(after) + 1 if after else 0, asked.params["limit"])
        return {"object": "list", "data": part, "has_more": more}


def _of(id_: str) -> int:
    number = id_.removeprefix("cus_")
    if not number.isdigit():
        raise LostError
    return int(number)


def _bought(person: Person) -> dict[str, Any]:
    metadata = {} if person.key is None else {"global_id": person.key}
    return {"id": f"cus_{person.id}", "object": "customer", "created": 1_700_000_000,
            "email": person.email, "name": person.first, "metadata": metadata}  # fmt: skip


def _event(person: Person) -> dict[str, Any]:
    kind = "customer.deleted" if person.gone else "customer.updated"
    return {"id": f"evt_{person.id}", "object": "event", "type": kind, "created": epoch(person.at),
            "data": {"object": _bought(person)}}  # fmt: skip


class Magento(Saas):
    """A token that is the whole answer, criteria in brackets, a last page that repeats."""

    file = "magento"
    settings: ClassVar = {"user": "isthmus", "password": "env:SECRET"}

    def knows(self, asked: Asked) -> bool:
        logs_in = asked.path == ("integration", "admin", "token")
        return logs_in or asked.headers.get("Authorization") == "Bearer token-1"

    def taken(self) -> Any:
        return 400, {}, {"message": "A customer with the same email address already exists in an "
                                    "associated website."}  # fmt: skip

    def answered(self, asked: Asked) -> Any:
        match asked.method, asked.path:
            case "POST", ("integration", "admin", "token"):
                known = asked.json == {"username": "isthmus", "password": SECRET}
                return (
                    (200, {}, "token-1")
                    if known
                    else (401, {}, {"message": "The account sign-in was "})
                )
            case "GET", ("customers", "search"):
                return self._searched(asked.params)
            case "GET", ("customers", id_):
                return _buyer(self.one(id_))
            case "DELETE", ("customers", id_):
                self.remove(id_)
                return True
            case _, ("customers", *rest):
                told = asked.json["customer"]
                assert {"email"} <= told.keys(), "a whole customer is put"
                held = {each["attribute_code"]: each["value"] for each in told["custom_attributes"]}
                first = text_of(told, "firstname")
                person = self.put(int(self.one(rest[0]).id) if rest else None, told["email"],
                                  first, held["global_id"])  # fmt: skip
                return _buyer(person)

    def _searched(self, params: dict[str, str]) -> Any:
        above = "searchCriteria[filter_groups][0][filters][0]"
        name, value = params.get(f"{above}[field]"), params.get(f"{above}[value]", "")
        since = datetime.fromisoformat(f"{value}+00:00") if name == "updated_at" else None
        known = {"email": "email", "global_id": "key"}.get(name or "")
        found = [
            each for each in self.changed(since) if known is None or getattr(each, known) == value
        ]
        size = int(params["searchCriteria[pageSize]"])
        pages = [cut(found, start, size)[0] for start in range(0, max(1, len(found)), min(size, 5))]
        number = min(int(params["searchCriteria[currentPage]"]), len(pages))
        return {"items": list(map(_buyer, pages[number - 1])), "total_count": len(found)}


def _buyer(person: Person) -> dict[str, Any]:
    held = [] if person.key is None else [{"attribute_code": "global_id", "value": person.key}]
    return {"id": person.id, "email": person.email, "firstname": person.first, "website_id": 1,
            "updated_at": f"{person.at:%Y-%m-%d %H:%M:%S}", "custom_attributes": held}  # fmt: skip


class WooCommerce(Saas):
    """Requests signed by OAuth 1.0, pages by number, our key among the meta data."""

    file = "woocommerce"
    settings: ClassVar = {
        "key": "ck_1",
        "secret": "env:SECRET",
        "auth": {"type": "oauth1", "consumer_key": "ck_1", "consumer_secret": "env:SECRET"},
    }

    def knows(self, asked: Asked) -> bool:
        return signature(asked, self.url) == told_signature(asked)

    def taken(self) -> Any:
        return 400, {}, {"code": "registration-error-email-exists", "message": "canary"}

    def lost(self) -> Any:
        return 404, {}, {"code": "woocommerce_rest_invalid_id"}

    def answered(self, asked: Asked) -> Any:
        match asked.method, asked.path:
            case "GET", ("customers",):
                email = asked.params.get("email")
                found = [each for each in self.living() if email in (None, each.email)]
                size = int(asked.params["per_page"])
                part, _ = cut(found, (int(asked.params["page"]) - 1) * min(size, 5), size)
                return list(map(_shopper, part))
            case "GET", ("customers", id_):
                return _shopper(self.one(id_))
            case "DELETE", ("customers", id_):
                assert asked.params == {"force": "true"}
                self.remove(id_)
                return {}
            case _, ("customers", *rest):
                told = asked.json
                held = {each["key"]: each["value"] for each in told.get("meta_data", ())}
                id_ = int(self.one(rest[0]).id) if rest else None
                first = text_of(told, "first_name")
                return _shopper(self.put(id_, told.get("email"), first, held.get("global_id")))


def _shopper(person: Person) -> dict[str, Any]:
    held = [{"id": 7, "key": "other", "value": "x"}]
    held += [] if person.key is None else [{"id": 8, "key": "global_id", "value": person.key}]
    return {"id": person.id, "email": person.email, "first_name": person.first, "meta_data": held}


def told_signature(asked: Asked) -> str:
    found = re.search(r'oauth_signature="([^"]+)"', asked.headers.get("Authorization", ""))
    return found[1] if found else ""


def signature(asked: Asked, url: str) -> str:
    """The signature as authlib makes it of the same request, which is not ours."""
    told = re.findall(r'(oauth_\w+)="([^"]*)"', asked.headers.get("Authorization", ""))
    pairs = [(name, unquote(value)) for name, value in told if name != "oauth_signature"]
    path = "/".join(quote(part, safe="") for part in asked.path)
    text = construct_base_string(asked.method, f"{url}/{path}", [*pairs, *asked.params.items()])
    made = hmac.new(f"{SECRET}&".encode(), text.encode(), hashlib.sha256).digest()
    return quote(base64.b64encode(made).decode(), safe="~")
