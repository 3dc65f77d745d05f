"""A list without paging whose answers speak of a next page is told, with what to write."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from connectors.contract import Query
from connectors.trial import Verdict, Wish, try_source
from tests.connectors.rest.conftest import asked

ONE = """\
    url: "%s"
    objects:
      people:
        path: people
        items: %s
        key: id
        joins: {orders: {path: "people/{id}/orders", items: data}}
    """
ROWS = [{"id": "a", "next": "/other"}, {"id": "b", "total": 9}]
NEXT = "https://crm.example/people?page=2"


def warned(system, described, answer, items="data"):
    def told(request):
        return {"data": []} if len(request.path) > 1 else answer

    source = described(ONE % (system(told).url, items))
    findings = list(try_source(source, Wish("people", "id")))
    reading = findings[0]
    assert reading.verdict is Verdict.OK
    found = [(each.seen, each.mend) for each in findings if each.rule == "paging"]
    assert all(each.verdict is not Verdict.FAIL for each in findings)
    assert ("all that it asks for" in reading.seen) is bool(found)
    return found


@pytest.mark.parametrize(
    ("beside", "place", "write"),
    [
        ({"next": NEXT}, "next", 'pagination: {type: next_url, pointer: "next"}'),
        ({"nextLink": "?page=2"}, "nextLink", 'pagination: {type: next_url, pointer: "nextLink"}'),
        ({"@odata.nextLink": NEXT}, "@odata.nextLink", 'pointer: "@odata.nextLink"}'),
        ({"_links": {"next": {"href": "/p/2"}}}, "_links.next.href", "{type: next_url"),
        (
            {"paging": {"next": {"after": "x1", "link": NEXT}}},
            "paging.next.link",
            "{type: next_url",
        ),
        ({"nextPage": 2}, "nextPage", '{type: cursor, pointer: "nextPage", param: THE PARAMETER'),
        (
            {"meta": {"next_cursor": "ab"}},
            "meta.next_cursor",
            '{type: cursor, pointer: "meta.next_',
        ),
        ({"nextPageToken": "ab"}, "nextPageToken", "{type: cursor"),
        ({"has_more": True}, "has_more", "by page, offset or cursor; {more: has_more}"),
        ({"has_more": True, "next_page": "t"}, "next_page", "{type: cursor"),
        ({"pageInfo": {"hasNextPage": True}}, "pageInfo.hasNextPage", "{type: relay}"),
        (
            {"meta": {"total_count": 3}},
            "meta.total_count",
            "such as {type: page, total: meta.total",
        ),
    ],
)
def test_what_speaks_of_a_next_page_is_a_warning_with_what_to_write(
    system, described, beside, place, write
):
    ((seen, mend),) = warned(system, described, {"data": ROWS, **beside})
    assert f"says at {place} that there is more" in seen
    assert write in mend


def test_a_link_header_speaks_of_it_too(system, described):
    answer = 200, {"Link": f'<{NEXT}>; rel="next", <{NEXT}>; rel="last"'}, ROWS
    ((seen, mend),) = warned(system, described, answer, '""')
    assert ("the header Link" in seen, mend) == (True, "write pagination: {type: link}")


@pytest.mark.parametrize(
    "answer",
    [
        {"data": ROWS},
        {"data": ROWS, "next": None, "has_more": False, "total": 2, "nextPage": "", "count": 2},
        {"data": ROWS, "nextSyncToken": "t", "next_sync_token": "t", "@odata.deltaLink": NEXT},
        {"data": ROWS, "prev": NEXT, "links": {"self": NEXT, "last": NEXT, "first": NEXT}},
        {"data": ROWS, "by_mail": {"next@example.org": NEXT}, "next": [1], "total": "many"},
        {"data": [], "total": 7, "next": NEXT},
    ],
)
def test_what_speaks_of_none_is_left_alone(system, described, answer):
    assert warned(system, described, answer) == []


def test_a_run_is_warned_once_for_a_list_and_once_for_each_list_of_its_rows(system, described):
    more = {"data": ROWS, "next": NEXT}
    server = system(lambda request: more if len(request.path) == 1 else {**more, "data": [{}]})
    with capture_logs() as logs:
        list(described(ONE % (server.url, "data")).read(Query("people", key="id")))
    assert [(each["event"], each["path"], each["says"]) for each in logs] == [
        ("rest.more_pages", "people", "next"),
        ("rest.more_pages", "people/{id}/orders", "next"),
    ]
    assert len(asked(server)) == 3
    paged = (ONE % (server.url, "data")).replace("key: id", "pagination: {type: link}")
    with capture_logs() as logs:
        list(described(paged.replace("joins", "# joins")).read(Query("people", key="id")))
    assert logs == []
