from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.contract import Cursor, Query
from connectors.errors import (
    MisconfiguredError,
)
from tests.connectors.rest.conftest import asked
from tests.connectors.rest.things import BY_AT, ROWS, listing, part, rows


def test_a_token_may_come_from_the_last_row_and_a_flag_may_end_it(system, described):
    def answer(request):
        after = request.params.get("starting_after", "")
        left = [row for row in ROWS if row["id"] > after]
        return {"data": left[:3], "has_more": len(left) > 3}

    url = system(answer).url
    paging = "pagination: {type: cursor, row: id, more: has_more, param: starting_after}"
    assert rows(described(listing(url, f"path: t\nitems: data\n{paging}")).read(Query("things"))) \
        == ROWS  # fmt: skip


@pytest.mark.parametrize("into", ["query", "body"])
def test_parameters_go_where_they_are_told_to(system, described, into):
    def answer(request):
        told = request.params if into == "query" else request.json["page"]
        return part(ROWS, int(told["offset"] if into == "query" else told["from"]), 3)

    param = "offset" if into == "query" else "page.from"
    more = f"""
path: t
method: POST
body: {{kind: all}}
into: {into}
pagination: {{type: offset, param: {param}}}"""
    server = system(answer)
    assert rows(described(listing(server.url, more)).read(Query("things"))) == ROWS
    assert asked(server)[0].json["kind"] == "all"


def test_a_short_page_is_the_last_where_that_is_said(system, described):
    server = system(lambda request: part(ROWS, (int(request.params["page"]) - 1) * 3))
    more = "path: t\npagination: {type: page, size: 3, end: short}"
    assert rows(described(listing(server.url, more)).read(Query("things"))) == ROWS
    assert len(server.got) == 3


def test_an_api_that_gives_its_last_page_for_ever_ends_where_that_is_said(system, described):
    server = system(lambda request: part(ROWS, min((int(request.params["page"]) - 1) * 3, 6)))
    more = "path: t\npagination: {type: page, end: %s}"
    assert rows(described(listing(server.url, more % "repeat")).read(Query("things"))) == ROWS
    with pytest.raises(MisconfiguredError, match="gave the same page twice"):
        rows(described(listing(server.url, more % "empty")).read(Query("things")))


def test_a_total_that_lies_is_reported_and_not_believed(system, described):
    server = system(lambda request: {"rows": part(ROWS, int(request.params["offset"])), "count": 3})
    more = "path: t\nitems: rows\npagination: {type: offset, total: count}"
    with capture_logs() as logs:
        assert rows(described(listing(server.url, more)).read(Query("things"))) == ROWS
    assert [(each["event"], each["read"]) for each in logs] == [("rest.total_differs", 7)]


SHAPES: list[tuple[Any, str]] = [
    ({"k0": {"at": "x"}, "k1": {"at": "y"}}, "keyed_as: id"),
    ([{"user": {"id": "k0", "at": "x"}}, {"user": {"id": "k1", "at": "y"}}], "item: user"),
    ({"@odata.value": [{"id": "k0", "at": "x"}, {"id": "k1", "at": "y"}]}, "items: '@odata.value'"),
]


@pytest.mark.parametrize(("body", "more"), SHAPES)
def test_rows_come_in_whatever_shape_an_api_has(system, described, body, more):
    source = described(listing(system(lambda _: body).url, f"path: t\n{more}"))
    assert sorted(rows(source.read(Query("things"))), key=lambda row: row["id"]) == [
        {"id": "k0", "at": "x"}, {"id": "k1", "at": "y"}
    ]  # fmt: skip


def test_plain_values_become_rows_and_no_list_may_be_an_empty_one(system, described):
    url = system(lambda request: {"total": 2, "ids": ["a", "b"]} if request.path == ("t",) else {})
    more = "path: %s\nitems: ids\nscalars_as: id\nabsent: empty"
    source = described(listing(url.url, more % "t"))
    assert rows(source.read(Query("things"))) == [{"id": "a"}, {"id": "b"}]
    assert rows(described(listing(url.url, more % "u")).read(Query("things"))) == []


def test_names_that_may_be_keys_of_customers_are_not_repeated(system, described):
    source = described(listing(system(lambda _: {"ann@example.com": {}}).url, "path: t"))
    with pytest.raises(MisconfiguredError, match="there is 1 names") as caught:
        rows(source.read(Query("things")))
    assert "ann" not in str(caught.value)


def test_details_and_lists_of_a_row_are_asked_for_one_by_one(system, described):
    def answer(request):
        match request.path:
            case ("t",):
                return [{"id": "a/b"}, {"id": "gone"}, {"id": "bad"}, {"id": "c"}]
            case ("t", "gone"):
                return 404, {}, {}
            case ("t", "bad"):
                return 422, {}, {"why": "canary"}
            case ("t", name):
                return {"record": {"name": f"N {name}", "home": {"no": name}}}
            case ("t", name, "addresses"):
                start = int(request.params["offset"])
                return {"rows": [{"city": f"{name} {n}"} for n in part(range(3), start, 2)]}

    more = """
path: t
details: {path: "t/{id}", item: record}
joins:
  addresses: {path: "t/{home.no}/addresses", items: rows, pagination: {type: offset}}"""
    source = described(listing(system(answer).url, more))
    with capture_logs() as logs:
        pages = list(source.read(Query("things")))
    assert rows(pages) == [
        {
            "id": key,
            "name": f"N {key}",
            "home": {"no": key},
            "addresses": [{"city": f"{key} {n}"} for n in range(3)],
        }
        for key in ("a/b", "c")
    ]
    (rejected,) = [each for page in pages for each in page.rejected]
    assert (rejected.place, rejected.raw) == ("things bad", '{"id": "bad"}')
    assert "422" in rejected.reason
    assert "canary" not in rejected.reason
    assert logs == [{"event": "rest.rows_gone", "object": "things", "rows": 1, "log_level": "info"}]


def test_a_row_whose_place_only_its_details_tell_is_completed_first(system, described):
    found = {row["id"]: row for row in ROWS}

    def answer(request):
        if request.path == ("t",):
            return [{"id": key} for key in found]
        return found[request.path[1]]

    server = system(answer)
    source = described(listing(server.url, "path: t\ndetails: {path: 't/{id}'}"))
    query = Query("things", **BY_AT, after=Cursor(ROWS[4]["at"], "k4"))
    assert rows(source.read(query)) == ROWS[5:]
    assert len(server.got) == 1 + len(ROWS)
