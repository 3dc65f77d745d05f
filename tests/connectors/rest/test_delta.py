"""Feeds that end with a link or a token: what changed since, what is gone, what was forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Cursor, Query
from connectors.errors import ExpiredCursorError, MisconfiguredError, RejectedError
from connectors.kit import FeedContract
from connectors.rest.delta import Delta
from tests.connectors.rest.conftest import asked
from tests.connectors.rest.deltas import DeltaApi

NEW = """\
    url: "%s"
    objects:
      people:
        path: people
        params: {$select: x}
        items: value
        key: id
        pagination: {type: next_url, pointer: "@odata.nextLink"}
        delta:
          link: "@odata.deltaLink"
          removed: {at: "@removed"}
          set: {_deleted: true}
    """
OLD = NEW.replace(
    '{at: "@removed"}', '{at: "@odata.context", matches: "/[$]deletedEntity$"}, key_is: entity_id'
).replace("}, key_is", "}\n          key_is")
SINCE = {"key": "id"}


class TestDeltaFeed(FeedContract):
    @pytest.fixture(params=["4.01", "4.0"])
    def system(self, request, records, system):
        api = DeltaApi(records, new=request.param == "4.01")
        api.url = system(api.answer).url
        return api

    @pytest.fixture
    def feed(self, system, described):
        return described((NEW if system.new else OLD) % system.url)

    @pytest.fixture
    def stale(self, system, feed):
        system.forgotten = 9
        return Cursor(f"{system.url}/people?$deltatoken=3", self.now(feed).key)


@pytest.fixture
def api(system):
    found = DeltaApi([{"id": f"k{n}", "n": n} for n in range(10)])
    found.server = system(found.answer)
    found.url = found.server.url
    return found


def rows(pages):
    return [row for page in pages for row in page.rows]


def now(source):
    *_, last = source.changes(Query("people", **SINCE))
    return last.cursor


def since(source, position):
    return list(source.changes(Query("people", **SINCE, after=position)))


def test_only_the_end_of_a_round_is_a_position_so_a_cut_round_begins_again(api, described):
    people = described(NEW % api.url)
    before = now(people)
    for number in range(9):
        api.put({"id": f"k{number}", "n": -number})
    reading = people.changes(Query("people", **SINCE, after=before))
    first = next(reading)
    reading.close()
    assert (len(first.rows), first.cursor) == (4, None)
    again = since(people, before)
    assert [page.cursor is None for page in again] == [True, True, False]
    assert rows(again) == [{"id": f"k{n}", "n": -n} for n in range(9)]
    assert rows(since(people, again[-1].cursor)) == []


def test_a_first_read_tells_nothing_of_what_is_gone_and_a_plain_read_neither(api, described):
    people = described(NEW % api.url)
    api.rows["gone"] = {"id": "gone", "@removed": {"reason": "changed"}}
    assert {row["id"] for row in rows(people.changes(Query("people")))} == {
        f"k{n}" for n in range(10)
    }
    assert len(rows(people.read(Query("people")))) == 10
    (found,) = people.discover()
    assert [each.name for each in found.columns] == ["id", "n", "_deleted"]


@pytest.mark.parametrize(
    "answer",
    [
        (410, {"Location": "https://x.example/users/delta?$deltatoken="}, {"error": {}}),
        (410, {}, b"<html>Gone</html>"),
        (400, {}, {"error": {"code": "syncStateNotFound", "message": "canary"}}),
        (200, {}, {"error": {"code": "syncStateInvalid"}}),
    ],
)
def test_a_forgotten_position_is_told_whatever_the_system_says(api, described, answer):
    text = NEW % api.url
    people = described(text.rstrip() + "\n          expired: [{at: error.code, matches: ^sync}]\n")
    before = now(people)
    api.put({"id": "k1", "n": 2})
    api.forgotten, api.expiry = 99, answer
    with pytest.raises(ExpiredCursorError, match="the position was forgotten") as told:
        since(people, before)
    assert "canary" not in str(told.value)
    api.expiry = (400, {}, {"error": {"code": "badRequest"}})
    with pytest.raises(RejectedError):
        since(people, before)


def test_with_other_columns_the_old_link_would_bring_the_old_ones(api, described):
    before = now(described(NEW % api.url))
    assert since(described(NEW % api.url), before)
    other = described((NEW % api.url).replace("$select: x", "$select: 'x,y'"))
    api.server.got.clear()
    with pytest.raises(ExpiredCursorError, match="asks for something else than before"):
        since(other, before)
    assert asked(api.server) == []


def test_what_no_longer_counts_is_gone(api, described):
    text = (NEW % api.url).replace("items: value", "items: value\n        where: {kind: guest}")
    people = described(text)
    api.put({"id": "k1", "kind": "guest"})
    api.put({"id": "k2", "kind": "guest"})
    assert {row["id"] for row in rows(people.changes(Query("people")))} == {"k1", "k2"}
    before = now(people)
    api.put({"id": "k2", "kind": "member"})
    assert rows(since(people, before)) == [{"id": "k2", "_deleted": True}]


def test_rows_that_hold_only_what_changed_are_completed_by_a_second_call(system, described):
    def answer(request):
        if request.path == ("people", "a"):
            return {"id": "a", "name": "Ann", "city": "Rome"}
        if request.path == ("people", "gone"):
            return 404, {}, {}
        return {"value": [{"id": "a", "city": "Rome"}, {"id": "gone"},
                          {"id": "b", "@removed": {"reason": "deleted"}}],
                "@odata.deltaLink": "?$deltatoken=2"}  # fmt: skip

    text = NEW.replace("path: people", "path: people\n        details: {path: 'people/{id}'}")
    people = described(text % system(answer).url)
    whole = {"id": "a", "name": "Ann", "city": "Rome"}
    assert rows(people.changes(Query("people"))) == [whole]
    assert rows(since(people, now(people))) == [whole, {"id": "b", "_deleted": True}]


def test_a_token_goes_where_the_file_says_and_pages_of_a_round_carry_it(system, described):
    def answer(request):
        since_ = request.params.get("syncToken")
        if "pageToken" in request.params:
            return {"items": [{"id": "b"}], "nextSyncToken": "s-1"}
        if since_:
            return {"items": [{"id": "a", "status": "cancelled"}], "nextSyncToken": "s-2"}
        return {"items": [{"id": "a"}], "nextPageToken": "p-1"}

    server = system(answer)
    people = described(f"""\
        url: {server.url}
        objects:
          people:
            path: people
            items: items
            key: id
            pagination: {{type: cursor, pointer: nextPageToken, param: pageToken}}
            delta:
              token: nextSyncToken
              param: syncToken
              removed: {{at: status, equals: cancelled}}
        """)
    first = list(people.changes(Query("people")))
    assert (rows(first), first[-1].cursor.value) == ([{"id": "a"}, {"id": "b"}], "s-1")
    second = since(people, first[-1].cursor)
    assert (rows(second), second[-1].cursor.value) == ([{"id": "a", "deleted": True}], "s-2")
    assert [each.params for each in asked(server)][2:] == [{"syncToken": "s-1"}]


def test_a_tombstone_without_a_key_is_a_dead_letter_not_a_person_less(system, described):
    def answer(_):
        return {"value": [{"gone": 1, "@removed": {}}, {"gone": 2, "@removed": {"reason": "x"}}],
                "@odata.deltaLink": "?$deltatoken=2"}  # fmt: skip

    people = described(NEW % system(answer).url)
    (page,) = since(people, Cursor(f"{people.url}people?x", now(people).key))
    assert (page.rows, [each.reason for each in page.rejected]) == (
        [],
        ["an entry of a deleted record has no key; set delta.key"] * 2,
    )


def test_a_list_that_does_not_say_how_to_go_on_is_told_with_the_mend(system, described):
    people = described(NEW % system(lambda _: {"value": [{"id": "a"}]}).url)
    with pytest.raises(MisconfiguredError) as told:
        list(people.changes(Query("people")))
    assert "people: the last page does not say at '@odata.deltaLink' how to go on" in str(
        told.value
    )
    plain = described("url: http://127.0.0.1:1\nobjects: {people: {path: people}}")
    with pytest.raises(MisconfiguredError, match=r"people has no delta; take mode: cursor"):
        list(plain.changes(Query("people")))


def test_a_key_in_the_query_is_not_kept_with_the_link(system, described, monkeypatch):
    monkeypatch.setenv("KEY", "canary/1")
    server = system(lambda _: {"value": [], "@odata.deltaLink": "?a=1&key=canary%2F1&t=2"})
    people = described(NEW % server.url, auth={"type": "api_key", "param": "key", "key": "env:KEY"})
    position = now(people)
    assert position.value == f"{server.url}/people?a=1&t=2"
    since(people, position)
    assert asked(server)[-1].params == {"a": "1", "t": "2", "key": "canary/1"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("link:", "lnk:", ":10:7 objects.people.delta.lnk: unknown setting; did you mean 'link'?"),
        ("link:", "param:", ":9:5 objects.people.delta: set link, or token and param"),
        ("link:", "token:", ":9:5 objects.people.delta: token and param need each other"),
        ('{at: "@removed"}', "{equals: 1}", ":11:7 objects.people.delta.removed.at: is required"),
        ('{at: "@removed"}', "{at: x, matches: '('}", "removed.matches: is no regular expression"),
        ("set: {_deleted: true}", "key_is: url", "must be 'value' or 'entity_id'"),
    ],
)
def test_what_is_wrong_with_a_feed_is_told_with_its_place(described, old, new, told):
    with pytest.raises(MisconfiguredError) as caught:
        described((NEW % "https://crm.example").replace(old, new, 1))
    assert told in str(caught.value)


@given(st.text(min_size=1))
def test_any_key_comes_out_of_its_odata_address_as_it_went_in(key):
    from urllib.parse import quote

    delta = Delta(link="x", key="id", key_is="entity_id")
    doubled = key.replace("'", "''")
    for address in (f"People('{quote(doubled)}')", f"https://h/s/People(ID='{quote(doubled)}')"):
        assert delta.key_of({"id": address}, "ID") == key
    assert delta.key_of({"id": "People(42)"}, "ID") == 42
    assert delta.key_of({"id": "People(a=1,b=2)"}, "ID") is None
    guid = "0c3a-11"
    assert delta.key_of({"id": guid}, "ID") == delta.key_of({"id": f"People({guid})"}, "ID") == guid
