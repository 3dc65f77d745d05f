"""Vendure, a shop with a GraphQL API, by its shipped description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connectors.registry import build
from pipelines.sandbox.heavy import vendure as server
from pipelines.sandbox.postgres import Postgres
from tests.real.packages import or_skip
from tests.real.shipped import Shipped

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def vendure(tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres) -> Iterator[str]:
    """A new Vendure whose customers have a custom field `globalId`; its address."""
    folder = tmp_path_factory.mktemp("vendure")
    postgres_server.create("vendure")
    try:
        yield or_skip(server.start)(folder, "vendure", postgres_server)
    finally:
        server.stop(folder)
        postgres_server.drop("vendure")


class TestVendure(Shipped):
    object = "customers"
    cursor = "updatedAt"
    edited = ("lastName", "Müller-日本")
    found_by = "emailAddress"
    gone = "999999"

    @pytest.fixture
    def connector(self, vendure, monkeypatch):
        monkeypatch.setenv("PASSWORD", "superadmin")
        return build("rest", self.settings(vendure, "env:PASSWORD"), Path())

    @pytest.fixture
    def refused(self, vendure, monkeypatch):
        monkeypatch.setenv("WRONG", "wrong")
        return build("rest", self.settings(vendure, "env:WRONG"), Path())

    def settings(self, url, password):
        return {
            "file": "vendure",
            "url": url,
            "user": "superadmin",
            "password": password,
            "page_size": 3,
        }

    def attributes(self, number):
        return {
            "firstName": f"Zoë {number}",
            "lastName": "O'Brien",
            "emailAddress": f"zoe.{number}@example.test",
        }

    def change_at_source(self, connector, row):
        change = 'updateCustomer(input: {id: $id, lastName: "at the source"}) { __typename }'
        self.as_user(connector, f"mutation($id: ID!) {{ {change} }}", id=row["id"])

    def delete_at_source(self, connector, row):
        query = "mutation($id: ID!) { deleteCustomer(id: $id) { result } }"
        self.as_user(connector, query, id=row["id"])

    def as_user(self, connector, query, **variables):
        login = 'mutation { login(username: "superadmin", password: "superadmin") { __typename } }'
        known = requests.post(str(connector.url), json={"query": login}, timeout=30)
        headers = {"Authorization": f"Bearer {known.headers['vendure-auth-token']}"}
        told = {"query": query, "variables": variables}
        answer = requests.post(str(connector.url), json=told, headers=headers, timeout=30)
        assert "errors" not in answer.json()
