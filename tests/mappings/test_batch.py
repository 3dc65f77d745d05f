"""The batch engine: what its relation looks like, and what it asks of a connection."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mappings.batch import compile_batch, render
from mappings.errors import MappingError
from mappings.steps import STEPS
from tests.mappings.build import (
    columns_of,
    document,
    each,
    expression,
    field,
    run_batch,
    run_records,
)


@pytest.fixture
def con() -> Any:
    with duckdb.connect() as con:
        yield con


MADE = document(
    field("email", "c.Email", ["trim", "lower", "email"]),
    field("phone", "c.Phone", [("phone_e164", {"region": "c.Country"})]),
    field("consent.marketing_email", "not c.OptOut"),
    field("birth_date", "c.Born"),
    each("external_ids", "c.ids", {"system": ("e.s",), "value": ("e.v",)}),
    cursor="c.Changed",
)


def described(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, str]:
    return {name: type_ for name, type_, *_ in con.execute(f"DESCRIBE {sql}").fetchall()}


def test_the_relation_has_the_columns_and_types_that_others_read(
    con: duckdb.DuckDBPyConnection,
) -> None:
    plan = compile_batch(MADE)
    plan.prepare(con)
    columns = {"_row": "BIGINT", "id": "VARCHAR", "Email": "VARCHAR", "Changed": "TIMESTAMP",
               "ids": "STRUCT(s VARCHAR, v INTEGER)[]"}  # fmt: skip
    made = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
    con.execute(f"CREATE TABLE landed ({made})").fetchall()
    found = described(con, plan.select("landed", columns))
    typed = 'STRUCT("value" VARCHAR, "type" VARCHAR, "primary" BOOLEAN, verified BOOLEAN)[]'
    assert found == {
        "_row": "BIGINT",
        "_key": "VARCHAR",
        "_cursor": "VARCHAR",
        "_deleted": "BOOLEAN",
        "_erased": "BOOLEAN",
        "_problems": "STRUCT(field VARCHAR, step VARCHAR, reason VARCHAR, severity VARCHAR)[]",
        "emails": typed,
        "phones": typed,
        "consent.marketing_email": "BOOLEAN",
        "birth_date": "DATE",
        "external_ids": 'STRUCT("system" VARCHAR, "value" VARCHAR)[]',
    }


def test_a_connection_may_be_prepared_twice_and_by_many_documents(
    con: duckdb.DuckDBPyConnection,
) -> None:
    everything = document(
        *(field("nickname", "c.a", [name]) for name in STEPS if not STEPS[name].arguments)
    )
    for made in (MADE, MADE, everything):
        compile_batch(made).prepare(con)


def test_rows_that_where_leaves_out_keep_the_numbers_of_the_others(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute("CREATE TABLE landed AS SELECT i AS id FROM range(10) t(i)").fetchall()
    plan = compile_batch(document(field("nickname", "c.id"), where="c.id > 7"))
    plan.prepare(con)
    rows = con.execute(plan.select("landed", {"id": "BIGINT"})).fetchall()
    assert [row[0] for row in rows] == [9, 10]


def test_json_columns_are_read_like_the_rows_they_hold(con: duckdb.DuckDBPyConnection) -> None:
    made = document(
        field("nickname", "c.j.name"),
        field("active", "c.j.on"),
        field("display_name", "c.j.tags[2]"),
        field("department", "c.j.none is null"),
        each("emails", "c.j.mails", {"value": ("e.v",), "type": ("e.t",)}),
    )
    text = (
        '{"name": "Ann \\"A\\"", "on": true, "tags": ["a", "b"], "none": null,'
        ' "mails": [{"v": "a@b.co", "t": "x"}, {"v": null}]}'
    )
    con.execute(f"CREATE TABLE landed AS SELECT '1' AS id, '{text}'::JSON AS j").fetchall()
    plan = compile_batch(made)
    plan.prepare(con)
    sql = plan.select("landed", described(con, "landed"))
    row = con.execute(f"SELECT nickname, active, display_name, department, emails FROM ({sql})")
    assert row.fetchall() == [
        ('Ann "A"', True, "b", "true",
         [{"value": "a@b.co", "type": "x", "primary": True, "verified": None}])
    ]  # fmt: skip


def test_maps_and_odd_numbers_are_read(con: duckdb.DuckDBPyConnection) -> None:
    made = document(
        field("nickname", "c.m.a"), field("display_name", "c.h"), field("department", "c.u")
    )
    con.execute(
        "CREATE TABLE landed AS SELECT 1 AS id, MAP {'a': 'x'} AS m,"
        " 170141183460469231731687303715884105727 AS h,"
        " uuid '00000000-0000-0000-0000-000000000001' AS u"
    ).fetchall()
    plan = compile_batch(made)
    plan.prepare(con)
    row = con.execute(plan.select("landed", described(con, "landed"))).fetchall()[0]
    assert row[-3:] == ("x", None, "00000000-0000-0000-0000-000000000001")


def test_an_empty_relation_gives_an_empty_one(con: duckdb.DuckDBPyConnection) -> None:
    table = pa.table({"id": pa.array([], pa.string())})
    assert run_batch(MADE, table, con) == []


def test_slow_values_are_asked_once_in_chunks_and_threads_do_not_mind(tmp_path: Path) -> None:
    rows = [
        {"id": str(i), "Phone": f"tel:+33-6-12-34-{i % 50:02d}-00", "Country": None}
        for i in range(30_000)
    ]
    path = tmp_path / "landed.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=5_000)
    with duckdb.connect(config={"threads": 2, "memory_limit": "200MB"}) as con:
        found = run_batch(MADE, pq.read_table(path), con)
        assert found == run_records(MADE, rows, columns_of(pq.read_table(path), con))
    assert found[0].attributes["phones"][0]["value"] == "+33612340000"


@pytest.mark.parametrize("dialect", ["spark", "postgres"])
def test_an_expression_can_be_written_for_another_database(dialect: str) -> None:
    sql = render(
        expression("lower(c.a) = 'x' and c.b > 5"), {"a": "VARCHAR", "b": "BIGINT"}, dialect=dialect
    )
    assert "LOWER" in sql
    assert "x" in sql


def test_today_is_the_date_that_was_passed(con: duckdb.DuckDBPyConnection) -> None:
    assert "2020-02-29" in render(expression("today()"), {}, today=date(2020, 2, 29))
    with pytest.raises(MappingError, match=r"test.yaml:1:1 fields.birth_date: .*date of the run"):
        compile_batch(document(field("birth_date", "today()"))).select("x", {})
