from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as pq

from connectors.contract import Checkable, Discoverable, Page, Query, Source
from connectors.errors import MisconfiguredError, TransientError
from connectors.files import Files
from connectors.kit import RECORDS, SourceContract
from connectors.registry import build


def files(folder: Path, path: str = "a.csv", **settings: Any) -> Files:
    built = build("files", {"path": path} | settings, folder)
    assert isinstance(built, Files)
    return built


def rows(pages: Any) -> list[dict[str, Any]]:
    return [
        dict(row)
        for page in pages
        for row in (page.rows.to_pylist() if isinstance(page.rows, pa.RecordBatch) else page.rows)
    ]


def rejected(pages: list[Page]) -> list[tuple[str, str, str]]:
    return [(r.place, r.reason, r.raw) for page in pages for r in page.rejected]


def test_it_can_be_checked_discovered_and_read(tmp_path):
    source = files(tmp_path)
    assert all(isinstance(source, kind) for kind in (Checkable, Discoverable, Source))


def test_a_csv_is_text_as_it_stands(tmp_path):
    text = 'id,name,note\n007,"Lee, Ann",\n 8 ,"say ""hi""","two\nlines"\n'
    (tmp_path / "a.csv").write_text(text)
    assert rows(files(tmp_path).read(Query("a"))) == [
        {"id": "007", "name": "Lee, Ann", "note": ""},
        {"id": " 8 ", "name": 'say "hi"', "note": "two\nlines"},
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_a_declared_encoding_is_read(tmp_path, encoding):
    (tmp_path / "a.csv").write_bytes("Nr;Größe\r\n1;Zoë\r\n".encode(encoding))
    declared = "utf-8" if encoding.startswith("utf-8") else encoding
    source = files(tmp_path, encoding=declared, delimiter=";")
    assert rows(source.read(Query("a"))) == [{"Nr": "1", "Größe": "Zoë"}]


def test_a_wrong_encoding_is_named_with_its_line_and_byte(tmp_path):
    (tmp_path / "a.csv").write_bytes("id,name\n1,Ann\n2,Zoë\n".encode("cp1252"))
    with pytest.raises(MisconfiguredError, match=r"a\.csv:3: byte 19 is not utf-8; set encoding"):
        list(files(tmp_path).read(Query("a")))


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_rows_of_another_width_are_rejected_with_their_line_and_text(tmp_path, size):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3\n4,5,6\n7,8\n")
    pages = list(files(tmp_path).read(Query("a", page_size=size)))
    assert rows(pages) == [{"a": "1", "b": "2"}, {"a": "7", "b": "8"}]
    assert rejected(pages) == [
        ("a.csv:3", "1 columns where 2 were expected", "3"),
        ("a.csv:4", "3 columns where 2 were expected", "4,5,6"),
    ]
    assert all(len(page.rows) <= size for page in pages)


def test_a_quote_that_is_never_closed_costs_one_line(tmp_path):
    (tmp_path / "a.csv").write_text('a,b\n1,"x\ny"\n2,"open\n3,c\n4,"d"\n')
    pages = list(files(tmp_path).read(Query("a")))
    assert rows(pages) == [{"a": "1", "b": "x\ny"}, {"a": "3", "b": "c"}, {"a": "4", "b": "d"}]
    assert rejected(pages) == [("a.csv:4", "a quote is never closed", '2,"open')]


CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8
)


@given(st.lists(st.tuples(CELL, CELL), max_size=8), st.integers(1, 9))
def test_whatever_is_written_as_csv_is_read_again(tmp_path_factory, table, size):
    folder = tmp_path_factory.mktemp("csv")
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in table]
    (folder / "a.csv").write_text("\n".join(["a,b", *quoted, ""]), encoding="utf-8", newline="")
    pages = list(files(folder).read(Query("a", page_size=size)))
    assert [(row["a"], row["b"]) for row in rows(pages)] == table
    assert rejected(pages) == []


