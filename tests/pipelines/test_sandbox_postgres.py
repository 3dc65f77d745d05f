import json
import os
import signal
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.sandbox import postgres, processes


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "server"
    postgres.stop(tmp_path / "server")


def _ask(url: str, statement: str) -> object:
    engine = sa.create_engine(url)
    with engine.begin() as conn:
        answer = conn.exec_driver_sql(statement)
        value = answer.scalar() if answer.returns_rows else None
    engine.dispose()
    return value


def test_a_server_starts_even_where_only_we_may_enter(folder):
    server = postgres.start(folder)
    assert str(_ask(server.url(), "select version()")).startswith("PostgreSQL")


def test_a_stopped_server_keeps_its_data(folder):
    url = postgres.start(folder).create("shop")
    _ask(url, "create table customer (id int)")
    _ask(url, "insert into customer values (7)")
    postgres.stop(folder)
    assert _ask(postgres.start(folder).url("shop"), "select id from customer") == 7


def test_starting_twice_finds_the_server_that_runs(folder):
    assert postgres.start(folder).port == postgres.start(folder).port


def test_stopping_what_does_not_run_is_fine(folder):
    postgres.stop(folder)
    postgres.start(folder)
    postgres.stop(folder)
    postgres.stop(folder)


def test_a_server_that_was_killed_starts_again(folder):
    server = postgres.start(folder)
    pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    while "postgres" in processes.running(folder):
        time.sleep(0.01)
    again = postgres.start(folder)
    assert _ask(again.url(), "select 1") == 1
    assert again.password == server.password


def test_half_an_initialisation_is_begun_anew(folder):
    (folder / "data" / "base").mkdir(parents=True)
    assert _ask(postgres.start(folder).url(), "select 1") == 1


def test_strangers_are_refused(folder):
    server = postgres.start(folder)
    with pytest.raises(sa.exc.OperationalError, match="password authentication failed"):
        _ask(server.url().replace(server.password, "guess"), "select 1")


def test_the_password_is_not_shown(folder):
    server = postgres.start(folder)
    assert server.password not in repr(server)


def test_a_dropped_database_is_gone_although_someone_uses_it(folder):
    server = postgres.start(folder)
    engine = sa.create_engine(server.create("shop"))
    with engine.connect():
        server.drop("shop")
        server.drop("shop")
    engine.dispose()


def test_without_the_package_the_mend_is_named(folder, monkeypatch):
    monkeypatch.setattr(postgres.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(postgres.PostgresUnavailableError, match="make setup"):
        postgres.start(folder)


def test_a_process_number_that_is_another_process_by_now_is_left_alone(folder):
    folder.mkdir()
    note = {"pid": os.getpid(), "started": 1.0, "stop_signal": int(signal.SIGKILL)}
    (folder / "postgres.pid").write_text(json.dumps(note))
    postgres.stop(folder)
    assert not (folder / "postgres.pid").exists()


def test_a_folder_that_cannot_be_used_names_its_reason(tmp_path):
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "data").write_text("in the way")
    with pytest.raises(postgres.PostgresUnavailableError, match="initdb failed"):
        postgres.start(Path(tmp_path / "server"))
