from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.contract import Cursor, Query
from connectors.errors import (
    MisconfiguredError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
)
from tests.connectors.rest.conftest import asked

ROWS = [{"id": f"k{i}", "at": f"2026-01-0{1 + i // 3}T00:00:00Z"} for i in range(7)]
BY_AT = {"cursor": "at", "key": "id"}


def rows(pages: Any) -> list[dict[str, Any]]:
    return [dict(row) for page in pages for row in page.rows]


def listing(url: str, more: str) -> str:
    """A description of one object, with more lines of it."""
    lines = "\n".join(f"    {line}" for line in more.strip().splitlines())
    return f"url: {url}\nobjects:\n  things:\n    key: id\n{lines}\n"


def part(found: Any, start: int, size: int = 3) -> Any:
    return list(found)[start : start + size]


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


@pytest.mark.parametrize("gone", ["k9", "k4"])
def test_what_an_api_lists_as_deleted_becomes_tombstones_before_the_position(
    system, described, gone
):
    """Of k4, which was read before it was deleted, only the tombstone comes."""
    deleted, again = [{"ref": "k1", "when": "2026-01-03T01:00:00Z"}], list[bool]()

    def answer(request):
        if request.path == ("deleted",):
            return [each for each in deleted if each["when"] >= request.params["since"]]
        start = int(request.params["offset"])
        if start == 6 and again:  # somebody deletes a record while pages are read
            deleted.append({"ref": gone, "when": "2026-01-03T02:00:00Z"})
        return part(ROWS, start, 3)

    more = """
path: t
pagination: {type: offset}
position: {format: iso}
deletions: {path: deleted, key: ref, moment: when, cursor: {since: "{after}"}, set: {gone: true}}"""
    source = described(listing(system(answer).url, more))
    assert all("gone" not in row for row in rows(source.read(Query("things", **BY_AT))))
    again.append(True)
    after = Cursor("2026-01-01T12:00:00+00:00", "k0")
    pages = list(source.read(Query("things", **BY_AT, after=after)))
    assert rows(pages) == [
        {"id": "k1", "at": "2026-01-03T01:00:00Z", "gone": True},
        {"id": gone, "at": "2026-01-03T02:00:00Z", "gone": True},
        *[row for row in ROWS[3:] if row["id"] != gone],
    ]
    assert [page.cursor is None for page in pages] == ["gone" in page.rows[0] for page in pages]


FORMATS = [
    ("iso", "2026-01-02T03:04:05.5+02:00", "2026-01-02T01:04:05.500000Z"),
    ("epoch", 1767315845, 1767315845),
    ("epoch_ms", "1767315845500", 1767315845500),
    ("ms_date", "/Date(1767315845500+0200)/", "/Date(1767315845500)/"),
    ("'%d.%m.%Y %H:%M'", "02.01.2026 01:04", "02.01.2026 01:04"),
    ("date", "2026-01-02", "2026-01-02"),
]


@pytest.mark.parametrize(("form", "written", "sent"), FORMATS)
def test_moments_are_compared_as_moments_and_asked_for_as_they_are_written(
    system, described, form, written, sent
):
    server = system(lambda _: [{"id": "a", "at": written}, {"id": "b", "at": written}])
    more = f"path: t\nposition: {{format: {form}}}\ncursor: {{since: '{{after}}'}}"
    source = described(listing(server.url, more))
    (page,) = source.read(Query("things", **BY_AT))
    assert page.cursor.value.startswith("2026-01-02T0")
    with capture_logs() as logs:
        again = source.read(Query("things", **BY_AT, after=Cursor(page.cursor.value, "a")))
        assert rows(again) == [{"id": "b", "at": written}]
    assert asked(server)[-1].params["since"] == str(sent)
    assert logs == []


def test_a_filter_that_leaves_out_its_own_moment_is_asked_from_before(system, described):
    at = "2026-01-02T00:00:00+00:00"
    held = [{"id": "a", "at": at}, {"id": "b", "at": at}]
    server = system(lambda request: [r for r in held if r["at"] > request.params["since"]])
    more = "path: t\nposition: {format: iso, exclusive: true}\ncursor: {since: '{after}'}"
    source = described(listing(server.url, more))
    assert rows(source.read(Query("things", **BY_AT, after=Cursor(at, "a")))) == held[1:]


def test_a_moment_in_another_zone_than_declared_is_no_surprise(system, described):
    held = [{"id": "a", "at": "2026-07-01 12:00:00"}]
    server = system(lambda _: held)
    more = "path: t\nposition: {format: iso, zone: Europe/Madrid}"
    (page,) = described(listing(server.url, more)).read(Query("things", **BY_AT))
    assert page.cursor == Cursor("2026-07-01T10:00:00+00:00", "a")


