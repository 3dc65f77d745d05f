import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Page
from idp_core.db.jsontext import row_json
from pipelines import landing
from pipelines.errors import JobError
from pipelines.landing import Landing

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(["id", "e mail", "größe", "q'u\"ote", "x"])


@given(st.lists(st.dictionaries(names, json_values, max_size=3), max_size=5))
def test_json_rows_come_back_as_they_were(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("landing")
    page = Landing(folder).write(0, Page(rows))
    con = duckdb.connect()
    landing.load(con, "landed", [page.path])
    found = landing.rows_as_json(con, "landed", range(len(rows)))
    for number, row in enumerate(rows):
        kept = {k: v for k, v in json.loads(found[number]).items() if v is not None}
        whole = {k: v for k, v in row.items() if v is not None}
        assert {k: v for k, v in kept.items() if k in whole} == whole


def test_text_that_looks_like_a_date_stays_text(tmp_path):
    page = Landing(tmp_path).write(0, Page([{"born": "2020-01-31", "zip": "01234"}]))
    con = duckdb.connect()
    landing.load(con, "landed", [page.path])
    assert con.execute("SELECT born->>'$', zip->>'$' FROM landed").fetchall() == [
        ("2020-01-31", "01234")
    ]


def test_arrow_batches_keep_their_types(tmp_path):
    batch = pa.RecordBatch.from_pylist([{"n": Decimal("1.50"), "d": date(2020, 1, 31), "b": True}])
    page = Landing(tmp_path).write(0, Page(batch))
    columns = landing.load(duckdb.connect(), "landed", [page.path])
    assert columns == {"n": "DECIMAL(3,2)", "d": "DATE", "b": "BOOLEAN"}


def test_rows_of_several_pages_are_numbered_in_their_order(tmp_path):
    folder = Landing(tmp_path)
    paths = [folder.write(n, Page([{"id": n * 2}, {"id": n * 2 + 1}])).path for n in range(3)]
    con = duckdb.connect()
    landing.load(con, "landed", paths)
    assert con.execute("SELECT _row, id::INT FROM landed ORDER BY 1").fetchall() == [
        (n, n) for n in range(6)
    ]


def test_a_column_that_only_some_pages_have_is_null_elsewhere(tmp_path):
    folder = Landing(tmp_path)
    paths = [folder.write(0, Page([{"a": 1}])).path, folder.write(1, Page([{"b": 2}])).path]
    con = duckdb.connect()
    assert landing.load(con, "landed", paths).keys() == {"a", "b"}


def test_columns_that_differ_only_in_case_are_named(tmp_path):
    page = Landing(tmp_path).write(0, Page([{"id": 1, "Id": 2}]))
    with pytest.raises(JobError, match="'Id' and 'id'"):
        landing.load(duckdb.connect(), "landed", [page.path])


def test_nothing_landed_is_no_table_and_no_error(tmp_path):
    assert landing.load(duckdb.connect(), "landed", []) == {}


def test_half_a_surrogate_pair_does_not_stop_a_page(tmp_path):
    page = Landing(tmp_path).write(0, Page([{"a": "x\ud800y"}]))
    con = duckdb.connect()
    landing.load(con, "landed", [page.path])
    assert con.execute("SELECT a->>'$' FROM landed").fetchone() == ("x\ufffdy",)


def test_a_full_disk_is_told_with_its_mend_and_leaves_no_half_page(tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(JobError, match=r"No space left on device.*free some space"):
        Landing(tmp_path).write(0, Page([{"a": 1}]))
    assert list(Path(tmp_path).iterdir()) == []


KEPT = """SELECT 0 AS _row, DATE '2020-01-31' AS d, TIMESTAMP '2020-01-31 10:00:00.123456' AS ts,
  TIMESTAMPTZ '2020-01-31 10:00:00+02' AS tz, 12345678901234567.89::DECIMAL(30, 2) AS "dec",
  7.0::DOUBLE AS "dbl", 9223372036854775807 AS big, '0042' AS z, 'null' AS word, '' AS empty,
  '\\xAA\\x00'::BLOB AS "blob", TIME '10:00:00' AS t, TRUE AS yes, NULL::DATE AS none,
  {'a': DATE '2020-01-01', 'b': [1.5::DECIMAL(5, 2)]} AS parts, [1, 2] AS listed,
  'a'::ENUM ('a', 'b') AS en, '{"a": [1, "x"]}'::JSON AS j, '"text"'::JSON AS "q""uo/te~'" """


def test_a_row_kept_as_json_comes_back_with_the_types_it_had():
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"CREATE TABLE landed AS {KEPT}")
    types = {n: t for n, t, *_ in con.execute("DESCRIBE landed").fetchall() if n != landing.ROW}
    kept = json.loads(row_json(json.loads(landing.rows_as_json(con, "landed", [0])[0])))
    named = {name: kind for name, kind in types.items() if kind != "JSON"}
    assert landing.restore(con, "restored", [kept], named) == types
    query = "SELECT * REPLACE (j::VARCHAR AS j) FROM"
    before = con.execute(f"{query} (SELECT * REPLACE (json(j) AS j) FROM landed)").fetchall()
    after = con.execute(f"{query} (SELECT * REPLACE (json(j) AS j) FROM restored)").fetchall()
    assert after == before


@given(st.lists(st.dictionaries(names, json_values, max_size=3), max_size=5))
def test_json_rows_kept_and_restored_are_what_landed(tmp_path_factory, rows):
    page = Landing(tmp_path_factory.mktemp("landing")).write(0, Page(rows))
    con = duckdb.connect()
    columns = landing.load(con, "landed", [page.path])
    texts = landing.rows_as_json(con, "landed", range(len(rows)))
    kept = [json.loads(texts[number]) for number in range(len(rows))]
    if kept:
        assert landing.restore(con, "restored", kept, {}) == columns
        difference = "SELECT * FROM landed EXCEPT SELECT * FROM restored"
        assert con.execute(difference).fetchall() == []


def test_a_column_may_have_any_name_in_a_dead_letter():
    con = duckdb.connect()
    con.execute("CREATE TABLE landed AS SELECT 0 AS _row, 1 AS t, 2 AS l, 3 AS landed")
    assert json.loads(landing.rows_as_json(con, "landed", [0])[0]) == {"t": 1, "l": 2, "landed": 3}
