from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Query
from connectors.errors import MisconfiguredError
from connectors.files.dialect import detect_dialect, detect_encoding
from connectors.files.stored import Local
from connectors.trial import try_system
from tests.connectors.files.conftest import files, rows

CELL = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=9)


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_whatever_is_written_with_every_value_quoted_is_told_by_its_delimiter(
    tmp_path_factory, table, delimiter
):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["id", "first name", "last name"], *table])
    found = detect_dialect(Local(tmp_path_factory.getbasetemp()), text.getvalue(), whole=True)
    assert (found.delimiter, found.quote, found.columns) == (delimiter, '"', 3)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name;sum\nAnn, Lee;2,50\nBob;1,00\n", (";", '"', 2)),
        ("name,when\nAnn,10:30:00\n", (",", '"', 2)),
        ("a|b|c\n1|x, y|2\n", ("|", '"', 3)),
        ("n\tnote\n1\tO'Brien, 'quoted'\n", ("\t", '"', 2)),
        ("id,name\n'1','Lee, Ann'\n'2','Bob'\n", (",", "'", 2)),
        ("a^b\n1^2\n", ("^", '"', 2)),
        ("name\nAnn\nBob Lee\n", (",", '"', 1)),
        ('a;b\n1;"two\nlines; here"\n', (";", '"', 2)),
        ("", (",", '"', 1)),
    ],
)
def test_a_dialect_is_told_by_what_cuts_every_line_alike(tmp_path, text, wanted):
    found = detect_dialect(Local(tmp_path), text, whole=True)
    assert (found.delimiter, found.quote, found.columns) == wanted


def test_what_no_delimiter_cuts_alike_is_not_guessed(tmp_path):
    with pytest.raises(MisconfiguredError, match="set delimiter and quote"):
        detect_dialect(Local(tmp_path), "a,b\n1\n2\n3\n", whole=True)


@pytest.mark.parametrize(
    ("encoding", "name", "sure"),
    [
        ("utf-8", "utf-8", True),
        ("utf-8-sig", "utf-8", True),
        ("utf-16", "utf-16", True),
        ("utf-16-le", "utf-16-le", False),
        ("utf-16-be", "utf-16-be", False),
        ("utf-32", "utf-32", True),
        ("cp1252", "cp1252", False),
    ],
)
def test_an_encoding_is_told_and_a_guess_is_called_one(encoding, name, sure):
    text = "id;name\n" + "".join(f"{n};Zoë Müller, Größe und Straße {n}\n" for n in range(50))
    found = detect_encoding(text.encode(encoding), whole=True)
    assert (found.name, found.sure) == (name, sure)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1251", "имя;Иванова Анна Сергеевна\n"), ("cp1250", "imię;Łukasz Żółtowski Święcka\n")],
)
def test_a_legacy_encoding_is_guessed_by_its_letters(encoding, text):
    start = b"id;name;plain\n" * 500 + (text * 30).encode(encoding)
    found = detect_encoding(start, whole=True)
    assert start.decode(found.name).splitlines()[-1] == text.strip()


def test_a_beginning_that_ends_within_a_letter_is_utf_8():
    assert detect_encoding("Zoë".encode()[:-1], whole=False).sure
    assert not detect_encoding("Zoë".encode()[:-1], whole=True).sure


def test_what_was_found_out_is_read_by_and_told(tmp_path):
    (tmp_path / "a.csv").write_bytes('Nr;Größe\r\n1;"Zoë; Ann"\r\n'.encode("cp1252"))
    source = files(tmp_path, "a.csv", delimiter="auto", quote="auto", encoding="auto")
    assert rows(source.read(Query("a"))) == [{"Nr": "1", "Größe": "Zoë; Ann"}]
    assert source.discover()[0].about == {
        "format": "csv",
        "encoding": "cp1252 (a guess)",
        "delimiter": "; (found)",
        "quote": '" (found)',
    }
    said = {each.rule: each.seen for each in try_system(source)}
    assert (
        "2 columns; format csv; encoding cp1252 (a guess); delimiter ; (found)" in said["discovery"]
    )


def test_a_declared_delimiter_that_looks_wrong_is_told_beside_a_better_one(tmp_path):
    (tmp_path / "a.csv").write_text("id;name\n1;Ann\n")
    assert files(tmp_path, "a.csv").discover()[0].about["looks wrong"] == (
        "delimiter ; would give 2 columns"
    )
    (tmp_path / "b.csv").write_text("name\nAnn\n")
    assert "looks wrong" not in files(tmp_path, "b.csv").discover()[0].about
