"""Vendure, a shop with a GraphQL API, by its shipped description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connectors.registry import build
from pipelines.sandbox.postgres import Postgres
from pipelines.sandbox.processes import free_port
from tests.real.packages import npm_packages
from tests.real.shipped import Shipped
from tests.real.starting import running

pytestmark = pytest.mark.real

SERVER = """
const { bootstrap, DefaultLogger, LogLevel } = require('@vendure/core');
const told = JSON.parse(process.env.TOLD);
bootstrap({
  apiOptions: { port: told.port, hostname: '127.0.0.1', adminApiPath: 'admin-api' },
  authOptions: {
    tokenMethod: ['bearer'], requireVerification: false,
    superadminCredentials: { identifier: 'superadmin', password: 'superadmin' },
  },
  dbConnectionOptions: {
    type: 'postgres', host: '127.0.0.1', port: told.databasePort, username: 'postgres',
    password: told.password, database: 'vendure', synchronize: true,
  },
  paymentOptions: { paymentMethodHandlers: [] },
  customFields: { Customer: [{ name: 'globalId', type: 'string', nullable: true }] },
  logger: new DefaultLogger({ level: LogLevel.Warn }), plugins: [],
}).then(() => console.log('READY')).catch(error => { console.error(error); process.exit(1); });
"""


@pytest.fixture(scope="module")
def vendure(tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres) -> Iterator[str]:
    """A new Vendure whose customers have a custom field `globalId`; its address."""
    # The newest tree of packages asks for one that is not published everywhere.
    options = ["--ignore-scripts", "--omit=dev", "--before=2026-08-20"]
    modules = npm_packages("vendure", *options, "@vendure/core@3.7", "pg")
    folder = tmp_path_factory.mktemp("vendure")
    (folder / "server.js").write_text(SERVER)
    postgres_server.create("vendure")
    port = free_port()
    told = {
        "port": port,
        "databasePort": postgres_server.port,
        "password": postgres_server.password,
    }
    log = folder / "log"
    with running(
        ["node", folder / "server.js"],
        lambda: "READY" in log.read_text("utf-8", "replace"),
        folder=folder,
        environment={"TOLD": json.dumps(told), "NODE_PATH": str(modules / "node_modules")},
        seconds=180,
    ):
        yield f"http://127.0.0.1:{port}"
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
            "url": f"{url}/admin-api",
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
