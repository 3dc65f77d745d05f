"""Sources of any size hold no more than a page or two, however many rows there are."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from connectors.kit import LargeSourceContract, numbered
from connectors.registry import build

SLOW = ("TestJsonLines", "TestPatientCsv", "TestCopybook")

HEADER = "id,name,changed\n"


def line(row):
    return f"{row['id']},{row['name']},{row['changed']}\n"


class Files(LargeSourceContract):
    allowed_mb = 16.0  # blocks of 4 MB are looked at, and pyarrow is ahead of us by some
    file: ClassVar[str] = "people.csv"
    settings: ClassVar[dict] = {}

    @pytest.fixture
    def holding(self, tmp_path):
        def make(count):
            self.write(tmp_path / self.file, count)
            return build(
                "files", {"path": self.file, "unpack_limit": "1GB"} | self.settings, tmp_path
            )

        return make

    def write(self, path, count):
        with path.open("w") as file:
            file.write(HEADER)
            file.writelines(map(line, numbered(count)))


class TestCsv(Files):
    """As pyarrow reads it."""


class TestPatientCsv(Files):
    """One quote that is never closed: read line by line."""

    def write(self, path, count):
        super().write(path, count)
        text = path.read_text()
        path.write_text(text.replace("Zoë 7 O'Brien", '"Zoë 7', 1))

    def most_held(self, source, rows):
        return super().most_held(source, rows - 1)


class TestJsonLines(Files):
    file = "people.jsonl"

    def write(self, path, count):
        with path.open("w") as file:
            file.writelines(json.dumps(row) + "\n" for row in numbered(count))


class TestJsonDocument(Files):
    file = "people.json"
    settings: ClassVar[dict] = {"records": "people"}

    def write(self, path, count):
        with path.open("w") as file:
            file.write('{"people": [')
            for number, row in enumerate(numbered(count)):
                file.write(f"{', ' if number else ''}{json.dumps(row)}")
            file.write("]}")


class TestXml(Files):
    file = "people.xml"
    settings: ClassVar[dict] = {"records": "person"}

    def write(self, path, count):
        with path.open("w") as file:
            file.write("<people>")
            for row in numbered(count):
                file.write("<person>")
                file.writelines(f"<{k}>{v}</{k}>" for k, v in row.items())
                file.write("</person>")
            file.write("</people>")


class TestParquet(Files):
    file = "people.parquet"

    def write(self, path, count):
        pq.write_table(pa.Table.from_pylist(list(numbered(count))), path, row_group_size=10_000)


class TestZip(Files):
    file = "people.zip"

    def write(self, path, count):
        packing = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        with packing as archive, archive.open("people.csv", "w") as file:
            file.write(HEADER.encode())
            for row in numbered(count):
                file.write(line(row).encode())


class TestCopybook(Files):
    file = "people.dat"
    settings: ClassVar[dict] = {
        "format": "copybook",
        "encoding": "cp037",
        "copybook": {"file": "people.cpy"},
    }
    key = "ID"

    def write(self, path, count):
        book = "01 R. 05 ID PIC X(8). 05 NAME PIC X(30). 05 CHANGED PIC X(20)."
        path.with_suffix(".cpy").write_text(book)
        with path.open("wb") as file:
            for row in numbered(count):
                text = f"{row['id']}{row['name']:<30}{row['changed']}"
                file.write(text.encode("cp037"))


class TestSql(LargeSourceContract):
    cursor = "changed"

    @pytest.fixture
    def holding(self, tmp_path):
        def make(count):
            path = tmp_path / f"{count}.db"
            with sqlite3.connect(path) as db:
                db.execute("CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, changed TEXT)")
                rows = (tuple(row.values()) for row in numbered(count))
                db.executemany("INSERT INTO people VALUES (?, ?, ?)", rows)
            db.close()
            return build("sql", {"url": f"sqlite:///{path}"}, tmp_path)

        return make


class Paged(BaseHTTPRequestHandler):
    """Pages of rows that are made as they are asked for: the server holds none."""

    protocol_version = "HTTP/1.1"
    count: ClassVar[int] = 0

    def do_GET(self):
        asked = {name: each[0] for name, each in parse_qs(urlsplit(self.path).query).items()}
        start = int(asked["offset"])
        numbers = range(start, min(start + 1_000, self.count))
        rows = [{"id": f"{n:08}", "name": f"Zoë {n} O'Brien", "at": n} for n in numbers]
        body = json.dumps(rows).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class TestRest(LargeSourceContract):
    sizes = (5_000, 20_000)

    @pytest.fixture
    def holding(self, serving):
        def make(count):
            url = serving(type("Handler", (Paged,), {"count": count}))
            people = {"path": "people", "key": "id", "pagination": {"type": "offset"}}
            return build("rest", {"url": url, "objects": {"people": people}}, Path())

        return make


class TestRestByCursor(TestRest):
    cursor = "at"


@pytest.mark.slow
@pytest.mark.timeout(3_600)
class TestMillionRowsOfCsv(TestCsv):
    sizes = (300_000, 1_000_000)  # the first is larger than what pyarrow reads ahead


@pytest.mark.slow
@pytest.mark.timeout(3_600)
class TestMillionRowsOfSql(TestSql):
    sizes = (100_000, 1_000_000)
