"""How sources are read: by cursor, whole, by feed; what a kill, a resync or a wrong clock does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
import structlog

from connectors import memory
from connectors.contract import Cursor, Page
from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from idp_core.profiles import store
from pipelines.bus import open_bus
from pipelines.errors import ProjectError
from pipelines.filtered import older
from pipelines.jobs import sync
from pipelines.project import load_project
from pipelines.reading import believed

MAPPING = """
mapping: crm
from: {connector: memory, object: people, as: c}
key: c.id
delete: c._deleted
fields:
  email: {from: c.mail, steps: [trim, lower, email]}
  family_name: c.name
ignore: [changed]
"""
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class System:
    """A store in memory with a feed, and the project that reads it."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.held = memory.store(name)
        self.held.rows["people"] = []
        self.held.log["people"] = []

    def put(self, key, name="Lee", **more):
        row = {"id": key, "mail": f"{key}@example.org", "name": name, **more}
        self.held.rows["people"] = [r for r in self.held.rows["people"] if r["id"] != key] + [row]
        self.held.log["people"].append(row)

    def remove(self, key):
        self.held.rows["people"] = [r for r in self.held.rows["people"] if r["id"] != key]
        self.held.log["people"].append({"id": key, "_deleted": True})

    def project(self, *more):
        lines = ["project: p", "sources:", "  crm:"]
        lines += [f"    connector: {{type: memory, store: {self.name}}}", *more]
        (self.folder / "isthmus.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return load_project(self.folder)

    def run(self, *more):
        with open_bus(self.project(*more)) as bus:
            report = sync(bus, unify=False)
            assert not report.problems, report.problems
            return report

    def stored(self):
        with open_bus(load_project(self.folder)) as bus, reading(bus.engine) as conn:
            return {p.ref.key for p in store.read_source_profiles(conn, deleted=False)}

    def says(self, attribute):
        with open_bus(load_project(self.folder)) as bus, reading(bus.engine) as conn:
            live = store.read_source_profiles(conn, deleted=False)
            return sum(attribute in p.attributes for p in live)


@pytest.fixture
def system(tmp_path):
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "crm.yaml").write_text(MAPPING, encoding="utf-8")
    name = str(tmp_path)
    yield System(tmp_path, name)
    memory.forget(name)


FEED = "    mode: feed"


def test_a_feed_brings_all_at_first_and_then_only_what_changed(system):
    for key in "abc":
        system.put(key)
    assert system.run(FEED).read == {"crm": 3}
    system.put("b", "Kay")
    system.remove("c")
    report = system.run(FEED)
    assert report.read == {"crm": 2}
    assert (report.taken["crm"].changed, report.taken["crm"].deleted) == (1, 1)
    assert system.run(FEED).read == {"crm": 0}
    assert system.stored() == {"a", "b"}


def test_a_feed_that_only_deletes_is_no_drift(system):
    system.put("a")
    system.run(FEED)
    system.remove("a")
    taken = system.run(FEED).taken["crm"]
    assert (taken.deleted, taken.warnings) == (1, ())


def test_a_feed_that_forgot_the_position_is_read_anew_and_what_is_gone_goes(system):
    for number in range(20):
        system.put(f"k{number}")
    system.run(FEED)
    system.held.rows["people"] = [r for r in system.held.rows["people"] if r["id"] != "k3"]
    system.held.forgotten = 100
    report = system.run(FEED)
    assert report.read == {"crm": 19}
    assert report.taken["crm"].deleted == 1
    assert "k3" not in system.stored()


def test_a_resync_that_would_empty_the_store_is_stopped(system):
    for number in range(20):
        system.put(f"k{number}")
    system.run(FEED)
    system.held.rows["people"] = system.held.rows["people"][:1]
    system.held.forgotten = 100
    with open_bus(system.project(FEED)) as bus:
        (problem,) = sync(bus, unify=False).problems
    assert "are gone from the source" in str(problem)
    assert len(system.stored()) == 20


