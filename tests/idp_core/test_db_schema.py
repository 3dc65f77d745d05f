import importlib
import pkgutil
import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import idp_core
from idp_core.db import newest, schema
from idp_core.db.engine import make_engine, reading, writing
from idp_core.db.metadata import metadata
from idp_core.errors import SchemaError
from idp_core.provisioning.belongings import read_belongings
from idp_core.provisioning.tables import account


@pytest.fixture
def empty(database_url):
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


def _load_every_table():
    for module in pkgutil.walk_packages(idp_core.__path__, "idp_core."):
        if module.name.rpartition(".")[2] in {"tables", "counters"}:
            importlib.import_module(module.name)


def test_the_migrations_make_exactly_the_tables_of_the_models(empty):
    _load_every_table()
    schema.upgrade(empty)
    with reading(empty) as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_upgrading_twice_is_upgrading_once(empty):
    schema.upgrade(empty)
    schema.upgrade(empty)
    assert schema.current(empty) == schema.head()
    schema.require_head(empty)


def test_what_is_newest_is_told_without_alembic(empty):
    assert newest.newest() == schema.head()
    assert not newest.is_newest(empty)
    schema.upgrade(empty, "0014")
    assert not newest.is_newest(empty)
    schema.upgrade(empty)
    assert newest.is_newest(empty)
    with writing(empty) as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    assert not newest.is_newest(empty)


def test_an_empty_database_names_the_command_that_mends_it(empty):
    assert schema.current(empty) is None
    with pytest.raises(SchemaError, match="isthmus db upgrade"):
        schema.require_head(empty)


def test_a_database_of_a_newer_isthmus_is_not_touched(empty):
    schema.upgrade(empty)
    with writing(empty) as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="newer than this code"):
        schema.require_head(empty)


def test_two_processes_may_upgrade_at_once(empty):
    failures = []

    def upgrade():
        try:
            schema.upgrade(empty)
        except Exception as error:  # noqa: BLE001 (a thread must not lose any)
            failures.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    schema.require_head(empty)


def test_every_revision_upgrades_to_the_newest_and_keeps_its_rows(empty):
    schema.upgrade(empty, "0001")
    with writing(empty) as conn:
        conn.execute(sa.text("INSERT INTO counter (name, value) VALUES ('kept', 7)"))
    schema.upgrade(empty)
    with reading(empty) as conn:
        kept = conn.scalar(sa.text("SELECT value FROM counter WHERE name = 'kept'"))
    assert kept == 7
    schema.require_head(empty)


def test_what_is_at_the_newest_version_waits_for_no_writer(database_url):
    engine = make_engine(database_url, wait_seconds=0.1)
    schema.upgrade(engine)
    other = make_engine(database_url)
    with writing(other) as conn:
        conn.execute(sa.text("INSERT INTO counter (name, value) VALUES ('mine', 1)"))
        schema.upgrade(engine)
    engine.dispose()
    other.dispose()


def test_the_databases_of_the_tests_are_as_an_upgrade_makes_them(engine):
    _load_every_table()
    assert newest.is_newest(engine)
    with reading(engine) as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_yes_that_no_plan_carried_out_yet_outlasts_the_upgrade_to_words_of_their_own(empty):
    schema.upgrade(empty, "0028")
    gids = [f"01a21a04-15fc-7346-b283-7ae7d09f1e7{end}" for end in range(3)]
    states = [("conflict", "x"), ("conflict", None), ("active", "y")]
    now = datetime.now(UTC)
    rows = [
        {"target": "crm", "object": "User", "gid": gid, "key": gid, "remote_id": remote_id,
         "state": state, "pushed": {}, "profile_digest": "", "push_digest": "", "changed_at": now}
        for gid, (state, remote_id) in zip(gids, states, strict=True)
    ]  # fmt: skip
    with writing(empty) as conn:
        conn.execute(sa.insert(account), rows)
    schema.upgrade(empty)
    with reading(empty) as conn:
        (word,) = read_belongings(conn, "crm", "User")
        left = conn.execute(sa.select(account.c.gid, account.c.remote_id)).all()
    assert (word.gid, word.remote_id, word.theirs, word.at) == (gids[0], "x", True, now)
    assert dict(map(tuple, left)) == {gids[0]: None, gids[1]: None, gids[2]: "y"}
