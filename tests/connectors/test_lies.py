"""Connectors over HTTP whose system lies: of its pages, its totals and its schema."""

from __future__ import annotations

import base64
import json
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.kit import (
    FaultyProxy,
    JsonShape,
    Lie,
    LyingSourceContract,
    LyingTargetContract,
)
from connectors.rest import Rest
from connectors.scim import Scim
from tests.connectors.scim.conftest import TOKEN, serve

PAGE = 4
PATIENT = {"attempts": 2, "backoff_seconds": 0.01, "read_timeout": 20}


class _Api(BaseHTTPRequestHandler):
    """Rows by offset, page number, token or link, from a moment on, with their number."""

    protocol_version = "HTTP/1.1"
    held: list[dict[str, Any]]

    def do_GET(self) -> None:
        asked = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        left = [row for row in self.held if str(row.get("changed")) >= asked.get("since", "")]
        start = int(asked.get("offset", (int(asked.get("page", 1)) - 1) * PAGE))
        if "token" in asked:
            start = int(base64.urlsafe_b64decode(asked["token"]))
        end = start + PAGE
        more = end < len(left)
        token = base64.urlsafe_b64encode(str(end).encode()).decode() if more else None
        body = {"people": left[start:end], "total": len(left), "next": token, "more": more}
        data = json.dumps(body).encode()
        self.send_response(200)
        if token:
            since = f"&since={asked['since']}" if "since" in asked else ""
            self.send_header("Link", f'<?token={token}{since}>; rel="next"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api(serving):
    return lambda rows: serving(type("Handler", (_Api,), {"held": rows}))


PAGED: dict[str, Any] = {
    "offset": {"type": "offset", "total": "total"},
    "number": {"type": "page", "size": PAGE, "size_param": "size", "total": "total"},
    "short": {"type": "offset", "size": PAGE, "end": "short", "total": "total"},
    "token": {"type": "cursor", "pointer": "next", "more": "more", "param": "token"},
    "link": {"type": "link"},
}


class ToRest(LyingSourceContract):
    """One way of paging, and one of coming in order."""

    paging: ClassVar[str] = "offset"
    more: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def shape(self):
        return JsonShape("people", "total")

    @pytest.fixture
    def upstream(self, api, records):
        return api(sorted(records, key=lambda row: (row["changed"], row["id"])))

    @pytest.fixture
    def source(self, proxy):
        people = {
            "path": "people",
            "items": "people",
            "key": "id",
            "pagination": PAGED[self.paging],
        }
        people |= {"cursor": {"since": "{after}"}, "pagination": PAGED[self.paging]} | self.more
        given = {"url": proxy.url, "http": PATIENT, "objects": {"people": people}}
        return Rest.model_validate(given)


class TestByOffset(ToRest):
    pass


class TestByNumber(ToRest):
    paging = "number"


class TestUntilAPageIsShort(ToRest):
    paging = "short"


class TestByToken(ToRest):
    paging = "token"


class TestByLink(ToRest):
    paging = "link"


class TestByCursorAlone(ToRest):
    more: ClassVar = {"ordered": "cursor"}


class TestInNoOrder(ToRest):
    more: ClassVar = {"ordered": False}


class TestFromPositionToPosition(ToRest):
    more: ClassVar = {"walk": "position"}


class TestAllAtOnce(ToRest):
    cursor = None


class TestAllAtOnceByToken(ToRest):
    cursor = None
    paging = "token"


class TestScimProvider(LyingTargetContract):
    about = "/Users"

    @pytest.fixture
    def shape(self):
        return JsonShape("Resources", "totalResults")

    @pytest.fixture
    def upstream(self):
        yield from serve()

    @pytest.fixture
    def target(self, proxy, monkeypatch):
        monkeypatch.setenv("SCIM_TOKEN", TOKEN)
        auth = {"type": "bearer", "token": "env:SCIM_TOKEN"}
        given = {"url": proxy.url, "auth": auth, "http": PATIENT, "page_size": 3}
        return Scim.model_validate(given)


class TestScimProviderByCursor(TestScimProvider):
    """The same lies where lists are given by cursor (RFC 9865)."""

    @pytest.fixture
    def upstream(self):
        yield from serve(cursor=True)

    def test_it_is_read_by_cursor(self, target, proxy):
        self.fill(target)
        assert len(list(target.accounts("User"))) == self.size
        asked = [urlsplit(call.path).query for call in proxy.calls]
        assert [query for query in asked if "cursor=" in query]
        assert not [query for query in asked if "startIndex" in query]


HELD = [{"id": str(n), "changed": "2026", "note": f"n{n}"} for n in range(10)]
IDS = [["0", "1", "2", "3"], ["4", "5", "6", "7"], ["8", "9"]]


def told(api: Any, lie: Lie) -> list[dict[str, Any]]:
    """What the proxy says to three calls, the pages of which it was asked for before."""
    with FaultyProxy(api(HELD), shape=JsonShape("people", "total")) as proxy:
        for chosen in (None, lie):
            proxy.lie(chosen)
            said = [
                requests.get(f"{proxy.url}/?offset={n}", timeout=5).json()
                for n in range(0, 12, PAGE)
            ]
    return said


@pytest.mark.parametrize(
    ("lie", "ids"),
    [
        (Lie.DOUBLED, [IDS[0], IDS[1], [*IDS[1], *IDS[2]]]),
        (Lie.OVERLAPPED, [IDS[0], ["3", "4", "5", "6"], ["7", "8", "9"]]),
        (Lie.SWAPPED, [IDS[0], ["8", "9", "4", "5"], ["6", "7"]]),
        (Lie.REVERSED, [IDS[0], IDS[1][::-1], IDS[2]]),
    ],
)
def test_the_proxy_gives_the_rows_of_a_read_in_another_order(api, lie, ids):
    assert [[row["id"] for row in page["people"]] for page in told(api, lie)] == ids


def test_the_proxy_tells_other_totals(api):
    assert [page["total"] for page in told(api, Lie.LITTLE)] == [1, 1, 1]
    assert [page["total"] for page in told(api, Lie.MUCH)] == [10_000] * 3


def test_the_proxy_changes_the_schema_from_the_second_page_on(api):
    def notes(lie):
        return [[row.get("note") for row in page["people"]] for page in told(api, lie)]

    assert notes(Lie.NARROWED) == [["n0", "n1", "n2", "n3"], [None] * 4, [None] * 2]
    assert notes(Lie.RETYPED) == [["n0", "n1", "n2", "n3"], [7] * 4, [7] * 2]
    added = [[row.get("added") for row in page["people"]] for page in told(api, Lie.WIDENED)]
    assert added == [[None] * 4, ["new"] * 4, ["new"] * 2]


def test_a_proxy_that_knows_no_shape_cannot_lie(api):
    with FaultyProxy(api([])) as proxy, pytest.raises(RuntimeError, match="shape"):
        proxy.lie(Lie.DOUBLED)