def test_a_first_read_that_was_killed_leaves_no_ghost(system, monkeypatch):
    for key in "abcde":
        system.put(key)
    monkeypatch.setattr(memory.Memory, "changes", _killed(memory.Memory.changes))
    with open_bus(system.project(FEED)) as bus, pytest.raises(KeyboardInterrupt):
        sync(bus, unify=False)
    monkeypatch.undo()
    system.remove("a")
    system.run(FEED)
    assert system.stored() == set("bcde")


def _killed(changes):
    def two_pages(self, query):
        from dataclasses import replace

        pages = changes(self, replace(query, page_size=2))
        yield next(pages)
        raise KeyboardInterrupt

    return two_pages


def test_a_source_without_a_feed_says_so(system):
    (system.folder / "people.csv").write_text("id,mail,name\n")
    text = MAPPING.replace("memory", "files").replace("delete: c._deleted\n", "")
    (system.folder / "mappings" / "crm.yaml").write_text(text, encoding="utf-8")
    text = "project: p\nsources:\n  crm:\n    connector: {type: files, path: people.csv}\n"
    (system.folder / "isthmus.yaml").write_text(f"{text}{FEED}\n", encoding="utf-8")
    with open_bus(load_project(system.folder)) as bus:
        (problem,) = sync(bus).problems
    assert isinstance(problem, ProjectError)
    assert "has no feed of changes; take mode: cursor or mode: full" in str(problem)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("2026-03-01T11:59:00+00:00", True),
        ("2026-03-01T12:04:00+00:00", True),
        ("2026-03-02T00:00:00+00:00", False),
        ("2026-03-02T01:00:00", True),
        ("2031-01-01T00:00:00", False),
        ("4711", True),
        ("0x00000000000007D1", True),
    ],
)
def test_a_position_never_runs_ahead_of_the_clock(value, kept):
    found = believed(Cursor(value, "k"), NOW)
    assert (found == Cursor(value, "k")) is kept
    if not kept:
        assert found.key == ""
        assert datetime.fromisoformat(found.value) < datetime.fromisoformat(value)


def test_a_row_dated_in_the_future_hides_none_that_come_after_it(system):
    text = MAPPING.replace("key: c.id\n", "key: c.id\ncursor: c.changed\n")
    (system.folder / "mappings" / "crm.yaml").write_text(text, encoding="utf-8")
    system.put("a", changed="2020-01-01T00:00:00+00:00")
    system.put("z", changed="2999-01-01T00:00:00+00:00")
    system.run()
    with open_bus(load_project(system.folder)) as bus, reading(bus.engine) as conn:
        known = ledger.read_cursor_of(conn, "crm", "people")
    assert known.value < "2999"
    system.put("b", changed=datetime.now(UTC).isoformat())
    system.run()
    assert system.stored() == {"a", "b", "z"}


def test_columns_that_nobody_spoke_of_and_columns_that_vanished_are_told(system):
    system.put("a", fax="1", changed="x")
    report = system.run()
    (unmapped, missing) = report.taken["crm"].warnings
    assert unmapped.endswith("crm.yaml: fax: neither mapped nor under ignore")
    assert missing.endswith("_deleted: read by the mapping, but not in what was read")


CURSOR_MAPPING = MAPPING.replace("key: c.id", "key: c.id\ncursor: c.changed").replace(
    "ignore: [changed]\n", ""
)


@pytest.mark.parametrize("mapping", [MAPPING, CURSOR_MAPPING], ids=["whole", "by cursor"])
def test_an_attribute_that_nobody_says_any_more_stops_the_source(system, mapping):
    (system.folder / "mappings" / "crm.yaml").write_text(mapping, encoding="utf-8")
    for number in range(20):
        system.put(f"k{number}", changed="2026-01-01T00:00:00Z")
    system.run()
    for number in range(20):
        system.put(f"k{number}", name=None, changed="2026-01-02T00:00:00Z")
    with open_bus(system.project()) as bus:
        (problem,) = sync(bus, unify=False).problems
    assert "crm: no row says any more: family_name (20 records had it)" in str(problem)
    assert system.says("family_name") == 20
    system.run("    max_shrink: 100")
    assert system.says("family_name") == 0


