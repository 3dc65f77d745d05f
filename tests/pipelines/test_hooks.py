"""A push, from its sender to the profile: received, kept, synced, and deleted by a later one."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from connectors.errors import TransientError
from idp_core.db.engine import reading
from idp_core.profiles.tables import source_profile
from pipelines.bus import open_bus, open_workspace
from pipelines.hooks import hooked, receivers
from pipelines.jobs import sync
from pipelines.project import load_project
from tests.connectors.push.senders import SECRET, send, standard

PROJECT = """
project: pushed
sources:
  shop:
    connector:
      type: push
      proof: {type: standard, secrets: ["env:SECRET"]}
"""
MAPPING = """
mapping: shop
from: {connector: push, object: events, as: e}
key: e.id
delete: e.deleted
fields:
  email: {from: e.email, steps: [trim, lower, email], on_error: quarantine}
  given_name: e.name
ignore: [_received_at]
"""


@pytest.fixture
def project(tmp_path, monkeypatch, database_url):
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("ISTHMUS_DATABASE_URL", database_url)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "isthmus.yaml").write_text(PROJECT)
    (tmp_path / "mappings/shop.yaml").write_text(MAPPING)
    return load_project(tmp_path)


def held(project):
    with open_bus(project) as bus, reading(bus.engine) as conn:
        count = sa.select(sa.func.count()).where(~source_profile.c.deleted)
        return conn.execute(count).scalar_one()


async def elsewhere(scope, receive, send):
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b'{"status": "elsewhere"}'})


def test_a_push_becomes_a_profile_at_the_next_run(project):
    def pushed(name, row):
        body = json.dumps(row).encode()
        with open_bus(project) as bus:  # another instance each time: they share what they keep
            application = hooked(elsewhere, receivers(project, bus.engine))
            return send(application, body, standard(body, name))

    row = {"id": "7", "email": "ann@example.test", "name": "Ann", "deleted": False}
    assert pushed("a", row) == (202, "kept")
    assert pushed("a", row) == (200, "was kept before")
    assert pushed("b", {**row, "id": "8", "email": "bob@example.test"}) == (202, "kept")
    with open_bus(project) as bus:
        sync(bus)
    assert held(project) == 2
    with open_bus(project) as bus:
        sync(bus)
    assert held(project) == 2, "who is not pushed again is not gone"
    pushed("c", {**row, "deleted": True})
    with open_bus(project) as bus:
        sync(bus)
    assert held(project) == 1


def test_all_else_goes_where_it_went(project):
    with open_bus(project) as bus:
        application = hooked(elsewhere, receivers(project, bus.engine))
    for path in ("/", "/hooks/", "/hooks/other", "/hooks/shop/more"):
        assert send(application, b"{}", {}, path=path) == (404, "elsewhere")


def test_rows_wait_in_a_file_here_and_in_a_database_that_hosts_share(project):
    with open_bus(project) as bus:
        shared = bus.shared
        bus.source("shop").check()
    assert open_workspace(project).source("shop").check().identity == (
        "inbox shop in the database" if shared else "inbox shop.inbox"
    )
    assert (project.data_folder / "shop.inbox").exists() == (not shared)


def test_a_database_that_was_never_made_is_told_with_the_mend(project):
    workspace = open_workspace(project)
    if workspace.shared:
        with pytest.raises(TransientError, match="isthmus db upgrade"):
            workspace.source("shop").check()