def test_a_row_without_a_moment_where_one_is_declared_is_told_without_its_value(system, described):
    server = system(lambda _: [{"id": "a", "at": "secret"}])
    source = described(listing(server.url, "path: t\nposition: {format: iso}"))
    with pytest.raises(MisconfiguredError, match="'at' of a row is not written as iso") as caught:
        rows(source.read(Query("things", **BY_AT)))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_rows_by_cursor_alone_go_on_after_any_position(system, described, size):
    mixed = [ROWS[i] for i in (2, 0, 1, 5, 3, 4, 6)]
    server = system(lambda request: part(mixed, int(request.params["offset"]), 2))
    more = "path: t\nordered: cursor\npagination: {type: offset}"
    source = described(listing(server.url, more))
    pages = list(source.read(Query("things", **BY_AT, page_size=size)))
    assert sorted(rows(pages), key=lambda row: row["id"]) == ROWS
    assert all(len(page.rows) <= size for page in pages)
    assert pages[-1].cursor
    for number, page in enumerate(pages):
        if page.cursor:
            rest = rows(source.read(Query("things", **BY_AT, after=page.cursor)))
            assert rest == rows(pages[number + 1 :])


class Moving:
    """Rows by time of change; reading a page makes the first row of it move to the end."""

    def __init__(self, *, filters: bool) -> None:
        self.rows = [{"id": f"k{i}", "at": f"2026-01-01T00:00:{i // 2:02}Z"} for i in range(12)]
        self.filters = filters
        self.moves = 3

    def answer(self, request: Any) -> Any:
        start = int(request.params.get("offset", 0))
        since = request.params.get("since", "") if self.filters else ""
        found = part([row for row in self.rows if row["at"] >= since], start, 4)
        if found and self.moves:
            self.moves -= 1
            self.rows.remove(found[0])
            self.rows.append({**found[0], "at": f"2026-01-02T00:00:{9 - self.moves:02}Z"})
        return found


WALK = """
path: t
position: {format: iso}
pagination: {type: offset}
cursor: {since: "{after}"}
"""


def test_asking_again_from_the_last_row_misses_no_row_while_rows_move(system, described):
    by_pages, by_position = Moving(filters=True), Moving(filters=True)
    source = described(listing(system(by_pages.answer).url, WALK))
    assert len({row["id"] for row in rows(source.read(Query("things", **BY_AT)))}) < 12
    source = described(listing(system(by_position.answer).url, f"{WALK}walk: position"))
    read = rows(source.read(Query("things", **BY_AT)))
    assert {row["id"] for row in read} == {row["id"] for row in by_position.rows}
    assert {(row["id"], row["at"]) for row in by_position.rows} <= {
        (row["id"], row["at"]) for row in read
    }


def test_walking_ends_where_the_filter_is_ignored_and_says_so(system, described):
    still = Moving(filters=False)
    still.moves = 0
    source = described(listing(system(still.answer).url, f"{WALK}walk: position"))
    with capture_logs() as logs:
        assert rows(source.read(Query("things", **BY_AT))) == still.rows
    assert [each["event"] for each in logs] == ["rest.filter_ignored"]


def test_ties_longer_than_a_page_are_walked_through(system, described):
    ties = Moving(filters=True)
    ties.moves = 0
    ties.rows = [{"id": f"k{i:02}", "at": "2026-01-01T00:00:00Z"} for i in range(11)]
    source = described(listing(system(ties.answer).url, f"{WALK}walk: position"))
    assert rows(source.read(Query("things", **BY_AT))) == ties.rows


GRAPHQL = """
graphql:
  query: "query($after: String) { things(after: $after) { edges { node { id } } } }"
  variables: {first: 3}
items: things
pagination: {type: relay}
"""


def relay(request: Any) -> Any:
    after = request.json["variables"].get("after")
    start = int(after) if after else 0
    left = part(ROWS, start, 3)
    info = {"hasNextPage": start + 3 < len(ROWS), "endCursor": str(start + 3)}
    return {"data": {"things": {"edges": [{"node": row} for row in left], "pageInfo": info}}}


def test_a_relay_connection_is_read_to_its_end(system, described):
    server = system(relay)
    assert rows(described(listing(server.url, GRAPHQL)).read(Query("things"))) == ROWS
    first = asked(server)[0]
    assert (first.method, first.json["variables"]) == ("POST", {"first": 3})
    assert first.json["query"].startswith("query($after: String) { things(")


