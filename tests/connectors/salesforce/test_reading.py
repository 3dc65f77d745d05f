"""Reading: columns, deletions, ties, late rows, lost pages, jobs, and the budget of calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Cursor, Query
from connectors.errors import MisconfiguredError, RejectedError, ThrottledError, TransientError
from connectors.kit.source import rows_of
from connectors.salesforce import soql
from connectors.salesforce.fields import described
from connectors.simulators.salesforce import Field, Org, Response, SObject
from connectors.simulators.salesforce.soql import parse, plan

CHANGED = "SystemModstamp"


def seed(org, count, *, start="2026-01-01T00:00:00Z", every=0, **more):
    """People, `every` seconds apart."""
    first = datetime.fromisoformat(start)
    rows = [
        {
            "LastName": f"L{n:05}",
            "SystemModstamp": f"{first + timedelta(seconds=n * every):%Y-%m-%dT%H:%M:%SZ}",
            **more,
        }
        for n in range(count)
    ]
    return org.seed("Contact", rows)


def ids(pages):
    return [row["Id"] for row in rows_of(pages)]


@pytest.mark.parametrize("bulk_reads", [0, 1])
def test_both_ways_give_the_same_rows(connect, org, bulk_reads):
    (acme,) = org.seed("Account", [{"Name": "ACME, Inc.", "AnnualRevenue": 1.5}])
    row = {
        "LastName": 'O\'Brien "x"',
        "Description": "two\nlines, and a comma",
        "Birthdate": "1999-12-31",
        "AccountId": acme,
        "HasOptedOutOfEmail": True,
    }
    org.seed("Contact", [row, {"LastName": "日本 🎈"}])
    fields = ("LastName", "Description", "Birthdate", "HasOptedOutOfEmail", "Account.Name")
    fields += ("Account.AnnualRevenue", "Account.NumberOfEmployees", "Owner.Email", "CreatedDate")
    made = f"{org.clock():%Y-%m-%dT%H:%M:%S}.000+0000"
    read = rows_of(connect(bulk_reads=bulk_reads).read(Query("Contact", fields)))
    owner = "integration@isthmus.example"
    first = ['O\'Brien "x"', "two\nlines, and a comma", "1999-12-31", True, "ACME, Inc.", 1.5]
    assert [list(each.values()) for each in read] == [
        [*first, None, owner, made],
        ["日本 🎈", None, None, False, None, None, None, owner, made],
    ]
    assert list(read[0]) == list(fields)


def test_without_named_fields_all_single_values_come(connect, org):
    seed(org, 1)
    (row,) = rows_of(connect().read(Query("Contact")))
    assert {"Id", "Name", "MailingCity", "IsDeleted", "SystemModstamp", "Active__c"} <= set(row)
    assert "MailingAddress" not in row
    (row,) = rows_of(connect(bulk_reads=1).read(Query("Contact", ("MailingAddress", "Id"))))
    assert row["MailingAddress"] is None


@pytest.mark.parametrize("bulk_reads", [0, 1])
def test_deleted_rows_come_when_the_column_that_tells_them_is_wanted(connect, org, bulk_reads):
    seed(org, 2)
    seed(org, 1, IsDeleted=True)
    sf = connect(bulk_reads=bulk_reads)
    told = rows_of(sf.read(Query("Contact", ("Id", "IsDeleted"), cursor=CHANGED)))
    assert [row["IsDeleted"] for row in told] == [False, False, True]
    assert len(rows_of(sf.read(Query("Contact", ("Id",), cursor=CHANGED)))) == 2


@pytest.mark.parametrize("bulk_reads", [0, 1])
def test_more_rows_of_one_second_than_a_page_end_and_none_is_missed(connect, org, bulk_reads):
    made = seed(org, 450)
    sf = connect(bulk_reads=bulk_reads)
    query = Query("Contact", ("Id",), cursor=CHANGED, page_size=200)
    pages = list(sf.read(query))
    assert [len(page.rows) for page in pages] == [200, 200, 50]
    assert ids(pages) == made
    after = Query("Contact", ("Id",), cursor=CHANGED, page_size=200, after=pages[0].cursor)
    assert ids(sf.read(after)) == made[200:]
    last = Query("Contact", ("Id",), cursor=CHANGED, after=pages[-1].cursor)
    assert ids(sf.read(last)) == []


def test_a_row_that_was_committed_late_comes_with_the_overlap(connect, org):
    seed(org, 3, every=60)
    sf = connect()
    *_, last = sf.read(Query("Contact", ("Id",), cursor=CHANGED))
    (late,) = seed(org, 1, start="2026-01-01T00:01:30Z")
    moved = datetime.fromisoformat(last.cursor.value) - timedelta(seconds=300)
    assert late not in ids(sf.read(Query("Contact", ("Id",), cursor=CHANGED, after=last.cursor)))
    overlapped = Query("Contact", ("Id",), cursor=CHANGED, after=Cursor(moved.isoformat()))
    assert late in ids(sf.read(overlapped))


def test_a_position_without_key_takes_its_ties_again(connect, org):
    made = seed(org, 3)
    after = Cursor("2026-01-01T00:00:00+00:00")
    assert ids(connect().read(Query("Contact", ("Id",), cursor=CHANGED, after=after))) == made


@pytest.mark.parametrize(
    ("cursor", "after"),
    [
        ("Birthdate", "1990-01-02"),
        ("LastName", "L00001"),
        ("Active__c", None),
        ("CreatedDate", "2000-01-01T00:00:00Z"),
    ],
)
def test_any_field_that_sorts_may_be_the_cursor(connect, org, cursor, after):
    days = [{"LastName": f"L{n:05}", "Birthdate": f"1990-01-0{n + 1}"} for n in range(4)]
    org.seed("Contact", [*days, {"LastName": "without"}])
    sf = connect()
    pages = list(sf.read(Query("Contact", ("LastName",), cursor=cursor, page_size=2)))
    assert len(rows_of(pages)) == 5
    if after is not None:
        query = Query("Contact", ("Id", cursor), cursor=cursor, after=Cursor(after))
        values = [row[cursor] for row in rows_of(sf.read(query))]
        assert values
        assert None not in values
        assert values == sorted(values)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (Query("Contcat"), "no object 'Contcat'; did you mean 'Contact'"),
        (Query("Contact; DELETE"), "no object 'Contact; DELETE'"),
        (Query("Contact/x"), "no object"),
        (Query("", ()), "no object"),
        (Query("Contact", ("Firstname",)), "no field 'Firstname'; did you mean 'FirstName'"),
        (Query("Contact", ("Acount.Name",)), "no relationship 'Acount'; did you mean 'Account'"),
        (Query("Contact", ("Account.Nmae",)), "Account has no field 'Nmae'; did you mean 'Name'"),
        (Query("Contact", ("Id FROM User--",)), "no field"),
        (Query("Contact", cursor="Description"), "Description cannot be a cursor"),
        (Query("Contact", cursor="Nope"), "no field 'Nope'"),
        (Query("Contact", cursor=CHANGED, after=Cursor("yesterday")), "is of type datetime"),
        (Query("Contact", cursor="Birthdate", after=Cursor("31.12.1999")), "is of type date"),
    ],
)
def test_a_wrong_query_is_told_before_it_is_asked(connect, salesforce, query, said):
    with pytest.raises(MisconfiguredError, match=said):
        list(connect().read(query))
    assert not salesforce.service.calls["GET /query"]


def test_small_reads_go_by_pages_and_large_ones_by_a_job_that_is_removed(connect, salesforce, org):
    seed(org, 30)
    calls = salesforce.service.calls
    assert len(rows_of(connect(bulk_reads=31).read(Query("Contact", ("Id",))))) == 30
    assert calls["POST /jobs/query"] == 0
    pages = list(connect(bulk_reads=30).read(Query("Contact", ("Id",), page_size=12)))
    assert [len(page.rows) for page in pages] == [12, 12, 6]
    assert (calls["POST /jobs/query"], salesforce.service.bulk.jobs) == (1, {})


def test_a_reader_that_stops_in_the_middle_leaves_no_job(connect, salesforce, org):
    seed(org, 30)
    pages = connect(bulk_reads=1).read(Query("Contact", ("Id",), page_size=10))
    next(pages)
    pages.close()
    assert salesforce.service.bulk.jobs == {}


def test_a_query_too_long_for_an_address_is_a_job(clock, start, connect, salesforce, org):
    wide = tuple(Field(name=f"A_rather_long_name_of_a_field_{n:03}__c") for n in range(400))
    org._tables["wide__c"] = type(org._table("Contact"))(SObject("Wide__c", "a09", wide))
    org.seed("Wide__c", [{wide[7].name: "x"}])
    (row,) = rows_of(connect(bulk_reads=0).read(Query("Wide__c")))
    assert row[wide[7].name] == "x"
    assert salesforce.service.calls["POST /jobs/query"] == 1


def test_pages_that_salesforce_dropped_are_asked_for_anew(connect, salesforce, org):
    made = seed(org, 900, every=1)
    gone = [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}]
    salesforce.fault("/query/0r8", "answer", after=1, response=Response.of(gone, 400))
    query = Query("Contact", ("Id",), cursor=CHANGED, page_size=200)
    assert ids(connect().read(query)) == made
    assert salesforce.service.calls["GET /query"] == 3  # a count, and two times the query
    salesforce.fault("/query/0r8", "answer", response=Response.of(gone, 400))
    with pytest.raises(TransientError, match="run again"):
        list(connect().read(Query("Contact", ("Id",), page_size=200)))


@pytest.mark.parametrize("bulk_reads", [0, 1])
@pytest.mark.parametrize("how", ["expire", "drop", "lose", "cut"])
def test_a_session_or_connection_lost_on_the_way_loses_no_row(
    connect, salesforce, org, bulk_reads, how
):
    made = seed(org, 900, every=1)
    pattern = "results" if bulk_reads else "/query/0r8"
    salesforce.fault(pattern, how, times=1, after=1)
    query = Query("Contact", ("Id",), cursor=CHANGED, page_size=200)
    assert ids(connect(bulk_reads=bulk_reads).read(query)) == made


def test_patience_is_given_when_it_is_asked_for(connect, salesforce, org):
    seed(org, 1)
    for status in (429, 503):
        busy = Response(status, b"", {"Retry-After": "0"})
        salesforce.fault("/query", "answer", times=2, response=busy)
        assert len(ids(connect().read(Query("Contact", ("Id",))))) == 1
    salesforce.fault("/query", "answer", response=Response(503, b"", {"Retry-After": "3600"}))
    with pytest.raises(ThrottledError) as caught:
        list(connect().read(Query("Contact", ("Id",))))
    assert caught.value.retry_after == 3600


def test_a_job_that_fails_or_never_ends_is_told_and_removed(connect, salesforce, org):
    seed(org, 5)
    bulk = salesforce.service.bulk
    bulk.fail_next = "InternalServerError : nobody@x.example"
    with pytest.raises(TransientError, match="ended: InternalServerError") as caught:
        list(connect(bulk_reads=1).read(Query("Contact", ("Id",))))
    assert "nobody" not in str(caught.value)
    bulk.looks_needed = 10**9
    with pytest.raises(TransientError, match=r"longer than 0\.05 s"):
        list(connect(bulk_reads=1, bulk_seconds=0.05).read(Query("Contact", ("Id",))))
    assert bulk.jobs == {}


def test_results_out_of_order_are_refused(connect, salesforce, org, monkeypatch):
    seed(org, 5, every=1)
    work = salesforce.service.bulk._work
    monkeypatch.setattr(
        salesforce.service.bulk, "_work", lambda job: (work(job), job.found.reverse())
    )
    with pytest.raises(MisconfiguredError, match="set bulk_reads: 0"):
        list(connect(bulk_reads=1).read(Query("Contact", ("Id",), cursor=CHANGED)))


def test_reading_stops_politely_at_its_share_of_calls(connect, salesforce, org):
    made = seed(org, 1000, every=1)
    salesforce.service.daily = 10
    query = Query("Contact", ("Id",), cursor=CHANGED, page_size=200)
    sf, got = connect(max_api_share=0.5), []
    with pytest.raises(ThrottledError, match=r"5 of the org's 10 calls .* max_api_share is 0\.5"):
        got.extend(sf.read(query))
    assert ids(got) == made[: len(ids(got))]
    assert got
    assert salesforce.service.used == 5
    again = Query("Contact", ("Id",), cursor=CHANGED, page_size=200, after=got[-1].cursor)
    salesforce.service.daily = 1000
    assert ids(got) + ids(connect().read(again)) == made


def test_an_org_without_calls_left_is_asked_once(connect, salesforce, org):
    salesforce.service.daily = 0
    with pytest.raises(ThrottledError, match="calls of 24 hours are used up"):
        list(connect().read(Query("Contact", ("Id",))))
    concurrent = [
        {
            "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            "errorCode": "REQUEST_LIMIT_EXCEEDED",
        }
    ]
    salesforce.service.daily = 1000
    salesforce.fault("/query", "answer", times=2, response=Response.of(concurrent, 403))
    assert ids(connect().read(Query("Contact", ("Id",)))) == []


def test_discover_describes_what_it_is_told_to(connect, org):
    found = {each.name: each for each in connect().discover()}
    assert list(found) == ["Account", "Contact", "Lead"]
    columns = {column.name: column for column in found["Contact"].columns}
    assert columns["LastName"].type == "string"
    assert not columns["LastName"].nullable
    assert columns["SystemModstamp"].type == "datetime"
    assert "MailingAddress" not in columns
    assert found["Contact"].key == ("Id",)
    del org._tables["lead"]
    assert [each.name for each in connect().discover()] == ["Account", "Contact"]
    with pytest.raises(MisconfiguredError, match="no object 'Nope'"):
        connect(objects=("Nope",)).discover()


def test_an_error_never_repeats_what_salesforce_says(connect, salesforce, org):
    said = [{"message": "Ann Lee", "errorCode": "WEIRD_CODE", "fields": ["Ann Lee", "Email"]}]
    salesforce.fault("/query", "answer", response=Response.of(said, 400))
    with pytest.raises(RejectedError, match=r"WEIRD_CODE \(Email\)$") as caught:
        list(connect().read(Query("Contact", ("Id",))))
    assert "Ann" not in str(caught.value)


NOTE = SObject(
    "Note__c",
    "a02",
    (Field(name="Text__c", case_sensitive=True), Field(name="N__c", type="double")),
)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip))
def test_a_literal_means_the_text_it_was_made_of(text):
    org = Org([NOTE])
    org.seed("Note__c", [{"Text__c": text.strip()}, {"Text__c": "x" + text}])
    of = described(org.sobject("Note__c").described("62.0"))
    condition = f"Text__c = {soql.literal(of.field('Text__c'), text.strip())}"
    query = soql.select(["Id"], "Note__c", [condition])
    found = plan(org, parse(query, datetime.now(UTC).date())).records()
    assert [row["Text__c"] for row in found] == [text.strip()]


@given(st.lists(st.integers(0, 5), max_size=12), st.integers(1, 5))
def test_reading_on_after_each_row_gives_every_row_once(moments, size):
    org = Org([NOTE])
    rows = [{"N__c": each} for each in moments]
    org.seed("Note__c", rows)
    of = described(org.sobject("Note__c").described("62.0"))
    after, seen = None, []
    while True:
        where = [soql.beyond(of.field("N__c"), after)] if after else []
        query = soql.select(["Id"], "Note__c", where, ["N__c ASC", "Id ASC"]) + f" LIMIT {size}"
        part = plan(org, parse(query, datetime.now(UTC).date())).records()
        if not part:
            break
        seen += part
        after = Cursor(str(part[-1]["N__c"]), part[-1]["Id"])
    assert len({row["Id"] for row in seen}) == len(seen) == len(rows)
    assert all((a["N__c"], a["Id"]) < (b["N__c"], b["Id"]) for a, b in pairwise(seen))
