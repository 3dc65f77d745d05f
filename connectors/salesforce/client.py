"""A connection to one org: logged in, counted, its objects described once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connectors.errors import MisconfiguredError, NotFoundError, TransientError
from connectors.fields import did_you_mean
from connectors.http import HttpOptions, HttpSession
from connectors.http.auth import Credentials, Headers
from connectors.salesforce.codes import meaning
from connectors.salesforce.fields import Described, described
from connectors.salesforce.login import log_in
from connectors.salesforce.options import SalesforceAuth
from connectors.salesforce.usage import Usage
from connectors.salesforce.web import WebSession, simple_salesforce

_NAME = re.compile(r"[A-Za-z]\w{0,79}")


@dataclass(slots=True)
class Link:
    """What outlives one connection: the session's token, where the org is, what is known of it."""

    auth: SalesforceAuth
    url: str
    http: HttpOptions
    version: str
    hosts: tuple[str, ...]
    usage: Usage
    instance: str | None = None
    objects: dict[str, Described] = field(default_factory=dict, repr=False)
    credentials: Credentials = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.credentials = Credentials(self._log_in, self.http)

    def open(self) -> None:
        """Log in when there is no session yet."""
        simple_salesforce()  # what is missing is told before any call
        self.credentials.headers()

    def _log_in(self) -> tuple[Headers, float]:
        login = log_in(self.auth, self.url, self.http, self.version, self.hosts)
        if self.instance not in (None, login.instance):
            raise TransientError("salesforce: the org has moved to another instance; run again")
        self.instance = login.instance
        return {"Authorization": f"Bearer {login.token}"}, float("inf")


class Client:
    """simple-salesforce over our session. `sf` is the library's own object."""

    def __init__(self, link: Link, http: HttpSession) -> None:
        library = self._library = simple_salesforce()
        self._link = link
        web = WebSession(http, before=link.usage.require, after=link.usage.see)
        self.sf: Any = library.Salesforce(
            session_id="kept by our session",
            instance_url=link.instance,
            version=link.version,
            session=web,
            object_pairs_hook=dict,
        )
        self._jobs = library.bulk2._Bulk2Client  # noqa: SLF001 (the public calls wait for a day)

    def describe(self, name: str) -> Described:
        """An object and its fields; MisconfiguredError when the org has none of this name."""
        found = self._link.objects.get(name)
        if found is None:
            found = self._link.objects[name] = self._describe(name)
        return found

    def names(self) -> list[str]:
        """The names of all objects that can be queried."""
        return [o["name"] for o in self.sf.describe()["sobjects"] if o.get("queryable")]

    def query(self, soql: str, *, deleted: bool = False, page_size: int = 2000) -> dict[str, Any]:
        """The first page of a query."""
        found = self.sf.query(soql, include_deleted=deleted, headers=_batches_of(page_size))
        return _page(found)

    def query_more(self, address: str, *, page_size: int = 2000) -> dict[str, Any]:
        """A later page, by the address that the page before gave."""
        path, headers = urlsplit(address).path, _batches_of(page_size)
        return _page(self.sf.query_more(path, identifier_is_url=True, headers=headers))

    def send(
        self, method: str, path: str, body: Any = None, *, about_one: bool = False, **params: str
    ) -> Any:
        """Any other call below ``/services/data/vX.Y/``; its JSON.

        The refusal of one that is `about_one` record holds what was said.
        """
        data = None if body is None else json.dumps(body, ensure_ascii=False)
        return self.sf.restful(
            path, params=params or None, method=method, data=data, about_one=about_one
        )

    def path(self, path: str) -> str:
        """The whole path of a call of `send`."""
        return f"/services/data/v{self._link.version}/{path}"

    def jobs(self, name: str) -> Any:
        """The library's Bulk 2.0 calls for an object."""
        return self._jobs(name, self.sf.bulk2_url, dict(self.sf.headers), self.sf.session)

    def _type(self, name: str) -> Any:
        """The library's calls for one object; by attribute, some names would be its own."""
        return self._library.SFType(
            name,
            "kept by our session",
            self.sf.sf_instance,
            sf_version=self._link.version,
            session=self.sf.session,
            object_pairs_hook=dict,
        )

    def forget(self) -> None:
        """Describe objects anew from now on: their fields may have changed since."""
        self._link.objects.clear()

    def _describe(self, name: str) -> Described:
        try:
            found: Mapping[str, Any] | None = (
                self._type(name).describe() if _NAME.fullmatch(name) else None
            )
        except NotFoundError:
            found = None
        if found is None:
            raise MisconfiguredError(
                f"salesforce: no object {name!r}{did_you_mean(name, self.names())}, or the user "
                "may not see it"
            )
        return described(found)


def _page(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict) or not found.keys() >= {"records", "done", "totalSize"}:
        raise MisconfiguredError("query: the answer is no page of Salesforce; is url right?")
    return found


def _batches_of(page_size: int) -> dict[str, str]:
    """The header that asks for pages of this size, as near as Salesforce allows."""
    return {"Sforce-Query-Options": f"batchSize={max(200, min(2000, page_size))}"}


@contextmanager
def opened(link: Link) -> Iterator[Client]:
    """Connect; the login is made when there is no session yet."""
    link.open()
    with HttpSession(link.instance, link.credentials, link.http, meaning=meaning) as http:
        yield Client(link, http)
