import threading

import pytest
import sqlalchemy as sa

from idp_core.db import bulk, counters
from idp_core.db.engine import make_engine, reading, writing
from idp_core.errors import SettingsError
from idp_core.profiles.tables import identifier, watermark

SECRET = "ann@example.org"
COLUMNS = ("value", "kind", "record", "verified")


def test_a_reading_connection_cannot_write(engine):
    with reading(engine) as conn, pytest.raises(sa.exc.DBAPIError, match=r"(?i)read-?only"):
        counters.take(conn, "x")
    with writing(engine) as conn:
        assert counters.take(conn, "x") == 1


def test_a_reader_sees_one_snapshot_and_waits_for_no_writer(engine):
    with reading(engine) as reader:
        assert counters.last(reader, "x") == 0
        with writing(engine) as conn:
            counters.take(conn, "x")
        assert counters.last(reader, "x") == 0
    with reading(engine) as reader:
        assert counters.last(reader, "x") == 1


def test_an_error_undoes_the_whole_transaction(engine):
    with pytest.raises(ZeroDivisionError), writing(engine) as conn:
        assert counters.take(conn, "x") / 0
    with reading(engine) as conn:
        assert counters.last(conn, "x") == 0


def _insert_one_by_one(conn):
    row = dict(zip(COLUMNS, (SECRET, "email", 1, True), strict=True))
    conn.execute(sa.insert(identifier), row)


def _insert_in_bulk(conn):
    bulk.insert(conn, identifier, COLUMNS, [(SECRET, "email", 1, True)] * 2)


@pytest.mark.parametrize("insert", [_insert_one_by_one, _insert_in_bulk])
def test_an_error_of_the_database_shows_no_value(engine, insert):
    with pytest.raises(sa.exc.IntegrityError) as caught, writing(engine) as conn:
        insert(conn)
    assert SECRET not in str(caught.value) + repr(caught.value) + str(caught.value.__cause__)


def test_numbers_are_handed_out_in_the_order_of_commits(engine):
    order = []

    def work(name):
        for _ in range(20):
            with writing(engine) as conn:
                first = counters.take(conn, "x", 3)
                order.append(first)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(order) == list(range(1, 181, 3))
    with reading(engine) as conn:
        assert counters.last(conn, "x") == 180


def test_an_upsert_inserts_what_is_new_and_sets_what_is_there(engine):
    columns = ("stage", "seq", "saved_at")
    time = "2030-01-01T00:00:00.000000Z"
    with writing(engine) as conn:
        bulk.upsert(conn, watermark, columns, [("a", 1, time), ("b", 1, time)])
        bulk.upsert(conn, watermark, columns, [("b", 2, time), ("c", 2, time)])
        bulk.upsert(conn, watermark, columns, [])
        found = conn.execute(sa.select(watermark.c.stage, watermark.c.seq)).all()
        assert sorted(tuple(row) for row in found) == [("a", 1), ("b", 2), ("c", 2)]


MANY = range(bulk.FEW + 1)
ODD_WORDS = ["it's", "", "%s ?1 :x --", "née 東", 7, True, None]


@pytest.mark.parametrize("word", ODD_WORDS)
@pytest.mark.parametrize("many", [MANY, range(3)])
def test_what_all_rows_have_is_stored_as_in_rows_of_their_own(word, many):
    meta = sa.MetaData()
    table = sa.Table(
        "t",
        meta,
        sa.Column("word", sa.Boolean if word is True else sa.Integer if word == 7 else sa.Text),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("blank", sa.Text),
        sa.Column("mixed", sa.Text),
    )
    engine = make_engine("sqlite://")
    rows = [(word, n, None, "x" if n else None) for n in many]
    columns = ("word", "n", "blank", "mixed")
    with writing(engine) as conn:
        meta.create_all(conn)
        bulk.insert(conn, table, columns, rows, words={"word"})
        assert list(conn.execute(sa.select(table))) == rows
        more = [(word, n + 1, None, "y") for n in many]
        bulk.upsert(conn, table, columns, more, words={"word"})
        held = list(conn.execute(sa.select(table).order_by(table.c.n)))
        assert held == [rows[0], *more]
        last = [(word, n + 1, "z", None) for n in many]
        assert bulk.update_same(conn, table, columns, last, "n", words={"word"})
        bulk.update(conn, table, ("blank",), [(n + 1, None) for n in many])
        held = list(conn.execute(sa.select(table).order_by(table.c.n)))
        assert held == [rows[0], *((word, n + 1, None, None) for n in many)]


def test_rows_that_are_all_the_same_are_stored_each():
    table = sa.Table("t", sa.MetaData(), sa.Column("word", sa.Text), sa.Column("blank", sa.Text))
    engine = make_engine("sqlite://")
    with writing(engine) as conn:
        table.metadata.create_all(conn)
        bulk.insert(conn, table, ("word", "blank"), [("a", None) for _ in MANY], words={"word"})
        assert list(conn.execute(sa.select(table))) == [("a", None) for _ in MANY]


def test_only_words_of_ours_are_ever_said_in_a_statement(engine):
    table = sa.Table("t", sa.MetaData(), sa.Column("word", sa.Text), sa.Column("value", sa.Text))
    said = []
    with writing(engine) as conn:
        sa.event.listen(conn, "before_cursor_execute", lambda *told: said.append(told[2]))
        table.metadata.create_all(conn)
        bulk.insert(conn, table, ("word", "value"), [("ours", SECRET)] * len(MANY), words={"word"})
        found = sa.select(sa.func.count()).where(table.c.value == SECRET)
        assert conn.scalar(found) == len(MANY)
        assert any("'ours'" in each for each in said) is (conn.dialect.name == "sqlite")
    assert not any(SECRET in each for each in said)


def test_among_takes_any_number_of_values(engine):
    with writing(engine) as conn:
        time = "2030-01-01T00:00:00.000000Z"
        rows = [(f"s{n}", n, time) for n in range(70_000)]
        bulk.insert(conn, watermark, ("stage", "seq", "saved_at"), rows)
        for column, values in (("stage", [r[0] for r in rows]), ("seq", range(70_000))):
            where = bulk.among(conn, watermark.c[column], values)
            assert conn.scalar(sa.select(sa.func.count()).where(where)) == 70_000
        nothing = bulk.among(conn, watermark.c.stage, [])
        assert conn.scalar(sa.select(sa.func.count()).where(nothing)) == 0


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/d", "postgresql+pg8000://h/d"])
def test_an_unknown_database_url_names_the_setting_and_the_mend(url):
    with pytest.raises(SettingsError, match=r"database_url: .*sqlite.*postgresql"):
        make_engine(url)


def test_a_plain_postgresql_url_uses_our_driver():
    assert make_engine("postgresql://u@h/d").url.drivername == "postgresql+psycopg"


def test_a_new_sqlite_file_is_for_our_eyes_only(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path}/data/isthmus.db")
    with writing(engine) as conn:
        conn.exec_driver_sql("CREATE TABLE t (x INTEGER)")
        modes = {p.name: p.stat().st_mode & 0o077 for p in (tmp_path / "data").iterdir()}
    engine.dispose()
    assert modes
    assert set(modes.values()) == {0}
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
