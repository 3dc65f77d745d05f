"""Reading PostgreSQL in bulk gives what reading row by row gives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import Query
from connectors.errors import TransientError
from connectors.sql import Sql
from connectors.sql import connector as sql_connector
from connectors.sql.copying import copied
from tests.connectors.test_sql import of
from tests.often import often


def columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("text", sa.Text),
        sa.Column("number", sa.BigInteger),
        sa.Column("share", sa.Float(53)),
        sa.Column("yes", sa.Boolean),
        sa.Column("day", sa.Date),
        sa.Column("sum", sa.Numeric(12, 3)),
        sa.Column("at", sa.DateTime(timezone=True)),
        sa.Column("there", sa.DateTime),
    ]


MOMENT = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001
ROW = st.fixed_dictionaries(
    {
        "text": st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8")),
        "number": st.none() | st.integers(-(2**63), 2**63 - 1),
        "share": st.none() | st.floats(allow_nan=False),
        "yes": st.none() | st.booleans(),
        "day": st.none() | st.dates(),
        "sum": st.none() | st.decimals(-(10**8), 10**8, places=3),
        "at": st.none() | MOMENT.map(lambda each: each.replace(tzinfo=UTC)),
        "there": st.none() | MOMENT,
    }
)


@pytest.fixture
def table(postgres_url: str) -> Any:
    engine = sa.create_engine(postgres_url)
    made = sa.Table("odd", sa.MetaData(), *columns())
    made.create(engine)
    yield engine, made
    engine.dispose()


def read(connector: Sql, **more: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    pages = list(connector.read(Query("odd", key="id", **more)))
    rows = [row for page in pages for row in page.rows.to_pylist()]
    return rows, [(page.rows.schema, page.cursor) for page in pages]


@settings(
    max_examples=often(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(ROW, max_size=6), size=st.integers(1, 4))
def test_both_ways_give_the_same(table, postgres_url, tmp_path, rows, size):
    engine, made = table
    with engine.begin() as connection:
        connection.execute(made.delete())
        for number, row in enumerate(rows):
            connection.execute(made.insert(), {"id": number, **row})
    connector = of(postgres_url, tmp_path)
    in_bulk = read(connector, page_size=size)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql_connector, "can_copy", lambda *_: False)
        assert in_bulk == read(connector, page_size=size)[0]


def test_positions_are_the_same_and_text_is_what_was_stored(table, postgres_url, tmp_path):
    engine, made = table
    texts = ["", None, 'say "hi"', "two\nlines", "a,b", "\\N", "NULL", "Zoë\r"]
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER ROLE postgres SET timezone TO 'Asia/Kolkata'"))
        for number, text in enumerate(texts):
            moment = datetime(2026, 1, 31, 23, 59, 59, number, UTC)
            connection.execute(made.insert(), {"id": number, "text": text, "at": moment})
    try:
        connector = of(postgres_url, tmp_path)
        rows, pages = read(connector, cursor="at", page_size=3)
        assert [row["text"] for row in rows] == texts
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sql_connector, "can_copy", lambda *_: False)
            assert read(connector, cursor="at", page_size=3) == (rows, pages)
        after = pages[0][1]
        assert [row["id"] for row in read(connector, cursor="at", after=after)[0]] == [
            3,
            4,
            5,
            6,
            7,
        ]
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("ALTER ROLE postgres RESET timezone"))


def test_a_moment_that_is_none_costs_its_row(table, postgres_url, tmp_path):
    engine, _ = table
    rows = (
        "(1, now(), now(), 1), (2, 'infinity', now(), 2), (3, NULL, '0044-03-15 BC', 3), "
        "(4, now(), now(), 'NaN')"
    )
    insert = f"INSERT INTO odd (id, at, day, sum) VALUES {rows}"
    with engine.begin() as connection:
        connection.execute(sa.text(insert))
    (page,) = of(postgres_url, tmp_path).read(Query("odd", key="id"))
    assert [row["id"] for row in page.rows.to_pylist()] == [1]
    assert [(each.place, each.reason) for each in page.rejected] == [
        ("odd row 2", "at holds no timestamp[us, tz=UTC]"),
        ("odd row 3", "day holds no date32[day]"),
        ("odd row 4", "sum holds no decimal128(12, 3)"),
    ]


def test_what_is_not_usual_is_read_row_by_row(postgres_url, tmp_path, monkeypatch):
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE plain (id int primary key, t text)"))
        connection.execute(sa.text("CREATE TABLE jsons (id int primary key, j jsonb)"))
        connection.execute(sa.text("INSERT INTO jsons VALUES (1, '{\"a\": 1}')"))
        connection.execute(sa.text("INSERT INTO plain VALUES (1, 'x')"))
    engine.dispose()
    used = []
    real = sql_connector.copied
    monkeypatch.setattr(sql_connector, "copied", lambda *a: used.append(a[3]) or real(*a))
    connector = of(postgres_url, tmp_path)
    for name in ("plain", "jsons"):
        (page,) = connector.read(Query(name, key="id"))
        assert page.rows.num_rows == 1
    assert used == ["plain"]


def test_texts_and_numbers_of_other_kinds_are_what_they_are_row_by_row(postgres_url, tmp_path):
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        for statement in (
            "CREATE TYPE mood AS ENUM ('glad')",
            "CREATE TABLE kinds (id smallint primary key, r real, m mood, c char(3), n name)",
            "INSERT INTO kinds VALUES (1, 0.1, 'glad', 'a', 'b'), (2, 'NaN', NULL, NULL, NULL)",
        ):
            connection.execute(sa.text(statement))
    engine.dispose()
    connector = of(postgres_url, tmp_path)
    (in_bulk,) = connector.read(Query("kinds", key="id"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql_connector, "can_copy", lambda *_: False)
        (by_row,) = connector.read(Query("kinds", key="id"))
    assert repr(in_bulk.rows.to_pylist()) == repr(by_row.rows.to_pylist())
    assert in_bulk.rows.schema == by_row.rows.schema
    assert in_bulk.rows.to_pylist()[0] == {"id": 1, "r": 0.1, "m": "glad", "c": "a  ", "n": "b"}


def test_an_odd_moment_in_a_large_table_costs_its_row_only(table, postgres_url, tmp_path):
    engine, _ = table
    fill = (
        "INSERT INTO odd (id, text, there) SELECT n, repeat('x', 600), "
        "CASE WHEN n % 20000 = 7 THEN 'infinity'::timestamp ELSE now()::timestamp END "
        "FROM generate_series(1, 60000) AS n"
    )
    with engine.begin() as connection:
        connection.execute(sa.text(fill))
    pages = list(of(postgres_url, tmp_path).read(Query("odd", key="id", page_size=10_000)))
    assert sum(page.rows.num_rows for page in pages) == 59_997
    met = [rejected for page in pages for rejected in page.rejected]
    assert [each.place for each in met] == [f"odd row {n}" for n in (7, 20007, 40007)]
    assert '"there": "infinity"' in met[0].raw


def test_a_connection_lost_on_the_way_is_told_without_a_value(table, postgres_url, tmp_path):
    engine, _ = table
    fill = "INSERT INTO odd (id, text) SELECT n, repeat('x', 600) FROM generate_series(1, 90000) n"
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%' "
        "AND pid <> pg_backend_pid()"
    )
    with engine.begin() as connection:
        connection.execute(sa.text(fill))
    pages = of(postgres_url, tmp_path).read(Query("odd", key="id", page_size=1000))
    next(pages)
    with engine.begin() as connection:
        assert connection.execute(sa.text(end)).all() == [(True,)]
    with pytest.raises(TransientError, match="no answer") as caught:
        list(pages)
    assert "xxx" not in str(caught.value)


def test_what_reads_in_bulk_cannot_write(postgres_url):
    engine = sa.create_engine(postgres_url)
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE SEQUENCE counted"))
        connection.commit()
        source = sa.select(sa.func.nextval("counted").label("n"))
        with pytest.raises(sa.exc.DBAPIError, match="read-only"):
            next(copied(connection, source, pa.schema([("n", pa.int64())]), "counted"))
    engine.dispose()
