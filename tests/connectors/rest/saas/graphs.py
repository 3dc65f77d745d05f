"""Microsoft Graph."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.connectors.rest.conftest import Asked
from tests.connectors.rest.saas.base import SECRET, LostError, Person, Saas


class Graph(Saas):
    """Delta queries of users: links with tokens, deletions as entries, a reset as 410 or 400."""

    file = "microsoft_graph"
    resets: int = 410

    @property
    def settings(self) -> dict[str, Any]:  # type: ignore[override]
        return {"token_url": f"{self.url}/token", "client_id": "x", "client_secret": "env:SECRET"}

    def knows(self, asked: Asked) -> bool:
        return asked.path == ("token",) or asked.headers.get("Authorization") == "Bearer token-1"

    def refused(self) -> Any:
        return 401, {}, {"error": {"code": "InvalidAuthenticationToken", "message": "canary"}}

    def throttled(self) -> Any:
        return 429, {"Retry-After": "0"}, {"error": {"code": "TooManyRequests"}}

    def answered(self, asked: Asked) -> Any:
        match asked.method, asked.path:
            case "POST", ("token",):
                assert asked.form["scope"] == "https://graph.microsoft.com/.default"
                known = asked.form["client_secret"] == SECRET
                done = {"access_token": "token-1", "token_type": "Bearer", "expires_in": 3599}
                return done if known else (401, {}, {"error": "invalid_client"})
            case "GET", ("users", "delta"):
                return self._delta(asked.params)
        raise LostError

    def _delta(self, params: dict[str, str]) -> Any:
        first = not params.keys() & {"$deltatoken", "$skiptoken"}
        assert first is ("$select" in params), "a link holds all that was asked for"
        fed = self.fed(params)
        address = f"{self.url}/users/delta"
        if fed is None and self.resets == 410:
            where = {"Location": f"{address}?$deltatoken="}
            return 410, where, {"error": {"code": "resyncRequired", "message": "canary"}}
        if fed is None:
            told = "The sync state generation is not found."
            return 400, {}, {"error": {"code": "syncStateNotFound", "message": told}}
        part, token = fed
        link = "@odata.nextLink" if "$skiptoken" in token else "@odata.deltaLink"
        return {"value": list(map(_user, part)), link: f"{address}?{urlencode(token)}"}


def _user(person: Person) -> dict[str, Any]:
    if person.gone:
        return {"id": f"{person.id}", "@removed": {"reason": "changed"}}
    told = {"id": f"{person.id}", "mail": person.email, "accountEnabled": True}
    return told | ({"givenName": person.first} if person.first else {})  # never set: not told
