"""SOAP written to a service made with node-soap, the library that npm has for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

import pytest
import requests

from connectors.contract import Action, Change
from connectors.errors import ConflictError, NotFoundError, RejectedError, UncertainError
from connectors.kit import TargetContract
from connectors.registry import build
from connectors.soap.connector import SoapTarget
from pipelines.sandbox.processes import free_port
from tests.connectors.soap.accounts import WSDL, settings
from tests.real.packages import npm_packages
from tests.real.starting import answers, running

pytestmark = pytest.mark.real

SERVER = """
const http = require('http'), fs = require('fs'), soap = require('soap');
const port = Number(process.env.PORT), accounts = new Map();
let made = 0;
const fault = code => { throw { Fault: {
  faultcode: 'app:' + code, faultstring: 'secret', statusCode: 500 } }; };
const plain = given => Object.fromEntries(Object.entries(given || {})
  .filter(([name]) => name !== 'attributes')
  .map(([name, value]) => [name, value !== null && typeof value === 'object' ? null : value]));
const one = given => accounts.get(given.id) || fault('Unknown');
const NAMES = ['id', 'key', 'userName', 'given', 'family', 'active'];  // the order of the WSDL
const shown = account => Object.fromEntries(NAMES.filter(name => account[name] != null)
  .map(name => [name, account[name]]));
const port_ = {
  List: given => {
    const found = [...accounts.values()].filter(a => given.key == null || a.key === given.key);
    return { account: found.slice(given.from, given.from + given.count).map(shown) };
  },
  Get: given => ({ account: shown(one(given)) }),
  Create: given => {
    const account = { active: true, ...plain(given.account) };
    if (account.userName === 'broken') fault('Server');
    if ([...accounts.values()].some(a => a.key === account.key)) fault('Duplicate');
    account.id = 'a' + ++made;
    accounts.set(account.id, account);
    return { id: account.id };
  },
  Update: given => { Object.assign(one(given), plain(given.account)); return { id: given.id }; },
  Delete: given => { one(given); accounts.delete(given.id); return { id: given.id }; },
};
const server = http.createServer((request, response) => {
  if (request.method === 'DELETE') { accounts.clear(); response.end('empty'); }
});
server.listen(port, '127.0.0.1', () => soap.listen(server, {
  path: '/accounts', services: { AccountsService: { AccountsPort: port_ } },
  xml: fs.readFileSync('accounts.wsdl', 'utf8'), handleNilAsNull: true }));
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    modules = npm_packages("soap", "soap@1.13.0")
    folder, port = tmp_path_factory.mktemp("soap"), free_port()
    (folder / "server.js").write_text(SERVER)
    (folder / "accounts.wsdl").write_text(WSDL)
    url = f"http://127.0.0.1:{port}/accounts"
    known = {"PORT": str(port), "NODE_PATH": str(modules / "node_modules")}
    command = [shutil.which("node") or "node", folder / "server.js"]
    with running(command, lambda: answers(f"{url}?wsdl"), folder=folder, environment=known):
        yield url


@pytest.fixture
def service(address):
    requests.delete(address.removesuffix("/accounts"), timeout=10).raise_for_status()
    return address


def node(url: str) -> SoapTarget:
    built = build("soap", settings(url), Path())
    assert isinstance(built, SoapTarget)
    return built


class TestNodeSoap(TargetContract):
    fixed: ClassVar = {"given": "Zoë"}
    edited: ClassVar = ("family", "Lee", "O'Brien-日本")

    @pytest.fixture
    def target(self, service):
        return node(service)


def test_its_faults_are_told_apart(service):
    target = node(service)

    def done(number, action, key, **more):
        (outcome,) = target.apply([Change(number, "User", action, key, **more)])
        assert "secret" not in str(outcome.error)
        return outcome

    assert done(1, Action.CREATE, "k1", after={"userName": "ann"}).error is None
    twice = done(2, Action.CREATE, "k1", after={"userName": "bob"})
    assert isinstance(twice.error, ConflictError)
    gone = done(3, Action.UPDATE, "k9", id="a99", after={"given": "Ann"})
    assert isinstance(gone.error, NotFoundError)
    unsure = done(4, Action.CREATE, "k2", after={"userName": "broken"})
    assert isinstance(unsure.error, UncertainError)
    odd = done(5, Action.CREATE, "k3", after={"userName": "ann", "active": "perhaps?"})
    assert odd.error is None or isinstance(odd.error, RejectedError)
    assert [account.key for account in target.accounts("User")][:1] == ["k1"]
