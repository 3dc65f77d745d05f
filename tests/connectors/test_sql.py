from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from connectors.contract import (
    Checkable,
    Cursor,
    Discoverable,
    Page,
    Query,
    Searchable,
    Source,
    Target,
)
from connectors.errors import MisconfiguredError, TransientError, UnauthorizedError
from connectors.kit import CANARY, SourceContract
from connectors.registry import build
from connectors.sql import Sql

T0 = datetime(2026, 1, 31, 12, tzinfo=UTC)


def fill(url: str, count: int = 7) -> None:
    engine = sa.create_engine(url)
    table = sa.Table(
        "customers",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text),
        sa.Column("born", sa.Date),
        sa.Column("points", sa.Numeric(8, 2)),
        sa.Column("active", sa.Boolean),
        sa.Column("photo", sa.LargeBinary),
        sa.Column("changed", sa.DateTime(timezone=True)),
    )
    table.create(engine)
    with engine.begin() as connection:
        for i in range(count):
            row = {
                "id": i + 1,
                "name": f"Zoë/{i}?",
                "born": date(1970, 1, 1 + i),
                "points": Decimal(f"{i}.10"),
                "active": i % 2 == 0,
                "photo": b"\0\xff",
                "changed": T0 + timedelta(hours=i // 3),
            }
            connection.execute(table.insert(), row)
    engine.dispose()


@pytest.fixture
def source(database_url: str, tmp_path: Path) -> Sql:
    fill(database_url)
    return of(database_url, tmp_path)


def of(url: str, folder: Path, **more: Any) -> Sql:
    parsed = sa.make_url(url)
    settings: dict[str, Any] = {"url": parsed._replace(password=None).render_as_string()}
    if parsed.password:
        secret = folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(parsed.password)
        settings["password"] = f"file:{secret}"
    built = build("sql", settings | more, folder)
    assert isinstance(built, Sql)
    return built


def rows(pages: list[Page]) -> list[dict[str, Any]]:
    return [row for page in pages for row in page.rows.to_pylist()]


def test_it_can_be_checked_discovered_read_and_written(source):
    kinds = (Checkable, Discoverable, Source, Target, Searchable)
    assert all(isinstance(source, kind) for kind in kinds)


def test_types_of_the_database_become_types_of_arrow(source, database_url):
    (page,) = source.read(Query("customers"))
    assert isinstance(page.rows, pa.RecordBatch)
    kinds = {field.name: str(field.type) for field in page.rows.schema}
    assert kinds["id"] == "int64"
    assert kinds["active"] == "bool"
    assert kinds["photo"] == "binary"
    if database_url.startswith("postgresql"):
        assert kinds["born"] == "date32[day]"
        assert kinds["points"] == "decimal128(8, 2)"
        assert kinds["changed"] == "timestamp[us, tz=UTC]"
        assert page.rows.to_pylist()[3]["changed"] == T0 + timedelta(hours=1)
    else:
        assert kinds["born"] == kinds["points"] == kinds["changed"] == "string"
        assert page.rows.to_pylist()[3]["born"] == "1970-01-04"


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_reading_goes_on_after_any_page_without_loss_or_repetition(source, size):
    query = Query("customers", cursor="changed", key="id", page_size=size)
    pages = list(source.read(query))
    every = rows(pages)
    assert [row["id"] for row in every] == [1, 2, 3, 4, 5, 6, 7]
    read = 0
    for page in pages:
        assert page.rows.num_rows <= size
        read += page.rows.num_rows
        rest = Query("customers", cursor="changed", key="id", after=page.cursor)
        assert rows(list(source.read(rest))) == every[read:]


def test_a_position_without_a_key_reads_its_ties_again(source):
    (page,) = source.read(Query("customers", cursor="changed", key="id", page_size=7))
    after = Cursor(page.cursor.value)
    query = Query("customers", cursor="changed", key="id", after=after)
    assert [row["id"] for row in rows(list(source.read(query)))] == [7]


def test_a_position_that_was_moved_back_in_time_is_understood_by_dates_too(source):
    after = Cursor("1970-01-05T23:55:00")
    query = Query("customers", cursor="born", key="id", after=after)
    assert [row["id"] for row in rows(list(source.read(query)))][-2:] == [6, 7]


def test_only_the_wanted_columns_are_read(source):
    query = Query("customers", fields=("name",), cursor="changed", key="id", page_size=3)
    (first, *_) = source.read(query)
    assert first.rows.schema.names == ["name"]
    assert first.cursor.key == "3"


def test_rows_without_a_cursor_value_come_first_and_only_in_a_full_read(source, database_url):
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE customers SET changed = NULL WHERE id = 5"))
    engine.dispose()
    pages = list(source.read(Query("customers", cursor="changed", key="id", page_size=1)))
    assert [row["id"] for row in rows(pages)] == [5, 1, 2, 3, 4, 6, 7]
    assert pages[0].cursor is None


def test_a_named_query_is_read_like_a_table(database_url, tmp_path):
    fill(database_url)
    text = "SELECT id, name, changed FROM customers WHERE name LIKE '%oë/%' AND '12:30' <> ':x';"
    source = of(database_url, tmp_path, queries={"named": text})
    query = Query("named", cursor="changed", key="id", page_size=4)
    first, second = source.read(query)
    assert [r["id"] for r in rows([first, second])] == [1, 2, 3, 4, 5, 6, 7]
    rest = Query("named", cursor="changed", key="id", after=first.cursor)
    assert [r["id"] for r in rows(list(source.read(rest)))] == [5, 6, 7]
    assert [one.name for one in source.discover()] == ["customers", "named"]


def test_discovery_names_columns_types_and_the_key(source):
    (found,) = source.discover()
    assert found.key == ("id",)
    assert [c.name for c in found.columns][:2] == ["id", "name"]
    assert found.columns[1].type == "text"


def test_it_cannot_write_even_by_a_named_query(database_url, tmp_path):
    fill(database_url)
    source = of(database_url, tmp_path, queries={"bad": "DELETE FROM customers RETURNING *"})
    with pytest.raises(MisconfiguredError):
        list(source.read(Query("bad")))
    assert len(rows(list(source.read(Query("customers"))))) == 7


def test_wrong_names_are_answered_with_the_right_ones(source):
    with pytest.raises(MisconfiguredError, match="did you mean 'customers'"):
        list(source.read(Query("custmers")))
    with pytest.raises(MisconfiguredError, match=r"no column 'nam'; did you mean 'name'"):
        list(source.read(Query("customers", fields=("nam",))))
    with pytest.raises(MisconfiguredError, match="did you mean 'changed'"):
        list(source.read(Query("customers", cursor="changd", key="id")))


def test_an_empty_table_gives_no_rows(database_url, tmp_path):
    fill(database_url, 0)
    assert rows(list(of(database_url, tmp_path).read(Query("customers")))) == []


def test_a_value_of_the_wrong_type_is_rejected_and_the_rest_is_read(tmp_path):
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE t (id INTEGER, n INTEGER)"))
        connection.execute(sa.text("INSERT INTO t VALUES (1, 2), (2, 'canary'), (3, NULL)"))
    engine.dispose()
    (page,) = of(url, tmp_path).read(Query("t"))
    assert page.rows.to_pylist() == [{"id": 1, "n": 2}, {"id": 3, "n": None}]
    (rejected,) = page.rejected
    assert (rejected.place, rejected.reason) == ("t row 2", "n holds no int64")
    assert "canary" in rejected.raw
    assert "canary" not in repr(page.rejected)


def test_a_damaged_file_and_text_in_no_utf8_are_told_without_the_text(tmp_path):
    file = tmp_path / "a.db"
    file.write_bytes(b"no database" * 400)
    with pytest.raises(MisconfiguredError, match="is damaged, or no such database; restore it"):
        list(of(f"sqlite:///{file}", tmp_path).read(Query("t")))
    file.unlink()
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE t (id INTEGER, name TEXT)"))
        connection.execute(sa.text("INSERT INTO t VALUES (1, CAST(x'63616e617279ff' AS TEXT))"))
    engine.dispose()
    with pytest.raises(MisconfiguredError, match="column 'name' holds text that is not UTF-8") as e:
        list(of(f"sqlite:///{file}", tmp_path).read(Query("t")))
    assert "canary" not in str(e.value)


def test_a_missing_file_and_a_missing_driver_are_named(tmp_path):
    with pytest.raises(MisconfiguredError, match=r"no such file: .*shop\.db"):
        build("sql", {"url": "sqlite:///shop.db"}, tmp_path).check()
    with pytest.raises(MisconfiguredError, match="not installed"):
        build("sql", {"url": "mysql+mysqldb://a@127.0.0.1/b"}, tmp_path).check()
    with pytest.raises(MisconfiguredError, match="SQLAlchemy knows no"):
        build("sql", {"url": "shoebox://a@127.0.0.1/b"}, tmp_path).check()


def test_a_password_in_the_url_is_refused_and_not_shown(tmp_path):
    with pytest.raises(MisconfiguredError, match="put a reference to it under password") as caught:
        build("sql", {"url": "postgresql+psycopg://a:canary@h/b"}, tmp_path)
    assert "canary" not in str(caught.value)


def test_a_wrong_password_and_a_wrong_address_are_told_apart(postgres_url, tmp_path, monkeypatch):
    monkeypatch.setenv("CANARY", "canary")
    url = sa.make_url(postgres_url)
    clean = url._replace(password=None)
    settings = {"url": clean.render_as_string(), "password": "env:CANARY"}
    with pytest.raises(UnauthorizedError) as caught:
        build("sql", settings, tmp_path).check()
    assert "canary" not in str(caught.value)
    settings["url"] = clean.set(port=1).render_as_string()
    with pytest.raises(TransientError):
        build("sql", settings, tmp_path).check()
    right = of(postgres_url, tmp_path)
    assert right.check().identity.startswith("postgresql test_")
    with pytest.raises(MisconfiguredError):
        of(url.set(database="nowhere").render_as_string(hide_password=False), tmp_path).check()


class TestSqlContract(SourceContract):
    @pytest.fixture
    def source(self, records, database_url, tmp_path):
        return people(database_url, tmp_path, records)

    @pytest.fixture
    def empty(self, database_url, tmp_path):
        return people(database_url, tmp_path, [])

    @pytest.fixture
    def unreachable(self, postgres_url, tmp_path):
        return of(sa.make_url(postgres_url).set(port=1).render_as_string(False), tmp_path)

    @pytest.fixture
    def refused(self, postgres_url, tmp_path):
        return of(sa.make_url(postgres_url).set(password=CANARY).render_as_string(False), tmp_path)


def people(url: str, folder: Path, records: list[dict[str, Any]], key: Any = sa.Text) -> Sql:
    engine = sa.create_engine(url)
    names = ("name", "note", "changed")
    table = sa.Table(
        "people",
        sa.MetaData(),
        sa.Column("id", key, primary_key=True),
        *(sa.Column(name, sa.Text) for name in names),
        sa.Column("big", sa.BigInteger),
    )
    table.create(engine)
    with engine.begin() as connection:
        for record in records:
            connection.execute(table.insert(), record)
    engine.dispose()
    return of(url, folder)