def failing(*errors: Any, data: Any = None) -> Any:
    return lambda _: {"errors": list(errors), "data": data}


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"message": "canary ann@example.com", "extensions": {"code": code}, **more}


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (failing(error("UNAUTHENTICATED")), UnauthorizedError, r"UNAUTHENTICATED"),
        (failing(error("THROTTLED")), ThrottledError, "THROTTLED"),
        (failing(error("GRAPHQL_VALIDATION_FAILED")), MisconfiguredError, "VALIDATION_FAILED"),
        (failing(error("INTERNAL_SERVER_ERROR")), TransientError, "INTERNAL_SERVER_ERROR"),
        (failing(error("ann", path=["things"])), RejectedError, r"GraphQL errors$"),
        (failing({"message": "m", "locations": []}), MisconfiguredError, "know the fields"),
    ],
)
def test_errors_in_an_answer_of_200_are_errors(system, described, answer, kind, said):
    source = described(listing(system(answer).url, GRAPHQL))
    with pytest.raises(kind, match=said) as caught:
        rows(source.read(Query("things")))
    assert "ann" not in str(caught.value)


def test_an_error_inside_one_row_rejects_that_row_alone(system, described):
    nodes = [{"id": "a"}, None, {"id": "c", "name": None}]
    data = {"things": {"nodes": nodes, "pageInfo": {}}}
    broken = [
        error("E1", path=["things", "nodes", 1]),
        error("e", path=["things", "nodes", 2, "n"]),
    ]
    source = described(listing(system(failing(*broken, data=data)).url, GRAPHQL))
    (page,) = source.read(Query("things"))
    assert list(page.rows) == [{"id": "a"}]
    assert [(each.place, each.reason) for each in page.rejected] == [
        ("things", "the API reports an error in this row (E1)"),
        ("things c", "the API reports an error in this row"),
    ]


def test_rows_beside_other_errors_are_taken_only_where_that_is_said(system, described):
    data = {"things": {"nodes": [{"id": "a"}], "pageInfo": {}}, "shop": None}
    url = system(failing(error("E1", path=["shop"]), data=data)).url
    with pytest.raises(RejectedError):
        rows(described(listing(url, GRAPHQL)).read(Query("things")))
    with capture_logs() as logs:
        source = described(listing(url, f"{GRAPHQL}partial: accept"))
        assert rows(source.read(Query("things"))) == [{"id": "a"}]
    assert [(each["event"], each["errors"]) for each in logs] == [("rest.partial_answer", 1)]


RULES = """
errors:
  - {status: 400, at: code, equals: [SLOW, BUSY], means: throttled, says: ask less often}
  - {at: ok, equals: false, means: rejected}
  - {status: 404, means: success}
"""


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ((400, {"Retry-After": "0"}, {"code": "BUSY"}), ThrottledError, r"\(BUSY\); ask less"),
        ((400, {}, {"code": "OTHER"}), RejectedError, "400 Bad Request$"),
        ((200, {}, {"ok": False, "why": "canary"}), RejectedError, r"200 \(False\)$"),
        ((200, {}, {"ok": 0}), MisconfiguredError, "no list of rows"),
    ],
)
def test_rules_say_what_an_answer_means(system, described, answer, kind, said):
    text = listing(system(lambda _: answer).url, "path: t\nitems: rows") + RULES
    with pytest.raises(kind, match=said):
        rows(described(text).read(Query("things")))


def test_a_rule_may_call_a_failure_a_success(system, described):
    url = system(lambda _: (404, {}, {"why": "no rows"})).url
    text = listing(url, "path: t\nitems: rows\nabsent: empty") + RULES
    assert rows(described(text).read(Query("things"))) == []


@pytest.mark.parametrize(("matches", "fits"), [("Mailman 3", True), ("^Other", False)])
def test_a_check_looks_whether_it_is_the_system_that_is_meant(system, described, matches, fits):
    def answer(request):
        return {"version": "GNU Mailman 3.3"} if request.path == ("v",) else []

    text = (
        listing(system(answer).url, "path: t")
        + f"""
system: Lists
identity: {{path: v, at: version, matches: {matches}}}
"""
    )
    if fits:
        health = described(text).check()
        assert health.identity.startswith("Lists at 127.0.0.1:")
        assert health.details == {"instance": "GNU Mailman 3.3", "object": "things"}
    else:
        with pytest.raises(MisconfiguredError, match="this is not Lists"):
            described(text).check()


def test_declared_columns_are_discovered_without_a_call(described):
    text = listing("http://127.0.0.1:1", "path: t\ncolumns: {id: string, born: date}")
    (found,) = described(text).discover()
    assert [(column.name, column.type) for column in found.columns] == [
        ("id", "string"), ("born", "date")
    ]  # fmt: skip
    assert found.key == ("id",)
