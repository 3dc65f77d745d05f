"""News find their person without a whole run: pushes and sign-ups, looked for cheaply."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from idp_core.accounts import store as accounts
from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from idp_core.profiles import store as profiles
from pipelines.bus import Bus, open_bus
from pipelines.errors import JobError
from pipelines.hooks import hooked, receivers
from pipelines.jobs import RunReport, sync
from pipelines.news import follow, is_news, unify
from pipelines.project import Project, load_project
from pipelines.running import running
from tests.connectors.push.senders import SECRET, send, standard
from tests.pipelines.test_hooks import MAPPING, PROJECT, elsewhere

CRM = """
mapping: crm
from: {connector: files, object: crm, as: c}
key: c.id
fields:
  email: c.email
  given_name: c.name
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Project:
    """Return a project with a source that is pushed to, and one that is a file."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("ISTHMUS_DATABASE_URL", database_url)
    (tmp_path / "mappings").mkdir()
    more = "  crm:\n    connector: {type: files, path: crm.csv}\n"
    (tmp_path / "isthmus.yaml").write_text(PROJECT + more)
    (tmp_path / "mappings/shop.yaml").write_text(MAPPING)
    (tmp_path / "mappings/crm.yaml").write_text(CRM)
    (tmp_path / "crm.csv").write_text("id,email,name\n1,ann@example.test,Ann\n")
    return load_project(tmp_path)


@pytest.fixture
def bus(project: Project) -> Iterator[Bus]:
    with open_bus(project) as bus:
        yield bus


def push(bus: Bus, name: str, /, **row: Any) -> None:
    body = json.dumps({"deleted": False, **row}).encode()
    application = hooked(elsewhere, receivers(bus.project, bus.engine))
    assert send(application, body, standard(body, name))[0] == 202


def sign_up(bus: Bus, email: str) -> str:
    with writing(bus.engine) as conn:
        made = accounts.create(conn, email, {"given_name": "Ann"}, datetime.now(UTC))
    return made.id


def gid_of(bus: Bus, account: str) -> str | None:
    with reading(bus.engine) as conn:
        return accounts.profile_gid(conn, account)


def test_a_sign_up_finds_its_person_without_a_whole_run(bus: Bus) -> None:
    sync(bus)
    (bus.project.folder / "crm.csv").write_text("id,email,name\n2,bob@example.test,Bob\n")
    assert not is_news(bus), "a source that is read is no news"
    account = sign_up(bus, "ann@example.test")
    assert gid_of(bus, account) is None
    assert is_news(bus)
    report = unify(bus)
    gid = gid_of(bus, account)
    assert gid is not None
    with reading(bus.engine) as conn:
        assert {ref.source for ref in profiles.members(conn, gid)} == {"crm", "login"}
    assert report.golden == {"created": 0, "changed": 1, "unchanged": 0, "deleted": 0}
    assert "crm" not in report.read, "other sources are not read"
    assert not is_news(bus)


def test_a_push_is_news_until_it_was_read(bus: Bus) -> None:
    sync(bus)
    assert not is_news(bus)
    push(bus, "a", id="7", email="ann@example.test", name="Ann")
    assert is_news(bus)
    report = unify(bus)
    assert report.taken["shop"].inserted == 1
    assert not is_news(bus)
    push(bus, "b", id="7", email="ann@example.test", name="Ann", deleted=True)
    assert is_news(bus)
    assert unify(bus).taken["shop"].deleted == 1


def test_a_position_of_another_source_is_told_and_ends_nothing(bus: Bus) -> None:
    sync(bus)
    push(bus, "a", id="7", email="ann@example.test", name="Ann")
    with writing(bus.engine) as conn:
        ledger.save_cursor(conn, "shop", "events", ledger.Cursor("2026-01-01", "k", ""))
    troubles, ended = list[JobError](), threading.Event()

    def told(error: JobError) -> None:
        troubles.append(error)
        ended.set()

    follow(bus, 0.01, ended, pytest.fail, told)
    assert "shop: the stored position is not one of an inbox" in str(troubles[0])


def test_a_change_that_comes_while_it_is_followed_is_unified(bus: Bus) -> None:
    sync(bus)
    ended, reports = threading.Event(), list[RunReport]()
    accounts_made = []

    def told(report: RunReport) -> None:
        reports.append(report)
        if len(reports) == 1:
            accounts_made.append(sign_up(bus, "bob@example.test"))
        else:
            ended.set()

    push(bus, "a", id="8", email="bob@example.test", name="Bob")
    follow(bus, 0.05, ended, told, pytest.fail)
    assert len(reports) == 2
    assert gid_of(bus, accounts_made[0]) is not None
    with reading(bus.engine) as conn:
        runs = [each.job for each in ledger.list_runs(conn)]
    assert runs.count("unify") == 2, "a look without news begins no run"


def test_while_another_run_is_on_news_wait(bus: Bus) -> None:
    sync(bus)
    account = sign_up(bus, "ann@example.test")
    ended, reports = threading.Event(), list[RunReport]()
    with running(bus, "sync", "manual"):
        threading.Timer(0.4, ended.set).start()
        follow(bus, 0.05, ended, reports.append, pytest.fail)
    assert not reports
    assert gid_of(bus, account) is None
    ended.clear()

    def told(_: RunReport) -> None:
        ended.set()

    follow(bus, 0.05, ended, told, pytest.fail)
    assert gid_of(bus, account) is not None


def test_the_same_trouble_is_told_once(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(bus)
    sign_up(bus, "ann@example.test")
    tries, troubles, ended = [], list[JobError](), threading.Event()

    def refuse(_: Bus, **__: object) -> RunReport:
        tries.append(1)
        if len(tries) == 3:
            ended.set()
        raise JobError("nobody approved the rules")

    monkeypatch.setattr("pipelines.news.unify", refuse)
    follow(bus, 0.01, ended, pytest.fail, troubles.append)
    assert len(tries) == 3
    assert [str(each) for each in troubles] == ["nobody approved the rules"]