def test_a_csv_without_header_needs_names(tmp_path):
    (tmp_path / "a.tsv").write_text("1\tx\n")
    source = files(tmp_path, "a.tsv", header=False, columns=[{"name": "n"}, {"name": "m"}])
    assert rows(source.read(Query("a"))) == [{"n": "1", "m": "x"}]
    with pytest.raises(MisconfiguredError, match="header: false needs columns"):
        files(tmp_path, header=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "not even a header"), ("a,b,a\n", "two columns are named 'a'")],
)
def test_a_file_without_a_usable_header_is_refused(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(MisconfiguredError, match=message):
        list(files(tmp_path).read(Query("a")))


def test_a_header_alone_is_no_rows_and_still_a_position(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n")
    (page,) = files(tmp_path).read(Query("a"))
    assert page.rows.schema.names == ["a", "b"]
    assert page.rows.num_rows == 0
    assert page.cursor


def test_a_parquet_file_or_a_list_without_rows_is_one_empty_page(tmp_path):
    pq.write_table(pa.table({"id": pa.array([], pa.int64())}), tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text("")
    for name in ("a.parquet", "a.jsonl"):
        (page,) = files(tmp_path, name).read(Query("a"))
        assert (len(page.rows), bool(page.cursor)) == (0, True)


def test_what_is_rejected_at_the_end_comes_with_the_same_columns(tmp_path):
    (tmp_path / "a.csv").write_text('a,b\n"1",2\n"3\n')
    pages = list(files(tmp_path).read(Query("a", page_size=1)))
    assert [page.rows.schema.names for page in pages] == [["a", "b"], ["a", "b"]]
    assert [len(page.rejected) for page in pages] == [0, 1]


def test_json_lines_keep_their_types_and_lose_no_line(tmp_path):
    lines = (
        '{"id": "007", "n": 12345678901234567890, "x": null, "l": [1]}\n{"id"\n[1]\n\n{"n": NaN}'
    )
    (tmp_path / "a.jsonl").write_text(lines)
    pages = list(files(tmp_path, "a.jsonl").read(Query("a")))
    assert rows(pages) == [{"id": "007", "n": 12345678901234567890, "x": None, "l": [1]}]
    assert [place for place, _, _ in rejected(pages)] == ["a.jsonl:2", "a.jsonl:3", "a.jsonl:5"]


def test_parquet_keeps_the_types_of_the_file(tmp_path):
    table = pa.table({"id": [1, 2, 3], "when": pa.array([0, 1, None], pa.timestamp("us", "UTC"))})
    pq.write_table(table, tmp_path / "a.parquet")
    pages = list(files(tmp_path, "a.parquet").read(Query("a", page_size=2)))
    assert [page.rows.num_rows for page in pages] == [2, 1]
    assert pages[0].rows.schema.field("when").type == pa.timestamp("us", "UTC")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 half")
    with pytest.raises(MisconfiguredError, match="no Parquet file, or half of one"):
        list(files(tmp_path, "a.parquet").read(Query("a")))


def fixed(folder: Path) -> Files:
    columns = [{"name": "id", "start": 1, "width": 3}, {"name": "name", "start": 4, "width": 5}]
    return files(folder, "a.txt", format="fixed", encoding="latin-1", columns=columns)


def test_fixed_width_columns_keep_their_blanks_and_short_lines_are_rejected(tmp_path):
    (tmp_path / "a.txt").write_bytes("007Ann  \n008Zoë\n009\n".encode("latin-1"))
    pages = list(fixed(tmp_path).read(Query("a")))
    assert rows(pages) == [{"id": "007", "name": "Ann  "}, {"id": "008", "name": "Zoë"}]
    assert rejected(pages) == [("a.txt:3", "3 characters where the last column starts at 4", "009")]
    assert [c.name for c in fixed(tmp_path).discover()[0].columns] == ["id", "name"]


def test_a_pattern_reads_its_files_in_order_and_an_unchanged_file_once(tmp_path):
    for name, value in (("b-2", 2), ("b-1", 1)):
        (tmp_path / f"{name}.csv").write_text(f"n\n{value}\n")
    source = files(tmp_path, "*.csv")
    first, second = source.read(Query("b-*"))
    assert [r["n"] for r in rows([first, second])] == ["1", "2"]
    assert rows(source.read(Query("b-*", after=first.cursor))) == [{"n": "2"}]
    assert list(source.read(Query("b-*", after=second.cursor))) == []
    os.utime(tmp_path / "b-1.csv", ns=(1, 1))
    assert rows(source.read(Query("b-*", after=second.cursor))) == []
    (tmp_path / "b-1.csv").write_text("n\n3\n")
    assert rows(source.read(Query("b-*", after=second.cursor))) == [{"n": "3"}]


def test_a_folder_offers_its_files_by_sub_path(tmp_path):
    (tmp_path / "drop/eu").mkdir(parents=True)
    (tmp_path / "drop/eu/a.csv").write_text("n\n1\n")
    (tmp_path / "drop/b.csv").write_text("n\n2\n")
    (tmp_path / "drop/.half.csv").write_text("n\n3\n")
    source = files(tmp_path, "drop")
    assert [found.name for found in source.discover()] == ["b", "eu/a"]
    assert rows(source.read(Query("eu/a"))) == rows(source.read(Query("a"))) == [{"n": "1"}]
    with pytest.raises(MisconfiguredError, match="did you mean 'eu/a'"):
        list(source.read(Query("eu/aa")))


def test_a_file_that_changes_while_it_is_read_does_not_count(tmp_path):
    (tmp_path / "a.csv").write_text("n\n1\n2\n")
    pages = files(tmp_path).read(Query("a", page_size=1))
    assert next(pages).cursor is None
    (tmp_path / "a.csv").write_text("n\n1\n2\n3\n")
    with pytest.raises(TransientError, match="changed while it was read"):
        list(pages)


def test_only_the_wanted_columns_are_read(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    assert rows(files(tmp_path).read(Query("a", fields=("b",)))) == [{"b": "2"}]
    with pytest.raises(MisconfiguredError, match=r"no column 'bb'; did you mean 'b'"):
        list(files(tmp_path).read(Query("a", fields=("bb",))))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoding": "utf-9"}, "encoding: is no encoding that Python knows"),
        ({"delimiter": ";;"}, "delimiter: is one ASCII character"),
        ({"format": "fixed"}, "format fixed needs columns"),
        ({"formt": "csv"}, "formt: unknown setting; did you mean 'format'"),
    ],
)
def test_wrong_settings_are_answered_with_the_mend(tmp_path, settings, message):
    with pytest.raises(MisconfiguredError, match=message):
        files(tmp_path, **settings)


def test_a_missing_file_and_an_unknown_suffix_are_named(tmp_path):
    with pytest.raises(MisconfiguredError, match="no such file"):
        files(tmp_path).check()
    (tmp_path / "a.dat").write_text("x")
    with pytest.raises(MisconfiguredError, match="set format"):
        list(files(tmp_path, "a.dat").read(Query("a")))


def as_csv(records: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", "name", "note", "big", "changed"], quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


class TestCsvContract(SourceContract):
    cursor = None
    typed = False

    @pytest.fixture
    def source(self, records, tmp_path):
        (tmp_path / "people.csv").write_text(as_csv(records), encoding="utf-8", newline="")
        return files(tmp_path, "people.csv")

    @pytest.fixture
    def empty(self, tmp_path):
        (tmp_path / "people.csv").write_text(as_csv([]))
        return files(tmp_path, "people.csv")

    @pytest.fixture
    def unreachable(self, tmp_path):
        return files(tmp_path, "gone.csv")


class TestJsonLinesContract(SourceContract):
    cursor = None

    @pytest.fixture
    def source(self, records, tmp_path):
        text = "".join(json.dumps(record) + "\n" for record in records)
        (tmp_path / "people.jsonl").write_text(text)
        return files(tmp_path, "people.jsonl")

    @pytest.fixture
    def empty(self, tmp_path):
        (tmp_path / "people.jsonl").write_text("")
        return files(tmp_path, "people.jsonl")


class TestParquetContract(SourceContract):
    cursor = None

    @pytest.fixture
    def source(self, records, tmp_path):
        pq.write_table(pa.Table.from_pylist(records), tmp_path / "people.parquet")
        return files(tmp_path, "people.parquet")


class TestFixedWidthContract(SourceContract):
    cursor = None
    typed = False
    widths: ClassVar[dict[str, int]] = {
        "id": 20,
        "name": 24,
        "note": 2,
        "big": 20,
        "changed": 32,
    }

    @pytest.fixture
    def records(self):
        texts = ({k: "" if v is None else str(v) for k, v in row.items()} for row in RECORDS)
        return [{k: v.ljust(self.widths[k]) for k, v in row.items()} for row in texts]

    @pytest.fixture
    def source(self, records, tmp_path):
        columns, start = [], 1
        for name, width in self.widths.items():
            columns.append({"name": name, "start": start, "width": width})
            start += width
        lines = "".join("".join(row[name] for name in self.widths) + "\n" for row in records)
        (tmp_path / "people.txt").write_text(lines, encoding="utf-8")
        return files(tmp_path, "people.txt", format="fixed", columns=columns)


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_value_larger_than_a_block_is_read_and_nothing_comes_twice(tmp_path, quote):
    long = quote + "x" * 9_000_000 + quote
    rows = [f"{n},{'y' * 400}" for n in range(15_000)]
    lines = ["id,name", *rows[:12_000], "too,many,columns", f"long,{long}", *rows[12_000:], "a,b,c"]
    (tmp_path / "big.csv").write_text("\n".join(lines) + "\n")
    pages = list(Files(path=tmp_path / "big.csv").read(Query("big")))
    ids = [row["id"] for page in pages for row in page.rows.to_pylist()]
    wanted = [str(n) for n in range(15_000)]
    assert ids == [*wanted[:12_000], "long", *wanted[12_000:]]
    assert [one.place for page in pages for one in page.rejected] == [
        "big.csv:12002",
        "big.csv:15004",
    ]


def test_rows_with_nul_characters_are_rejected(tmp_path):
    (tmp_path / "nul.csv").write_text("id,name\n1,abc\n2,b\0c\n3,def\n")
    (tmp_path / "nul.txt").write_text("1abcdef\n2\0bcdef\n3abcdef\n")
    columns = [{"name": "id", "start": 1, "width": 1}, {"name": "name", "start": 2, "width": 6}]
    fixed = Files(path=tmp_path / "nul.txt", format="fixed", columns=columns)
    for source, name in ((Files(path=tmp_path / "nul.csv"), "nul.csv:3"), (fixed, "nul.txt:2")):
        (page,) = source.read(Query("nul"))
        assert [row["id"] for row in page.rows.to_pylist()] == ["1", "3"]
        assert [(one.place, one.reason) for one in page.rejected] == [
            (name, "holds a NUL character")
        ]


def test_a_file_in_utf_16_is_not_taken_for_another_encoding(tmp_path):
    (tmp_path / "wide.csv").write_text("id,name\n1,a\n", encoding="utf-16-le")
    with pytest.raises(MisconfiguredError, match=r"wide\.csv: is full of NUL bytes.* utf-16-le"):
        list(Files(path=tmp_path / "wide.csv").read(Query("wide")))
    (page,) = Files(path=tmp_path / "wide.csv", encoding="utf-16-le").read(Query("wide"))
    assert page.rows.to_pylist() == [{"id": "1", "name": "a"}]


def test_an_empty_folder_is_called_one(tmp_path):
    with pytest.raises(MisconfiguredError, match="no file is in this folder"):
        Files(path=tmp_path).check()
