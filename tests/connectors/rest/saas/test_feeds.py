"""The shipped descriptions that follow changes by links, held against imitations, run by run."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from connectors.contract import Query
from connectors.errors import ExpiredCursorError, UnauthorizedError
from connectors.rest import Rest
from idp_core.db.engine import reading
from idp_core.profiles import store
from pipelines.bus import open_bus
from pipelines.jobs import sync
from pipelines.project import load_project
from tests.connectors.rest.saas import base, crms, graphs
from tests.connectors.rest.saas.test_saas import connector, fill

MAPPING = """
mapping: crm
from: {connector: rest, object: users, as: c}
key: c.id
delete: c.deleted
fields:
  given_name: c.givenName
ignore: ["*"]
"""
PROJECT = """
project: p
sources:
  crm:
    connector: {{type: rest, file: microsoft_graph, url: "{url}", token_url: "{url}/token",
                client_id: x, client_secret: "env:SECRET"}}
    mode: feed
"""


class Seen(NamedTuple):
    """What is read of a system, and where its key and the address stand."""

    system: type[base.Saas]
    object: str
    key: str
    email: str


SYSTEMS = {
    each.system.file: each
    for each in (
        Seen(graphs.Graph, "users", "id", "mail"),
        Seen(crms.Dynamics, "changed_contacts", "contactid", "emailaddress1"),
    )
}


@pytest.fixture(params=SYSTEMS)
def seen(request):
    return SYSTEMS[request.param]


@pytest.fixture
def cloud(seen, system, monkeypatch):
    return started(seen.system(), system, monkeypatch)


def started(account, system, monkeypatch):
    monkeypatch.setenv("SECRET", base.SECRET)
    monkeypatch.setenv("WRONG", "wrong")
    account.server = system(account.answer)
    account.url = account.server.url
    fill(account)
    return account


def change(cloud):
    """Seven changes of six people, two of them deletions: more than a page."""
    for number in range(1000, 1005):
        cloud.put(number, f"changed{number}@example.test", f"Changed {number}")
    cloud.remove(1006)
    cloud.remove(1000)


def changes(source, seen, after=None):
    pages = list(source.changes(Query(seen.object, key=seen.key, after=after)))
    return [row for page in pages for row in page.rows], pages[-1].cursor


def test_a_read_goes_on_where_the_last_one_ended(cloud, seen):
    source = connector(cloud)
    every, position = changes(source, seen)
    assert {row[seen.email] for row in every} == {each.email for each in cloud.living()}
    change(cloud)
    news, later = changes(source, seen, position)
    gone = [row for row in news if row.get("deleted")]
    assert sorted(row[seen.key].removesuffix("-0") for row in gone) == ["1000", "1006"]
    assert {row[seen.email] for row in news if row not in gone} == {
        f"changed{number}@example.test" for number in range(1001, 1005)
    }
    cloud.server.got.clear()
    assert changes(source, seen, later)[0] == []
    assert len([each for each in cloud.server.got if each.method == "GET"]) == 1


@pytest.mark.parametrize("status", [410, 400])
def test_a_link_that_ran_out_is_told_and_so_is_a_wrong_secret(cloud, seen, status):
    source = connector(cloud)
    _, position = changes(source, seen)
    cloud.throttles = 1
    cloud.forgotten, cloud.resets = 99, status
    with pytest.raises(ExpiredCursorError) as expired:
        changes(source, seen, position)
    with pytest.raises(UnauthorizedError) as refused:
        changes(connector(cloud, "env:WRONG"), seen)
    assert not re.search("canary|wrong", f"{expired.value} {refused.value}")


def test_runs_follow_a_tenant_through_a_kill_and_a_reset(system, tmp_path, monkeypatch):
    cloud = started(graphs.Graph(), system, monkeypatch)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "crm.yaml").write_text(MAPPING)
    (tmp_path / "isthmus.yaml").write_text(PROJECT.format(url=cloud.url))

    def run():
        with open_bus(load_project(tmp_path)) as bus:
            report = sync(bus, unify=False)
            assert not report.problems, report.problems
            with reading(bus.engine) as conn:
                held = store.read_source_profiles(conn, deleted=False)
                stored = {(each.ref.key, each.attributes["given_name"]) for each in held}
        assert stored == {(str(each.id), each.first) for each in cloud.living()}
        return report.read["crm"]

    assert run() == 12
    change(cloud)
    with monkeypatch.context() as patch:
        patch.setattr(Rest, "changes", _killed(Rest.changes))
        with pytest.raises(KeyboardInterrupt):
            run()
    cloud.remove(1001)
    assert run() == 6
    cloud.remove(1003)
    cloud.forgotten = len(cloud.log)
    assert run() == 8


def _killed(changes):
    def one_page(self, query):
        yield next(changes(self, query))
        raise KeyboardInterrupt

    return one_page
