"""The doctor finds what is wrong, says how it is mended, changes nothing and shows no secret."""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors import memory
from idp_core.db import schema
from idp_core.db.engine import writing
from idp_core.db.types import utc_text
from idp_core.ledger import store as ledger
from idp_core.ledger.tables import project_lock
from idp_core.provisioning import accounts, journal, plans
from idp_core.provisioning.model import PlanStatus
from pipelines.bus import open_bus
from pipelines.doctor import installation, storage
from pipelines.doctor.examine import examine
from pipelines.doctor.findings import Grade
from pipelines.jobs import sync
from pipelines.project import load_project

MAPPING = """\
mapping: crm
from: {connector: memory, object: people, as: c}
key: c.id
fields: {email: {from: c.mail, steps: [trim, email]}, family_name: c.last}
"""
PUSH = """\
push: portal
purpose: letting customers in
to: {object: User}
fields: {userName: p.email}
"""
PROJECT = """\
project: trial
sources:
  crm:
    connector: {type: memory, store: doctor}
targets:
  portal:
    connector: {type: memory, store: doctor}
"""


@pytest.fixture
def folder(tmp_path):
    """A project of one source and one target that works."""
    memory.store("doctor").rows["people"] = [
        {"id": "1", "mail": "a@b.example", "last": "Lee"},
        {"id": "2", "mail": "nonsense", "last": "Li"},
    ]
    memory.store("doctor").accounts["User"] = {}
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "crm.yaml").write_text(MAPPING)
    (tmp_path / "mappings" / "portal.push.yaml").write_text(PUSH)
    (tmp_path / "isthmus.yaml").write_text(PROJECT)
    yield tmp_path
    memory.forget("doctor")


def write(folder, text):
    (folder / "isthmus.yaml").write_text(text)


def found(folder, grade):
    return [(each.about, each.said) for each in examine(folder) if each.grade is grade]


def only(folder, grade):
    (one,) = found(folder, grade)
    return one


def ran(folder):
    with open_bus(load_project(folder)) as bus:
        sync(bus)


def test_a_project_that_works_has_nothing_to_mend_and_is_left_as_it_was(folder):
    before = sorted(folder.rglob("*"))
    assert found(folder, Grade.WARN) == found(folder, Grade.FAIL) == []
    assert sorted(folder.rglob("*")) == before


def test_every_part_is_looked_at(folder):
    ran(folder)
    assert {each.about for each in examine(folder)} == {
        *("python", "packages", "our packages", "connectors", "project", "mappings", "policies"),
        "purposes",
        *("data folder", "disk", "database", "integrity", "lock", "last run", "dead letters"),
        *("sources.crm", "targets.portal"),
    }


def test_a_warning_or_failure_says_what_to_do(folder):
    ran(folder)
    about, said = only(folder, Grade.WARN)
    assert (about, said) == ("dead letters", "open: 1 of crm (map)")
    assert all(each.mend for each in examine(folder) if each.grade is Grade.WARN)


def test_a_target_that_has_data_for_no_purpose_is_told(folder):
    said = [each.said for each in examine(folder) if each.about == "purposes"]
    assert said == ["portal: letting customers in"]
    (folder / "mappings" / "portal.push.yaml").write_text(PUSH.replace("purpose", "# purpose"))
    about, told = only(folder, Grade.WARN)
    assert (about, told) == ("purposes", "portal: nothing says what it has customers' data for")


def test_a_project_file_that_is_wrong_leaves_only_the_installation(folder):
    write(folder, "project: trial\nsorces: {}\nshedule: x\n")
    assert [about for about, _ in found(folder, Grade.FAIL)] == ["project", "project"]
    assert "did you mean 'sources'?" in found(folder, Grade.FAIL)[0][1]


def test_every_wrong_file_is_told_with_its_place(folder):
    (folder / "mappings" / "crm.yaml").write_text(MAPPING.replace("trim", "trm"))
    (folder / "mappings" / "portal.push.yaml").unlink()
    write(folder, PROJECT + "    limits: {removal: 1}\npolicies: {identifiers: own.yaml}\n")
    told = dict(found(folder, Grade.FAIL))
    assert "portal.push.yaml: no such file" in told["mappings"]
    assert told["targets.portal.limits"] == (
        "targets.portal.limits.removal: unknown limit; did you mean 'removals'?"
    )
    assert "own.yaml" in told["policies"]


