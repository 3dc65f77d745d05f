from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from structlog.testing import capture_logs

from connectors.contract import Checkable, Cursor, Discoverable, Query, Source
from connectors.errors import MisconfiguredError, TransientError, UnauthorizedError
from connectors.kit import CANARY, SourceContract
from connectors.registry import build
from connectors.rest import Rest
from pipelines.sandbox.processes import free_port

ROWS = [{"id": f"k{i}", "at": f"2026-01-0{1 + i // 3}", "n": i} for i in range(7)]
BY_AT = {"cursor": "at", "key": "id"}


def rest(
    url: str, *, http: dict[str, Any] | None = None, auth: Any = None, **settings: Any
) -> Rest:
    made = {"url": url, "objects": {"things": {"path": "things", "key": "id"} | settings}}
    quick = {"attempts": 2, "backoff_seconds": 0.01}
    more = {"auth": auth} if auth else {}
    built = build("rest", {**made, "http": http or quick, **more}, Path())
    assert isinstance(built, Rest)
    return built


def rows(pages: Any) -> list[dict[str, Any]]:
    return [dict(row) for page in pages for row in page.rows]


def _numbered(_: str, p: dict[str, str]) -> Any:
    start = (int(p["page"]) - 1) * 3
    return ROWS[start : start + 3]


def _offset(_: str, p: dict[str, str]) -> Any:
    start = int(p["offset"])
    return {"data": {"items": ROWS[start : start + 3]}}


def _token(_: str, p: dict[str, str]) -> Any:
    start = int(p.get("token", "0"))
    more = str(start + 3) if start + 3 < len(ROWS) else None
    return {"rows": ROWS[start : start + 3], "meta": {"next": more}}


def _link(_: str, p: dict[str, str]) -> Any:
    start = int(p.get("s", "0"))
    link = {"Link": f'</things?s={start + 3}>; rel="next"'} if start + 3 < len(ROWS) else {}
    return 200, link, ROWS[start : start + 3]


def _next_url(_: str, p: dict[str, str]) -> Any:
    start = int(p.get("s", "0"))
    more = f"/things?s={start + 3}" if start + 3 < len(ROWS) else None
    return {"rows": ROWS[start : start + 3], "next_url": more}


STYLES: list[tuple[Any, dict[str, Any]]] = [
    (lambda *_: ROWS, {}),
    (_numbered, {"pagination": {"type": "page"}}),
    (_offset, {"items": "data.items", "pagination": {"type": "offset"}}),
    (
        _token,
        {
            "items": "rows",
            "pagination": {"type": "cursor", "pointer": "meta.next", "param": "token"},
        },
    ),
    (_link, {"pagination": {"type": "link"}}),
    (_next_url, {"items": "rows", "pagination": {"type": "next_url"}}),
]


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize(("answer", "settings"), STYLES)
def test_every_way_of_paging_gives_every_row_once_and_goes_on_after_any_page(
    api, answer, settings, size
):
    source = rest(api(answer), **settings)
    assert rows(source.read(Query("things"))) == ROWS
    read = 0
    for page in source.read(Query("things", **BY_AT, page_size=size)):
        assert len(page.rows) <= size
        read += len(page.rows)
        assert rows(source.read(Query("things", **BY_AT, after=page.cursor))) == ROWS[read:]
    assert read == len(ROWS)


def test_it_can_be_checked_discovered_and_read(api):
    source = rest(api(lambda *_: ROWS))
    assert all(isinstance(source, kind) for kind in (Checkable, Discoverable, Source))
    assert source.check().identity.startswith("REST API at 127.0.0.1:")
    (found,) = source.discover()
    assert [(c.name, c.type) for c in found.columns] == [
        ("id", "string"),
        ("at", "string"),
        ("n", "number"),
    ]


def test_the_position_is_sent_where_the_settings_say(api):
    asked = []

    def answer(_: str, p: dict[str, str]) -> Any:
        asked.append(p)
        return [row for row in ROWS if row["at"] >= p.get("since", "")]

    source = rest(api(answer), cursor={"since": "{after}"}, params={"size": 7})
    with capture_logs() as logs:
        query = Query("things", **BY_AT, after=Cursor("2026-01-02", "k4"))
        assert rows(source.read(query)) == ROWS[5:]
    assert asked[0] | {"$auth": None} == {"since": "2026-01-02", "size": "7", "$auth": None}
    assert logs == []


def test_an_api_that_ignores_its_filter_is_filtered_here_and_reported(api):
    source = rest(api(lambda *_: ROWS), cursor={"since": "{after}"})
    with capture_logs() as logs:
        query = Query("things", **BY_AT, after=Cursor("2026-01-02"))
        assert rows(source.read(query)) == ROWS[3:]
    assert logs[0]["event"] == "rest.filter_ignored"
    assert logs[0]["rows"] == 3


def test_numbers_are_compared_as_numbers(api):
    data = [{"id": i, "at": i} for i in (9, 10, 11)]
    query = Query("things", **BY_AT, after=Cursor("9", "9"))
    assert rows(rest(api(lambda *_: data)).read(query)) == data[1:]


