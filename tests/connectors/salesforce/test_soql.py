"""The simulator's SOQL: what it knows it does right, what it does not know it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce.format import format_soql

from connectors.simulators.salesforce import Field, Org, SObject
from connectors.simulators.salesforce.errors import ApiError
from connectors.simulators.salesforce.queries import Queries
from connectors.simulators.salesforce.soql import parse, plan
from connectors.simulators.salesforce.soql.dates import span

TODAY = date(2026, 3, 18)
NOTE = SObject(
    "Note__c",
    "a02",
    (
        Field(name="Text__c"),
        Field(name="Exact__c", case_sensitive=True),
        Field(name="Count__c", type="double"),
        Field(name="Done__c", type="boolean"),
        Field(name="Due__c", type="date"),
        Field(name="At__c", type="datetime"),
        Field(name="Long__c", type="textarea", length=32_000, filterable=False),
        Field(
            name="Account__c", type="reference", refers_to=("Account",), relationship="Account__r"
        ),
    ),
)


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org([NOTE], clock=lambda: datetime(2026, 3, 18, 12, tzinfo=UTC))
    (acme,) = org.seed("Account", [{"Name": "ACME"}])
    org.seed(
        "Note__c",
        [
            {"Text__c": "Ann", "Count__c": 1, "Due__c": "2026-03-18", "Account__c": acme},
            {"Text__c": "bob", "Exact__c": "Bob", "Count__c": 2.5, "Done__c": True},
            {"Text__c": "50% _off_", "At__c": "2026-03-17T23:30:00Z", "Due__c": "2026-03-11"},
            {"Text__c": "O'Brien \\ co", "Exact__c": "bob", "At__c": "2026-03-18T01:00:00+02:00"},
            {},
        ],
    )
    org.seed("Note__c", [{"Text__c": "gone", "IsDeleted": True}])
    return org


def texts(org, where, **more):
    tail = f"WHERE {where}" if where else ""
    found = plan(org, parse(f"SELECT Text__c FROM Note__c {tail}", TODAY)).records(**more)
    return [record.get("Text__c") for record in found]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Text__c = 'ANN'", ["Ann"]),
        ("Exact__c = 'Bob'", ["bob"]),
        ("Text__c != 'ann' AND Text__c != null", ["bob", "50% _off_", "O'Brien \\ co"]),
        ("Text__c != 'ann'", ["bob", "50% _off_", "O'Brien \\ co", None]),
        ("NOT Text__c = 'ann'", ["bob", "50% _off_", "O'Brien \\ co", None]),
        ("Text__c = ''", [None]),
        ("Text__c IN ('bob', null)", ["bob", None]),
        ("Text__c NOT IN ('bob', 'ann', null)", ["50% _off_", "O'Brien \\ co"]),
        ("Text__c LIKE '%O%'", ["bob", "50% _off_", "O'Brien \\ co"]),
        ("Text__c LIKE '50\\% \\_off\\_'", ["50% _off_"]),
        ("Text__c LIKE '50\\% \\_o_f\\_'", ["50% _off_"]),
        ("Text__c = 'o\\'brien \\\\ co'", ["O'Brien \\ co"]),
        ("Text__c > 'b'", ["bob", "O'Brien \\ co"]),
        ("Count__c >= 2", ["bob"]),
        ("Count__c < 2", ["Ann"]),
        ("Done__c = true", ["bob"]),
        ("Due__c = TODAY OR Due__c = LAST_WEEK", ["Ann", "50% _off_"]),
        ("Due__c < THIS_WEEK", ["50% _off_"]),
        ("Due__c = 2026-03-18", ["Ann"]),
        ("At__c = YESTERDAY", ["50% _off_", "O'Brien \\ co"]),
        ("At__c >= 2026-03-17T23:00:00Z", ["50% _off_", "O'Brien \\ co"]),
        ("At__c > 2026-03-18T01:00:00+02:00", ["50% _off_"]),
        ("Account__r.Name = 'acme'", ["Ann"]),
        ("Account__r.Name != 'acme' AND Count__c != null", ["bob"]),
        ("(Text__c = 'ann' OR Text__c = 'bob') AND (NOT Done__c = true)", ["Ann"]),
    ],
)
def test_a_condition_chooses_what_salesforce_would(org, where, expected):
    assert texts(org, where) == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "MALFORMED_QUERY"),
        ("SELECT", "MALFORMED_QUERY"),
        ("SELECT * FROM Note__c", "MALFORMED_QUERY"),
        ("SELECT Text__c, FROM Note__c", "MALFORMED_QUERY"),
        ("SELECT Text__c FROM Note__c WHERE", "MALFORMED_QUERY"),
        ("SELECT Text__c FROM Note__c WHERE Text__c", "MALFORMED_QUERY"),
        ('SELECT Text__c FROM Note__c WHERE Text__c = "x"', "MALFORMED_QUERY"),
        ("SELECT Text__c FROM Note__c WHERE Text__c = 'x", "MALFORMED_QUERY"),
        ("SELECT Text__c FROM Note__c WHERE Text__c = '\\q'", "MALFORMED_QUERY"),
        (
            "SELECT Text__c FROM Note__c WHERE Done__c = true AND Count__c = 1 OR Count__c = 2",
            "MALFORMED_QUERY",
        ),
        ("SELECT Text__c FROM Note__c WHERE At__c > 2026-03-18T01:00:00", "MALFORMED_QUERY"),
        ("SELECT Text__c FROM Note__c WHERE Due__c = 2026-02-30", "MALFORMED_QUERY"),
        ("SELECT Text__c FROM Note__c GROUP BY Text__c", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) FROM Note__c", "MALFORMED_QUERY"),
        ("SELECT COUNT() FROM Note__c ORDER BY Id", "MALFORMED_QUERY"),
        ("SELECT (SELECT Id FROM Contacts) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Note__c", "MALFORMED_QUERY"),
        ("SELECT Id, id FROM Note__c", "MALFORMED_QUERY"),
        ("SELECT Id FROM Note__c LIMIT -1", "MALFORMED_QUERY"),
        ("SELECT Id FROM Note__c; DELETE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Note", "INVALID_TYPE"),
        ("SELECT Nope__c FROM Note__c", "INVALID_FIELD"),
        ("SELECT Account.Name FROM Note__c", "INVALID_FIELD"),
        ("SELECT Id FROM Note__c WHERE Long__c = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Note__c ORDER BY Long__c", "INVALID_FIELD"),
        ("SELECT Id FROM Note__c WHERE Text__c = 1", "INVALID_FIELD"),
        ("SELECT Id FROM Note__c WHERE Count__c = '1'", "INVALID_FIELD"),
        ("SELECT Id FROM Note__c WHERE At__c > '2026-03-18T01:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Note__c WHERE Due__c = 2026-03-18T01:00:00Z", "INVALID_FIELD"),
        ("SELECT Id FROM Note__c WHERE Done__c > true", "INVALID_FIELD"),
        ("SELECT Id FROM Note__c WHERE Count__c LIKE '1%'", "INVALID_FIELD"),
        ("SELECT Id FROM Note__c WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Note__c OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
)
def test_what_is_wrong_or_unknown_is_refused_by_its_code(org, query, code):
    with pytest.raises(ApiError) as caught:
        plan(org, parse(query, TODAY))
    assert caught.value.code == code
    assert caught.value.body()[0].keys() >= {"message", "errorCode"}


def test_order_puts_empty_values_first_unless_told_and_keeps_ties(org):
    def ordered(by):
        found = plan(org, parse(f"SELECT Text__c FROM Note__c ORDER BY {by}", TODAY)).records()
        return [record.get("Text__c") for record in found]

    assert ordered("Text__c") == [None, "50% _off_", "Ann", "bob", "O'Brien \\ co"]
    assert ordered("Text__c DESC")[:2] == [None, "O'Brien \\ co"]
    assert ordered("Text__c DESC NULLS LAST")[-1] is None
    assert ordered("Count__c NULLS LAST, Text__c DESC NULLS LAST")[:3] == [
        "Ann",
        "bob",
        "O'Brien \\ co",
    ]


def test_deleted_rows_come_only_when_asked_for(org):
    assert "gone" not in texts(org, "")
    assert texts(org, "IsDeleted = true", deleted=True) == ["gone"]


def test_limit_and_offset_cut(org):
    found = plan(org, parse("SELECT Id FROM Note__c ORDER BY Id LIMIT 2 OFFSET 1", TODAY)).records()
    every = plan(org, parse("SELECT Id FROM Note__c ORDER BY Id", TODAY)).records()
    assert found == every[1:3]


def test_an_alias_and_the_name_of_the_object_may_stand_before_a_field(org):
    query = "select n.text__c, Note__c.Account__r.Name from Note__c n where n.Done__c = false"
    page = Queries(org).first(query, "59.0", "", deleted=False)
    assert page["records"][0]["Text__c"] == "Ann"
    assert page["records"][0]["Account__r"]["Name"] == "ACME"
    assert page["records"][0]["Account__r"]["attributes"]["type"] == "Account"
    assert page["records"][1]["Account__r"] is None


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@given(TEXTS.filter(str.strip), TEXTS.filter(str.strip))
def test_a_quoted_value_finds_exactly_itself(value, other):
    org = Org([NOTE])
    org.seed("Note__c", [{"Exact__c": value}, {"Exact__c": other}])
    found = plan(
        org, parse(format_soql("SELECT Id FROM Note__c WHERE Exact__c = {}", value.strip()), TODAY)
    )
    assert {record["Exact__c"] for record in found.records()} == {value.strip()}


CONDITIONS = st.recursive(
    st.sampled_from(
        ["Text__c = 'ann'", "Count__c > 1", "Done__c = true", "Due__c = TODAY", "At__c != null"]
    ),
    lambda inner: st.one_of(
        st.builds("(NOT {})".format, inner.map("({})".format)),
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_a_condition_and_its_opposite_part_the_rows(org, condition):
    every = texts(org, "")
    assert sorted(map(str, texts(org, condition) + texts(org, f"NOT ({condition})"))) == sorted(
        map(str, every)
    )


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text):
    try:
        parse(text, TODAY)
    except ApiError as error:
        assert error.code == "MALFORMED_QUERY"  # noqa: PT017


@pytest.mark.parametrize(
    ("word", "start", "end"),
    [
        ("TODAY", "2026-03-18", "2026-03-19"),
        ("THIS_WEEK", "2026-03-15", "2026-03-22"),
        ("last_month", "2026-02-01", "2026-03-01"),
        ("NEXT_MONTH", "2026-04-01", "2026-05-01"),
        ("LAST_N_DAYS:7", "2026-03-11", "2026-03-19"),
        ("N_DAYS_AGO:1", "2026-03-17", "2026-03-18"),
        ("LAST_N_MONTHS:3", "2025-12-01", "2026-03-01"),
        ("LAST_YEAR", "2025-01-01", "2026-01-01"),
    ],
)
def test_a_date_literal_is_a_span_of_days(word, start, end):
    found = span(word, TODAY)
    assert found is not None
    assert (found.start.isoformat(), found.end.isoformat()) == (start, end)


@pytest.mark.parametrize("word", ["LAST_N_DAYS", "TODAY:3", "SOMEDAY", "LAST_FISCAL_QUARTER"])
def test_other_words_are_no_dates(word):
    assert span(word, TODAY) is None
