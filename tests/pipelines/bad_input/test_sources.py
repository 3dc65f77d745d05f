"""What a user sees of a source that is away, refuses, answers rubbish or is another by now."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests.pipelines.bad_input.conftest import GOOD, MAPPING, Place, mend

ROWS = list(csv.DictReader(GOOD.splitlines()))
HTML = (200, {"Content-Type": "text/html"}, b"<html>Log in</html>")
HALF = json.dumps({"rows": ROWS}).encode()[:-40]


def of(place: Place, kind: str, source: str) -> None:
    """Read another kind of source with the same mapping."""
    place.project(source=source)
    text = MAPPING.replace("connector: files", f"connector: {kind}")
    place.write("mappings/shop.yaml", text)


def rest(place: Place, url: str, paging: str = "{type: none}") -> None:
    http = "http: {attempts: 2, backoff_seconds: 0.01, read_timeout: 1, total_seconds: 5}"
    what = f"objects: {{customers: {{path: c, items: rows, key: id, pagination: {paging}}}}}"
    of(place, "rest", f"{{type: rest, url: '{url}', {http}, {what}}}")


ANSWERS: dict[str, tuple[Any, str]] = {
    "no right": ((401, {}, {}), "401 .*the credentials are refused, check auth"),
    "too few rights": ((403, {}, {}), "403 .*the credentials lack a right, ask the system's"),
    "not found": ((404, {}, {}), "404 .*; check url, and the object's own address"),
    "an error": ((500, {}, {}), "500 .*; the system is in trouble, try again later"),
    "busy": ((429, {"Retry-After": "0"}, {}), "429 .*; it asks for patience, go slower"),
    "a web page": (HTML, "answered text/html where JSON was expected; is the url right"),
    "rubbish": ((200, {}, b"\x00\xff"), "not valid JSON"),
    "half an answer": ((200, {}, HALF), "not valid JSON"),
    "a lost answer": ("short", "the answer was cut off"),
    "another shape": (
        (200, {}, {"customers": ROWS}),
        "no list of rows at 'rows', set items; there is customers",
    ),
    "rows that are none": ((200, {}, {"rows": ["x"]}), "rows are not JSON objects; set scalars_as"),
    "elsewhere": ((302, {"Location": "http://x.test/"}, b""), "redirects to .*; set url to where"),
}


@pytest.mark.parametrize(("answer", "line"), ANSWERS.values(), ids=ANSWERS)
def test_an_api_that_does_not_give_rows_is_told_and_deletes_nobody(place, serve, answer, line):
    rest(place, serve(answer).url)
    said = place.sync()
    assert said.code == 4
    assert re.search(f"shop: GET /c: .*({line})", said.err), said.err
    assert place.is_unharmed()


def test_an_api_that_has_no_rows_any_more_deletes_nobody(place, serve):
    rest(place, serve((200, {}, {"rows": []})).url)
    said = place.sync()
    assert said.code == 3
    assert re.search("shop: 20 of 20 known records are gone .*Nothing was deleted", said.err)
    assert place.is_unharmed()
    mend(place)


@pytest.mark.parametrize("paging", ["{type: next_url, pointer: next}", "{type: page, size: 20}"])
def test_pages_without_end_are_told(place, serve, paging):
    rest(place, serve((200, {}, {"rows": ROWS, "next": "/c?page=1"})).url, paging)
    said = place.sync()
    assert said.code == 4
    assert re.search("shop: .*gave the same page twice; does it know the parameters", said.err), (
        said.err
    )
    assert place.is_unharmed()


def sql(place: Place, url: str = "sqlite:///shop.db", more: str = "") -> None:
    of(place, "sql", f"{{type: sql, url: '{url}'{more}}}")


def shop(place: Place, *statements: str) -> None:
    """Put the customers into a database, then do this to it."""
    file = place.folder / "shop.db"
    file.unlink(missing_ok=True)
    with sqlite3.connect(file) as db:
        db.execute("create table customers (id text primary key, mail, first, last)")
        db.executemany("insert into customers values (:id, :mail, :first, :last)", ROWS)
        for statement in statements:
            db.execute(statement)
    db.close()


TABLES = {
    "a table gone": ("drop table customers", 4, "customers.*there is no such table|no .*customers"),
    "a column gone": (
        "alter table customers drop column last",
        2,
        r"mappings/shop\.yaml:7:3 fields\.family_name: the source has no column 'last'",
    ),
    "a column renamed": (
        "alter table customers rename column mail to email",
        2,
        r"shop\.yaml:5:3 fields\.email: .*no column 'mail'; did you mean 'email'",
    ),
    "no rows": ("delete from customers", 3, "20 of 20 known records are gone"),
    "half of them": ("delete from customers where id % 2", 3, "10 of 20 known records are gone"),
}


@pytest.mark.parametrize(("statement", "code", "line"), TABLES.values(), ids=TABLES)
def test_a_table_that_is_another_by_now_stops_its_source(place, statement, code, line):
    shop(place, statement)
    sql(place)
    said = place.sync()
    assert said.code == code
    assert re.search(line, said.err), said.err
    assert place.is_unharmed()
    shop(place)
    assert place.sync().code == 0
    assert place.is_unharmed()


def test_a_file_that_is_no_database_is_told(place):
    sql(place)
    for content in (b"", b"garbage" * 1000):
        place.write("shop.db", content)
        said = place.sync()
        assert said.code == 4
        assert re.search(r"shop: .*shop\.db", said.err), said.err
    assert place.is_unharmed()


def test_a_database_that_is_not_there_or_refuses_us_is_told(place, postgres_url, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "wrong")
    there = sa.make_url(postgres_url)._replace(password=None)
    for url, line in (
        (there, "postgresql .* refuses us; check user, password and the rights"),
        (there.set(port=1), "postgresql .*no answer .*is it reachable"),
    ):
        sql(place, url.render_as_string(), ", password: 'env:SHOP_PASSWORD'")
        said = place.sync()
        assert said.code == 4
        assert re.search(f"shop: {line}", said.err), said.err
    monkeypatch.delenv("SHOP_PASSWORD")
    said = place.sync()
    assert said.code == 4
    assert "shop: env:SHOP_PASSWORD: not set; export SHOP_PASSWORD first" in said.err
    assert place.is_unharmed()


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file)
    return file.getvalue()


WHOLE = {"jsonl": "".join(json.dumps(row) + "\n" for row in ROWS).encode(), "parquet": parquet()}
DAMAGED: dict[str, tuple[str, bytes, int, str]] = {
    "a Parquet file without its end": (
        "parquet",
        WHOLE["parquet"][:-50],
        4,
        "parquet: is no Parquet file",
    ),
    "a Parquet file without its middle": (
        "parquet",
        WHOLE["parquet"][:40] + bytes(200) + WHOLE["parquet"][240:],
        4,
        "parquet: is damaged; export it again",
    ),
    "rubbish for Parquet": ("parquet", b"rubbish", 4, "parquet: is no Parquet file"),
    "nothing for Parquet": ("parquet", b"", 4, "parquet: is no Parquet file"),
    "nothing for JSON lines": ("jsonl", b"", 3, "20 of 20 known records are gone"),
    "one JSON text": ("jsonl", json.dumps(ROWS, indent=1).encode(), 3, "20 of 20 known"),
    "another encoding": (
        "jsonl",
        '{"id": "Z\xfc"}\n'.encode("latin-1"),
        4,
        "jsonl:1: byte .*utf-8",
    ),
}


@pytest.mark.parametrize(("kind", "content", "code", "line"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_stops_its_source(place, kind, content, code, line):
    file = f"customers.{kind}"
    of(place, "files", f"{{type: files, path: {file}}}")
    place.write(file, content)
    said = place.sync()
    assert said.code == code
    assert re.search(line, said.err), said.err
    assert place.is_unharmed()
    place.write(file, WHOLE[kind])
    assert place.sync().code == 0
    assert place.is_unharmed()
    assert place.letters() == []


def test_a_line_of_json_that_is_cut_off_is_kept_and_deletes_nobody(place):
    of(place, "files", "{type: files, path: customers.jsonl}")
    place.write("customers.jsonl", WHOLE["jsonl"][:-20])
    said = place.sync()
    assert said.code == 0
    assert "missing: 1; " in said.err
    (letter,) = place.letters()
    assert letter.place == "customers.jsonl:20"
    assert place.is_unharmed()


@pytest.mark.parametrize("kind", ["ldap", "salesforce", "scim"])
def test_other_systems_that_are_not_there_are_told(place, closed_port, kind, monkeypatch):
    monkeypatch.setenv("S", "s")
    objects = "objects: {customers: {base: dc=x, attributes: [id, mail, first, last]}}"
    auth = "auth: {type: client_credentials, client_id: c, client_secret: 'env:S'}"
    settings = {"ldap": objects, "salesforce": f"{auth}, http: {{attempts: 1}}", "scim": ""}[kind]
    scheme = "ldap" if kind == "ldap" else "http"
    url = f"{scheme}://127.0.0.1:{closed_port}"
    of(place, kind, f"{{type: {kind}, url: '{url}', {settings}}}".replace(", }", "}"))
    said = place.sync()
    assert said.code == (2 if kind == "scim" else 4)
    assert re.search(
        "shop: .*(cannot connect|no connection)|connector.type: cannot be read", said.err
    ), said.err
    assert place.is_unharmed()
