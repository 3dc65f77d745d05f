"""Lists that move while they are read, and providers that page in ways of their own."""

import asyncio
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import ExpiredCursorError, TransientError
from connectors.scim import Scim
from connectors.scim.paging import Reader
from connectors.scim.resources import ResourceType
from connectors.scim.transport import Answer
from tests.connectors.scim.test_contract import scim

USERS = ResourceType("User", "/Users", "urn:ietf:params:scim:schemas:core:2.0:User")


@dataclass
class Provider:
    """A list in memory; `between` are edits of it, one after each page that was given."""

    ids: list[str]
    most: int = 1000
    total: int | None = None
    between: list = field(default_factory=list)
    asked: int = 0

    async def send(self, method, path, body=None, *, params=None, version=None, weight=1):
        self.asked += 1
        start, count = int(params["startIndex"]), min(int(params["count"]), self.most)
        page = self.ids[start - 1 : start - 1 + count]
        total = len(self.ids) if self.total is None else self.total
        if self.between:
            self.between.pop(0)(self.ids)
        return Answer(200, {"totalResults": total, "Resources": [{"id": each} for each in page]})


def read(provider, page_size=10, condition=None):
    async def whole():
        reader = Reader(provider, USERS, page_size, condition)
        return [each["id"] async for page in reader.by_index() for each in page]

    return asyncio.run(whole())


def named(count):
    return [f"u{n}" for n in range(count)]


@given(
    st.integers(0, 40), st.integers(1, 15), st.integers(1, 15), st.sampled_from([None, 0, 1, 99])
)
def test_a_list_is_read_whole_however_pages_are_capped_and_whatever_its_total_says(
    count, page_size, most, total
):
    assert read(Provider(named(count), most, total), page_size) == named(count)


def deletes(*ids):
    def edit(held):
        held[:] = [each for each in held if each not in ids]

    return edit


def inserts(*ids):
    def edit(held):
        held[:0] = ids

    return edit


@given(st.lists(st.sets(st.integers(0, 39), max_size=12), max_size=4), st.integers(2, 15))
def test_who_is_there_all_the_time_is_read_though_others_go_and_come_meanwhile(gone, page_size):
    edits = [deletes(*(f"u{n}" for n in some)) for some in gone] + [inserts("new1", "new2")]
    provider = Provider(named(40), between=list(edits))
    found = read(provider, page_size)
    assert set(found) >= set(provider.ids) & set(named(40))
    assert len(found) == len(set(found))


def test_a_row_that_slips_to_a_page_already_read_costs_one_more_reading():
    provider = Provider(named(25), between=[deletes("u3")])
    assert set(read(provider)) == set(named(25))
    assert provider.asked == 8  # twice through, four requests each


def test_a_list_that_never_stands_still_is_not_taken_for_whole():
    fresh = iter(range(10**6))

    def churn(held):
        held[:] = [f"n{next(fresh)}" for _ in held]

    with pytest.raises(TransientError, match="changes while it is read"):
        read(Provider(named(30), between=[churn] * 1000))


def test_an_answer_to_a_filter_costs_one_request():
    provider = Provider(named(1))
    assert read(provider, condition='userName eq "a"') == ["u0"]
    assert provider.asked == 1


def test_an_expired_cursor_begins_anew_and_gives_nobody_twice(scripted):
    asked = []

    def answer(method: str, path: str):
        if path.endswith("ServiceProviderConfig"):
            said = {"patch": {"supported": True}, "pagination": {"cursor": True, "index": False}}
            return 200, {}, json.dumps(said).encode()
        if path.endswith("ResourceTypes"):
            return 404, {}, b"{}"
        (cursor,) = parse_qs(urlsplit(path).query, keep_blank_values=True)["cursor"]
        asked.append(cursor)
        if cursor == "two" and asked.count("two") == 1:
            return 400, {}, b'{"scimType": "expiredCursor", "detail": "secret"}'
        body = {"": (["a", "b"], "two"), "two": (["c"], None)}[cursor]
        found = {"Resources": [{"id": each} for each in body[0]], "totalResults": 3}
        return 200, {}, json.dumps(found | ({"nextCursor": body[1]} if body[1] else {})).encode()

    target = Scim(url=scripted(answer))
    assert [account.id for account in target.accounts("User")] == ["a", "b", "c"]
    assert asked == ["", "two", "", "two"]


class Expiring:
    async def send(self, method, path, body=None, *, params=None, version=None, weight=1):
        if params["cursor"]:
            raise ExpiredCursorError("GET /Users: HTTP 400 expiredCursor")
        return Answer(200, {"Resources": [{"id": "a"}], "nextCursor": "x"})


class Turning:
    async def send(self, method, path, body=None, *, params=None, version=None, weight=1):
        return Answer(200, {"Resources": [{"id": "a"}], "nextCursor": "x"})


@pytest.mark.parametrize(
    ("provider", "said"), [(Expiring(), "expired 5 times"), (Turning(), "leads back")]
)
def test_cursors_that_lead_nowhere_are_told(provider, said):
    async def whole():
        return [page async for page in Reader(provider, USERS, 10).by_cursor()]

    with pytest.raises(TransientError, match=said):
        asyncio.run(whole())


def test_a_probe_finds_that_a_provider_has_cursors(provider_by_cursor_url):
    assert scim(provider_by_cursor_url).probe("User")["paging"] == "cursor"
