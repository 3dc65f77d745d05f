from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.contract import Query
from connectors.errors import (
    MisconfiguredError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
)
from tests.connectors.rest.conftest import asked
from tests.connectors.rest.things import ROWS, listing, part, rows

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