def test_few_records_may_lose_an_attribute(system):
    for number in range(19):
        system.put(f"k{number}")
    system.run()
    for number in range(19):
        system.put(f"k{number}", name=None)
    system.run()
    assert system.says("family_name") == 0


DATED = MAPPING.replace("ignore: [changed]", "cursor: c.changed")
DAYS = [f"2026-01-0{n}T00:00:00Z" for n in range(1, 8)]


@pytest.mark.parametrize("ignored", [False, True])
def test_a_source_that_gives_what_was_to_be_left_out_is_told(system, monkeypatch, ignored):
    (system.folder / "mappings/crm.yaml").write_text(DATED, encoding="utf-8")
    for number, day in enumerate(DAYS):
        system.put(f"k{number}", changed=day)
    system.run()
    if ignored:
        monkeypatch.setattr(memory, "_is_after", lambda *_: True)
    with structlog.testing.capture_logs() as logs:
        system.run()
    told = [each for each in logs if each["event"] == "extract.filter_ignored"]
    assert [each["rows"] for each in told] == ([6] if ignored else [])


@pytest.mark.parametrize(
    ("values", "after", "count"),
    [
        (["2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"], "2026-01-01T00:00:00Z", 0),
        (["2025-12-31T23:00:00-02:00", "2025-12-31 23:59:59"], "2026-01-01T00:00:00Z", 0),
        (["2025-12-31T23:59:59Z", None, True, "never"], "2026-01-01T00:00:00+00:00", 1),
        ([datetime(2026, 1, 1), date(2025, 12, 31)], "2026-01-01 00:00:00", 1),  # noqa: DTZ001
        ([1, 9.5, Decimal(10), 10], "10", 2),
        (["9", "10"], "10", 0),
        ([1, 2], "abc", 0),
    ],
)
def test_only_what_is_surely_older_counts(values, after, count):
    rows = [{"at": value} for value in values]
    assert older(Page(rows), "at", Cursor(after)) == count
    if all(isinstance(value, type(values[0])) for value in values):
        batch = pa.RecordBatch.from_pylist(rows)
        assert older(Page(batch), "at", Cursor(after)) == count
        assert older(Page(batch), "other", Cursor(after)) == 0


def test_columns_that_nobody_knows_are_told_stop_the_source_or_are_ignored(system):
    system.put("a", shoe=43)
    with open_bus(system.project()) as bus:
        assert "shoe: neither mapped nor under ignore" in str(sync(bus, unify=False))
    system.put("b", shoe=44)
    with open_bus(system.project("    drift: stop")) as bus:
        report = sync(bus, unify=False)
    assert "shoe: neither mapped nor under ignore. Nothing of it was stored" in str(report)
    assert len(system.stored()) == 1
    with open_bus(system.project("    drift: ignore")) as bus:
        report = sync(bus, unify=False)
    assert "shoe" not in str(report)
    assert len(system.stored()) == 2


def widened(self, query, read=memory.Memory.read):
    """Rows that have one more column from the second page on."""
    yield next(pages := read(self, replace(query, page_size=2)))
    for page in pages:
        yield replace(page, rows=[{**row, "shoe": 43} for row in page.rows])


@pytest.mark.parametrize(
    ("policy", "told", "stored"), [("tell", True, 5), ("stop", True, 0), ("ignore", False, 5)]
)
def test_a_column_that_comes_while_a_source_is_read_follows_the_policy(
    system, monkeypatch, policy, told, stored
):
    for key in "abcde":
        system.put(key)
    monkeypatch.setattr(memory.Memory, "read", widened)
    with open_bus(system.project(f"    drift: {policy}")) as bus:
        report = sync(bus, unify=False)
    assert ("shoe: neither mapped nor under ignore" in str(report)) is told
    assert len(system.stored()) == stored
    system.run("    drift: tell")
    assert len(system.stored()) == 5