def test_references_to_secrets_are_resolved_and_not_shown(folder, monkeypatch):
    connector = "{type: scim, url: 'http://127.0.0.1:1/', auth: {type: bearer, token: 'env:DOC_T'}}"
    write(folder, PROJECT.replace("{type: memory, store: doctor}\n", f"{connector}\n", 2))
    write(
        folder,
        PROJECT[: PROJECT.index("targets")] + f"targets: {{portal: {{connector: {connector}}}}}\n",
    )
    told = dict(found(folder, Grade.FAIL))
    assert told["secrets"] == "env:DOC_T: not set; export DOC_T first"
    monkeypatch.setenv("DOC_T", "s3cr3t-canary")
    everything = list(examine(folder))
    assert ("secrets", "1 of 1 references lead to a secret") in found(folder, Grade.OK)
    assert "s3cr3t-canary" not in repr(everything)
    assert dict(found(folder, Grade.FAIL)).keys() == {"targets.portal"}


def test_a_lock_of_a_dead_run_is_stale_and_one_of_a_living_run_is_not(folder):
    ran(folder)
    with open_bus(load_project(folder)) as bus:
        with writing(bus.engine) as conn:
            begun = ledger.start_run(conn, "sync")
            ledger.take_lock(conn, "trial", begun.id)
        assert "is going on" in dict(found(folder, Grade.OK))["lock"]
        with writing(bus.engine) as conn:
            conn.execute(sa.update(project_lock).values(started="another process"))
    assert "died without a word" in dict(found(folder, Grade.WARN))["lock"]


def test_rows_that_landed_and_were_not_taken_in_are_told_and_lost_files_fail(folder):
    ran(folder)
    with open_bus(load_project(folder)) as bus:
        page = bus.landing / "crm" / "x.jsonl"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("{}\n{}\n")
        with writing(bus.engine) as conn:
            begun = ledger.start_run(conn, "sync")
            ledger.land_page(conn, begun.id, "crm", "people", "crm/x.jsonl", 2)
    assert "2 rows landed at " in dict(found(folder, Grade.WARN))["source crm"]
    page.unlink()
    assert "their files are gone" in dict(found(folder, Grade.FAIL))["source crm"]


def test_changes_without_an_outcome_are_told(folder):
    ran(folder)
    with open_bus(load_project(folder)) as bus, writing(bus.engine) as conn:
        plan = plans.latest_plan(conn, "portal", "User", [PlanStatus.APPLIED])
        line = (1, "g1", "create", 1, utc_text(datetime.now(UTC)))
        journal.put_intents(conn, plan.id, "portal", "User", [line])
    assert "1 changes were sent" in dict(found(folder, Grade.WARN))["target portal"]


def test_profiles_that_share_an_account_of_a_target_are_told(folder):
    ran(folder)
    with open_bus(load_project(folder)) as bus, writing(bus.engine) as conn:
        (ann, *_) = accounts.read_accounts(conn, "portal", "User").values()
        accounts.save_accounts(conn, [replace(ann, gid="g-other")])
    said = dict(found(folder, Grade.WARN))["target portal"]
    assert said == f"an account is held by several profiles: {ann.gid} and g-other"


def test_the_last_run_that_failed_says_why(folder):
    memory.forget("doctor")
    ran(folder)
    said = dict(found(folder, Grade.WARN))["last run"]
    assert "sync" in said
    assert "failed" in said
    assert "people" in said


def test_a_source_that_cannot_be_reached_fails_beside_the_others(folder):
    write(
        folder, PROJECT.replace("{type: memory, store: doctor}", "{type: files, path: no.csv}", 1)
    )
    told = dict(found(folder, Grade.FAIL))
    assert "no such file" in told["sources.crm"]
    assert "targets.portal" not in told


