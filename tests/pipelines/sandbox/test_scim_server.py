"""The SCIM server of the sandbox keeps what its engine was told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipelines.sandbox.scim_server import TokenApplication, make_application

USER = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "ann",
    "externalId": "g1",
    "emails": [{"value": "ann@mail.example", "type": "home"}],
}
PATCH = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [
        {"op": "replace", "path": 'emails[type eq "home"].value', "value": "lee@mail.example"},
        {"op": "replace", "path": "active", "value": False},
    ],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "scim.db"


class Caller:
    """Calls an ASGI application without a server."""

    def __init__(self, file: Path) -> None:
        self.application: TokenApplication = make_application(file, "secret")

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.application.storage.storage.close()

    def __call__(self, method: str, path: str, body: Mapping | None = None, token: str = "secret"):
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "method": method, "path": path, "query_string": query.encode(),
            "scheme": "http", "server": ("127.0.0.1", 80),
            "headers": [(b"authorization", f"Bearer {token}".encode())],
        }  # fmt: skip
        sent: list[dict] = []

        async def receive() -> dict:
            return {"type": "http.request", "body": json.dumps(body).encode() if body else b""}

        async def send(message: dict) -> None:
            sent.append(message)

        asyncio.run(self.application(scope, receive, send))
        content = b"".join(message.get("body", b"") for message in sent)
        return sent[0]["status"], json.loads(content) if content else None


def test_what_was_created_changed_and_deleted_is_so_after_a_restart(file):
    with Caller(file) as call:
        _, ann = call("POST", "/v2/Users", USER)
        _, bob = call("POST", "/v2/Users", {**USER, "userName": "bob", "externalId": "g2"})
        status, _ = call("PATCH", f"/v2/Users/{ann['id']}", PATCH)
        assert status in (200, 204)
        before = call("GET", f"/v2/Users/{ann['id']}")
        assert call("DELETE", f"/v2/Users/{bob['id']}")[0] == 204
    with Caller(file) as call:
        assert call("GET", f"/v2/Users/{ann['id']}") == before
        assert before[1]["emails"][0]["value"] == "lee@mail.example"
        assert before[1]["active"] is False
        assert call("GET", f"/v2/Users/{bob['id']}")[0] == 404


def test_accounts_are_found_by_external_id_and_user_name(file):
    with Caller(file) as call:
        call("POST", "/v2/Users", USER)
        for query in ('externalId%20eq%20"g1"', 'userName%20eq%20"ANN"'):
            assert call("GET", f"/v2/Users?filter={query}")[1]["totalResults"] == 1
        assert call("GET", '/v2/Users?filter=externalId%20eq%20"g9"')[1]["totalResults"] == 0


def test_a_user_name_is_given_once_even_after_a_restart(file):
    with Caller(file) as call:
        call("POST", "/v2/Users", USER)
    with Caller(file) as call:
        status, problem = call("POST", "/v2/Users", USER)
        assert (status, problem["scimType"]) == (409, "uniqueness")


def test_versions_go_on_where_they_were(file):
    with Caller(file) as call:
        _, first = call("POST", "/v2/Users", USER)
    with Caller(file) as call:
        _, second = call("POST", "/v2/Users", {**USER, "userName": "bob"})
    assert first["meta"]["version"] != second["meta"]["version"]


def test_strangers_are_refused(file):
    with Caller(file) as call:
        assert call("GET", "/v2/Users", token="guess")[0] == 401