def test_rows_out_of_order_are_refused_unless_declared(api):
    url = api(lambda *_: ROWS[::-1])
    with pytest.raises(MisconfiguredError, match="ascending; sort them by params"):
        list(rest(url).read(Query("things", **BY_AT)))
    pages = list(rest(url, ordered=False).read(Query("things", **BY_AT, page_size=3)))
    assert [page.cursor for page in pages] == [None, None, Cursor("2026-01-03", "k6")]


@pytest.mark.parametrize(
    ("answer", "settings", "message"),
    [
        (lambda *_: ROWS, {"pagination": {"type": "page"}}, "same page twice"),
        (
            lambda _, p: {"rows": [{"id": p.get("s")}], "next_url": f"/t?s={p.get('s') != '1'}"},
            {"items": "rows", "pagination": {"type": "next_url"}},
            "leads back",
        ),
        (lambda *_: {"rows": ROWS}, {}, "no list of rows at 'the top', set items; there is rows"),
        (lambda *_: [["k1"]], {}, "not JSON objects"),
        (
            lambda *_: {"rows": ROWS, "next_url": "http://elsewhere.example/"},
            {"items": "rows", "pagination": {"type": "next_url"}},
            "leads to another host",
        ),
        (lambda *_: (200, {"Content-Type": "text/html"}, b"<html>"), {}, "where JSON was expected"),
    ],
)
def test_an_api_that_is_not_as_declared_is_refused(api, answer, settings, message):
    with pytest.raises(MisconfiguredError, match=message):
        list(rest(api(answer), **settings).read(Query("things")))


def test_wrong_credentials_and_a_wrong_address_are_told_apart(api, monkeypatch):
    monkeypatch.setenv("TOKEN", "canary")
    auth = {"type": "bearer", "token": "env:TOKEN"}
    url = api(lambda _, p: ROWS if p["$auth"] == "Bearer right" else (401, {}, {}))
    source = rest(url, auth=auth)
    with pytest.raises(UnauthorizedError) as caught:
        source.check()
    assert "canary" not in f"{caught.value} {source!r}"
    monkeypatch.setenv("TOKEN", "right")
    source.check()
    with pytest.raises(TransientError):
        rest("http://127.0.0.1:1").check()


def test_wrong_names_are_answered_with_the_right_ones(api):
    with pytest.raises(MisconfiguredError, match="did you mean 'things'"):
        list(rest("http://127.0.0.1:1").read(Query("thing")))
    with pytest.raises(MisconfiguredError, match=r"one parameter must hold \{after\}"):
        rest("http://127.0.0.1:1", cursor={"since": "after"})
    with pytest.raises(MisconfiguredError, match="has no 'changed'; it has at, id, n"):
        list(rest(api(lambda *_: ROWS)).read(Query("things", cursor="changed", key="id")))


@pytest.fixture
def datasette(tmp_path: Path) -> Iterator[str]:
    file = tmp_path / "crm.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE contacts (id TEXT PRIMARY KEY, name TEXT, at TEXT)")
        connection.executemany(
            "INSERT INTO contacts VALUES (?, ?, ?)",
            [
                (f"C+{i:03}/é", f"Zoë {i}", f"2026-01-01T00:00:{i // 40:02}+00:00")
                for i in range(250)
            ],
        )
    port = free_port()
    command = [sys.executable, "-m", "datasette", "serve", str(file), "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/crm"
    try:
        for _ in range(200):
            try:
                requests.get(url, timeout=1).close()
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


@pytest.mark.real
def test_a_real_datasette_is_read_and_goes_on_after_any_page(datasette):
    wanted = {
        "path": "contacts.json",
        "items": "rows",
        "key": "id",
        "pagination": {"type": "next_url", "pointer": "next_url"},
        "params": {"_shape": "objects", "_size": "70", "_nocount": "1", "_sort": "at"},
        "cursor": {"at__gte": "{after}"},
    }
    source = rest(datasette, **wanted)
    pages = list(source.read(Query("things", **BY_AT)))
    every = rows(pages)
    assert len({row["id"] for row in every}) == len(every) == 250
    read = 0
    for page in pages:
        read += len(page.rows)
        assert rows(source.read(Query("things", **BY_AT, after=page.cursor))) == every[read:]


class TestRestContract(SourceContract):
    @pytest.fixture
    def source(self, records, api):
        return people(api, records)

    @pytest.fixture
    def empty(self, api):
        return people(api, [])

    @pytest.fixture
    def unreachable(self):
        return rest("http://127.0.0.1:1")

    @pytest.fixture
    def refused(self, api, monkeypatch):
        monkeypatch.setenv("TOKEN", CANARY)
        auth = {"type": "bearer", "token": "env:TOKEN"}
        return rest(api(lambda *_: (401, {}, {"detail": CANARY})), auth=auth)


def people(api: Any, records: list[dict[str, Any]]) -> Rest:
    ordered = sorted(records, key=lambda row: (row["changed"], row["id"]))

    def answer(_: str, p: dict[str, str]) -> Any:
        left = [row for row in ordered if row["changed"] >= p.get("since", "")]
        return left[int(p["offset"]) :][:4]

    wanted = {
        "path": "people",
        "pagination": {"type": "offset"},
        "cursor": {"since": "{after}"},
    }
    return Rest.model_validate({"url": api(answer), "objects": {"people": wanted}})