def test_an_old_database_is_a_warning_a_newer_one_a_failure(folder):
    with open_bus(load_project(folder)) as bus:
        with writing(bus.engine) as conn:
            conn.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
        assert "at version 0001" in dict(found(folder, Grade.WARN))["database"]
        with writing(bus.engine) as conn:
            conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        assert "newer than this code" in dict(found(folder, Grade.FAIL))["database"]


def test_a_damaged_database_file_fails(folder):
    ran(folder)
    file = folder / "data" / "isthmus.db"
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = bytearray(file.read_bytes())
    raw[40_960 : 40_960 + 8192] = b"\xff" * 8192
    file.write_bytes(raw)
    assert "damaged" in dict(found(folder, Grade.FAIL))["integrity"]


def test_a_database_that_cannot_be_reached_fails_and_hides_nothing_else(folder):
    write(folder, PROJECT + "database: postgresql://me:hidden@127.0.0.1:1/x\n")
    about, said = only(folder, Grade.FAIL)
    assert about == "database"
    assert "hidden" not in said
    assert ("targets.portal", "memory doctor") in found(folder, Grade.OK)


def test_the_clock_of_a_database_server_is_compared_with_ours(folder, postgres_url, monkeypatch):
    write(folder, PROJECT + f"database: {postgres_url}\n")
    ran(folder)
    assert "apart" in dict(found(folder, Grade.OK))["clock"]

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz or UTC) + timedelta(minutes=5)

    monkeypatch.setattr(storage, "datetime", Later)
    assert "apart" in dict(found(folder, Grade.WARN))["clock"]


def test_a_folder_where_others_may_look_is_told_and_ours_is_private(folder):
    ran(folder)
    assert "data folder" not in dict(found(folder, Grade.WARN))
    (folder / "data").chmod(0o755)
    assert "everybody on this machine" in dict(found(folder, Grade.WARN))["data folder"]


def test_a_data_folder_that_cannot_be_written_fails(folder):
    (folder / "file").write_text("")
    write(folder, PROJECT + "data: file/data\n")
    assert "cannot be written" in dict(found(folder, Grade.FAIL))["data folder"]


@pytest.mark.parametrize(("free", "grade"), [(2**30, Grade.WARN), (2**20, Grade.FAIL)])
def test_a_disk_that_is_nearly_full_is_told(folder, monkeypatch, free, grade):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: usage(free))
    assert "GiB free" in dict(found(folder, grade))["disk"]


def test_a_package_of_our_name_from_elsewhere_fails(folder, monkeypatch):
    ours = installation._place
    monkeypatch.setattr(
        installation, "_place", lambda n: Path("/elsewhere") if n == "connectors" else ours(n)
    )
    about, said = only(folder, Grade.FAIL)
    assert about == "our packages"
    assert "connectors from /elsewhere" in said


def test_a_package_that_is_missing_fails(folder, monkeypatch):
    monkeypatch.setattr(installation, "_asked_for", lambda: ["duckdb", "no-such-package"])
    assert only(folder, Grade.FAIL) == ("packages", "not installed: no-such-package")


def test_the_oldest_and_newest_python_are_those_of_the_package(pytestconfig):
    text = (pytestconfig.rootpath / "pyproject.toml").read_text()
    oldest, newest = installation.OLDEST, installation.TOO_NEW
    wanted = f'requires-python = ">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1]}"'
    assert wanted in text


def test_no_newer_database_version_is_known():
    assert schema.is_known(schema.head())
    assert not schema.is_known("9999")


def test_a_file_for_pushed_rows_beside_a_database_that_hosts_share_is_told(folder, monkeypatch):
    pushed = "connector: {type: push, inbox: x.inbox, proof: {type: stripe, secrets: ['env:S']}}"
    write(folder, PROJECT.replace("targets:", f"  shop:\n    {pushed}\ntargets:"))
    assert "inboxes" not in dict(found(folder, Grade.WARN))
    monkeypatch.setenv("ISTHMUS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert "shop: inbox names a file of this host" in dict(found(folder, Grade.WARN))["inboxes"]
