from __future__ import annotations

import json
from xml.sax.saxutils import escape, quoteattr

import pytest

from connectors.contract import Query
from connectors.errors import MisconfiguredError
from connectors.kit import RECORDS, SourceContract
from tests.connectors.files.conftest import files, rejected, rows


def test_a_json_list_is_read_with_its_types(tmp_path):
    text = '[{"id": "007", "n": 12345678901234567890, "f": 1.5, "l": [{"a": null}], "x": "Zoë"}]'
    (tmp_path / "a.json").write_text(text)
    assert rows(files(tmp_path, "a.json").read(Query("a"))) == json.loads(text)


def test_records_names_the_list_in_a_document(tmp_path):
    document = {"meta": {"n": 2}, "data": {"people": [{"id": 1}, {"id": 2}], "empty": []}}
    (tmp_path / "a.json").write_text(json.dumps(document), encoding="utf-16")
    source = files(tmp_path, "a.json", records="data.people", encoding="utf-16")
    assert rows(source.read(Query("a", page_size=1))) == [{"id": 1}, {"id": 2}]
    empty = files(tmp_path, "a.json", records="data.empty", encoding="utf-16")
    assert rows(empty.read(Query("a"))) == []
    for records, message in (
        ("data.peopel", "no list 'data.peopel' is in it; did you mean 'data.people'"),
        ("", "is no list; set records to the list in it; known: data.empty, data.people"),
    ):
        with pytest.raises(MisconfiguredError, match=message):
            list(files(tmp_path, "a.json", records=records, encoding="utf-16").read(Query("a")))


def test_what_is_no_object_is_rejected_and_the_rest_is_read(tmp_path):
    deep = "[" * 200 + "]" * 200
    (tmp_path / "a.json").write_text(f'[{{"id": 1}}, 2, {{"id": {deep}}}, {{"id": 4}}]')
    pages = list(files(tmp_path, "a.json").read(Query("a")))
    assert rows(pages) == [{"id": 1}, {"id": 4}]
    assert rejected(pages) == [
        ("a.json[2]", "is no JSON object"),
        ("a.json[3]", "has more than 100 levels"),
    ]


@pytest.mark.parametrize("text", ['[{"id": 1}, {"id"', '[{"id": 1}', "", "hello", '[{"id": NaN}]'])
def test_json_that_is_cut_off_or_none_is_an_error_and_no_end(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(MisconfiguredError, match=r"a\.json: is (cut off|no JSON)"):
        list(files(tmp_path, "a.json").read(Query("a")))


XML = """<?xml version="1.0" encoding="ISO-8859-1"?>
<x:export xmlns:x="urn:x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <header><total>2</total></header>
 <customers>
  <x:customer id="007"><name> Zoë &amp; Co </name><x:phone>1</x:phone><x:phone>2</x:phone>
    <address kind="home"><city>Köln</city></address><note/><gone xsi:nil="true"/></x:customer>
  <x:customer id="8"><name><![CDATA[<Bob>]]></name><x:phone kind="m">3</x:phone></x:customer>
 </customers>
</x:export>"""


def test_xml_elements_become_rows(tmp_path):
    (tmp_path / "a.xml").write_bytes(XML.encode("latin-1"))
    source = files(tmp_path, "a.xml", records="customers/customer", lists=["phone"])
    assert rows(source.read(Query("a"))) == [
        {
            "@id": "007",
            "name": " Zoë & Co ",
            "phone": ["1", "2"],
            "address": {"@kind": "home", "city": "Köln"},
            "note": "",
            "gone": None,
        },
        {"@id": "8", "name": "<Bob>", "phone": [{"@kind": "m", "#text": "3"}]},
    ]
    assert [c.name for c in source.discover()[0].columns][:3] == ["@id", "name", "phone"]


BOMB = '<!DOCTYPE a [<!ENTITY b "bbb"><!ENTITY c "&b;&b;&b;">]><a><r>&c;</r></a>'
FILE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a><r>&b;</r></a>'
ABSENT = '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a><r>&b;</r></a>'


@pytest.mark.parametrize("text", [BOMB, FILE, ABSENT])
def test_no_entity_is_unfolded_or_fetched(tmp_path, text):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(MisconfiguredError, match=r"a\.xml:1: has entities of its own"):
        list(files(tmp_path, "a.xml", records="r").read(Query("a")))


def test_a_document_type_without_entities_is_no_harm(tmp_path):
    (tmp_path / "a.xml").write_text('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a><r>1</r></a>')
    assert rows(files(tmp_path, "a.xml", records="r").read(Query("a"))) == [{"#text": "1"}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a><r>1</r>", r"a\.xml:1:\d+: is no XML \(no element found\)"),
        ("<a><r>1</a>", r"a\.xml:1:\d+: is no XML \(mismatched tag\)"),
        ("", r"a\.xml:1:1: is no XML"),
        ("<a><rs><q/></rs></a>", "no element 'r' is in it"),
    ],
)
def test_xml_that_is_none_or_has_no_such_element_is_no_empty_answer(tmp_path, text, message):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(MisconfiguredError, match=message):
        list(files(tmp_path, "a.xml", records="r").read(Query("a")))


@pytest.mark.parametrize(("text", "records"), [("<a/>", "r"), ("<a><h/><rs/></a>", "rs/r")])
def test_an_empty_document_is_no_row(tmp_path, text, records):
    (tmp_path / "a.xml").write_text(text)
    assert rows(files(tmp_path, "a.xml", records=records).read(Query("a"))) == []


def test_an_element_of_too_many_levels_is_rejected(tmp_path):
    deep = "<d>" * 200 + "</d>" * 200
    (tmp_path / "a.xml").write_text(f"<a><r><i>1</i></r><r>{deep}</r><r><i>3</i></r></a>")
    pages = list(files(tmp_path, "a.xml", records="r").read(Query("a")))
    assert rows(pages) == [{"i": "1"}, {"i": "3"}]
    assert rejected(pages) == [("a.xml[2]", "has more than 100 levels")]


def test_xml_needs_to_be_told_what_a_row_is(tmp_path):
    (tmp_path / "a.xml").write_text("<a/>")
    with pytest.raises(MisconfiguredError, match="set records to the element that is a row"):
        list(files(tmp_path, "a.xml").read(Query("a")))


class TestJsonContract(SourceContract):
    cursor = None

    @pytest.fixture
    def source(self, records, tmp_path):
        (tmp_path / "people.json").write_text(json.dumps({"people": records}))
        return files(tmp_path, "people.json", records="people")

    @pytest.fixture
    def empty(self, tmp_path):
        (tmp_path / "people.json").write_text('{"people": []}')
        return files(tmp_path, "people.json", records="people")


class TestXmlContract(SourceContract):
    cursor = None
    typed = False
    key = "@id"

    @pytest.fixture
    def records(self):
        return [
            {"@id" if k == "id" else k: "" if v is None else str(v) for k, v in row.items()}
            for row in RECORDS
        ]

    @pytest.fixture
    def source(self, records, tmp_path):
        lines = [
            f"<person id={quoteattr(row['@id'])}>"
            + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in row.items() if k != "@id")
            + "</person>"
            for row in records
        ]
        (tmp_path / "people.xml").write_text(f"<people>{''.join(lines)}</people>")
        return files(tmp_path, "people.xml", records="person")

    @pytest.fixture
    def empty(self, tmp_path):
        (tmp_path / "people.xml").write_text("<people/>")
        return files(tmp_path, "people.xml", records="person")
