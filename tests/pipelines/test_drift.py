"""A schema that changes while a source is read: what a whole run does by each policy of drift."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from connectors.contract import Query
from connectors.kit import FaultyProxy, JsonShape, Lie
from connectors.kit.lies import ADDED
from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from idp_core.profiles.tables import profile, source_profile
from pipelines.bus import open_bus, open_workspace
from pipelines.jobs import sync
from pipelines.project import load_project

PAGE = 4
ROWS = [
    {"id": f"k{n:02}", "changed": f"2026-01-01T00:00:{n:02}Z", "email": f"p{n}@example.test",
     "note": f"note {n}"}
    for n in range(11)
]  # fmt: skip
PROJECT = """
project: drifting
policies: {likeness: false}
sources:
  crm:
    mode: %s
    drift: %s
    connector:
      type: rest
      url: %s
      http: {attempts: 1}
      objects:
        people:
          path: people
          items: people
          key: id
          pagination: {type: offset}
          cursor: {since: "{after}"}
"""
MAPPING = """
mapping: crm
from: {connector: rest, object: people, as: p}
key: p.id
cursor: p.changed
fields:
  email: {from: p.email, steps: [trim, lower, email], on_error: quarantine}
  nickname: {from: p.note, steps: [trim]}
ignore: [%s]
"""


class _Api(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = {name: each[0] for name, each in parse_qs(urlsplit(self.path).query).items()}
        start = int(asked["offset"])
        left = [row for row in ROWS if row["changed"] >= asked.get("since", "")]
        body = json.dumps({"people": left[start : start + PAGE]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def api():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class World:
    """A project that reads through a proxy which has learnt the pages of an honest read."""

    def __init__(self, folder, proxy, mode):
        self.folder, self.proxy, self.mode = folder, proxy, mode
        (folder / "mappings").mkdir()

    def write(self, policy, ignore="id"):
        text = PROJECT % (self.mode, policy, self.proxy.url)
        (self.folder / "isthmus.yaml").write_text(text)
        (self.folder / "mappings/crm.yaml").write_text(MAPPING % ignore)

    def learn(self):
        source = open_workspace(load_project(self.folder)).source("crm")
        cursor = "changed" if self.mode == "cursor" else None
        assert sum(len(p.rows) for p in source.read(Query("people", key="id", cursor=cursor))) == 11

    def run(self):
        with open_bus(load_project(self.folder)) as bus:
            return sync(bus)

    def held(self):
        """Notes by key, of the records that are stored; how many profiles there are; letters."""
        with open_bus(load_project(self.folder)) as bus, reading(bus.engine) as conn:
            found = conn.execute(sa.select(source_profile.c.key, source_profile.c.attributes))
            notes = {row.key: row.attributes.get("nickname") for row in found}
            people = conn.scalar(sa.select(sa.func.count()).select_from(profile))
            return notes, people, list(ledger.list_letters(conn, source="crm"))


@pytest.fixture(params=["full", "cursor"])
def world(tmp_path, api, request):
    with FaultyProxy(api, shape=JsonShape("people"), column="note") as proxy:
        yield World(tmp_path, proxy, request.param)


@pytest.mark.parametrize(
    ("lie", "policy"),
    [(Lie.WIDENED, "tell"), (Lie.WIDENED, "stop"), (Lie.WIDENED, "ignore"),
     (Lie.NARROWED, "stop"), (Lie.RETYPED, "stop")],
)  # fmt: skip
def test_a_schema_that_changes_while_it_is_read_follows_the_policy_and_loses_nothing(
    world, lie, policy
):
    world.write(policy)
    world.learn()
    world.proxy.lie(lie)
    report = world.run()
    told = f"{ADDED}: neither mapped nor under ignore" in str(report)
    assert told is (lie is Lie.WIDENED and policy != "ignore")
    notes, people, letters = world.held()
    assert letters == []
    stopped = lie is Lie.WIDENED and policy == "stop"
    assert (len(notes), people, len(report.problems)) == ((0, 0, 1) if stopped else (11, 11, 0))
    if stopped:
        world.write(policy, ignore=f"id, {ADDED}")  # the mend
        assert world.run().problems == ()
        notes, people, _ = world.held()
        assert people == 11
    first = {row["id"]: row["note"] for row in ROWS[:PAGE]}
    assert {key: notes[key] for key in first} == first, "what came before is as it was"
    later = {notes[row["id"]] for row in ROWS[PAGE:]}
    assert (
        later
        == {
            Lie.WIDENED: {row["note"] for row in ROWS[PAGE:]},
            Lie.NARROWED: {None},
            Lie.RETYPED: {"7"},
        }[lie]
    )
