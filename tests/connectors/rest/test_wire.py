"""What APIs want in odd places: parameters, tokens, forms, lists, signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.contract import Action, Change, Query
from connectors.errors import MisconfiguredError, ThrottledError, UnauthorizedError
from connectors.http import HttpOptions
from connectors.http.auth import Credentials
from connectors.http.auths import OAuthAuth
from connectors.http.oauth1 import OAuth1Auth, base_string, oauth1_signer
from connectors.http.request import FORM
from connectors.yamlfile import FileError
from tests.connectors.rest.conftest import asked
from tests.connectors.rest.things import ROWS, listing, part, rows

SECRETS = {"type": "oauth1", "consumer_key": "k&1", "consumer_secret": "env:SECRET"}


def test_a_parameter_that_is_a_list_is_repeated(system, described):
    server = system(lambda _: ROWS)
    rows(described(listing(server.url, 'path: t\nparams: {"type[]": [a, b c], one: x}'))
         .read(Query("things")))  # fmt: skip
    sent = parse_qsl(urlsplit(server.got[0].path).query)
    assert sorted(sent) == [("one", "x"), ("type[]", "a"), ("type[]", "b c")]


@pytest.mark.parametrize("how", ["param", "send_header"])
def test_the_token_of_the_next_page_may_stand_and_travel_in_headers(system, described, how):
    def answer(request):
        assert request.params["since"] == "2000"
        told = request.params if how == "param" else request.headers
        start = int(told.get("X-Page", 0))
        more = {"X-Next-Page": str(start + 3)} if start + 3 < len(ROWS) else {}
        return 200, more, part(ROWS, start)

    more = f"""
path: t
cursor: {{since: "{{after}}"}}
position: {{start: "2000"}}
pagination: {{type: cursor, header: X-Next-Page, {how}: X-Page}}"""
    source = described(listing(system(answer).url, more))
    assert rows(source.read(Query("things"))) == ROWS


@pytest.mark.parametrize("paging", [
    "{type: cursor, pointer: next, param: at, last: over}",
    "{type: next_url, pointer: url, last: over}",
    "{type: next_url, pointer: url, more: again}",
])  # fmt: skip
def test_an_answer_may_say_that_it_is_the_last_and_name_a_next_one_all_the_same(
    system, described, paging
):
    def answer(request):
        at = int(request.params.get("at", 0))
        over = at + 3 >= len(ROWS)
        return {"rows": part(ROWS, at), "next": at + 3, "url": f"/t?at={at + 3}", "over": over,
                "again": not over}  # fmt: skip

    source = described(listing(system(answer).url, f"path: t\nitems: rows\npagination: {paging}"))
    assert rows(source.read(Query("things"))) == ROWS


def test_rows_of_lists_in_lists_come_as_one(system, described):
    body = {"groups": [{"members": ROWS[:3]}, {"members": []}, {"members": ROWS[3:]}]}
    answers = {
        "t": body,
        "u": {"groups": []},
        "v": {"others": 1},
        "w": {"groups": [{"members": 1}]},
    }
    url = system(lambda request: answers[request.path[0]]).url

    def read(path):
        return rows(described(listing(url, f"path: {path}\nitems: groups.*.members"))
                    .read(Query("things")))  # fmt: skip

    assert read("t") == ROWS
    assert read("u") == []
    for path in "vw":
        with pytest.raises(MisconfiguredError, match="no list of rows at 'groups"):
            read(path)


def test_rows_that_do_not_count_are_left_out_and_end_no_read(system, described):
    kinds = [{**row, "kind": "person" if n in (0, 6) else "firm"} for n, row in enumerate(ROWS)]
    url = system(lambda request: part(kinds, int(request.params["offset"]))).url
    more = "path: t\nwhere: {kind: person}\npagination: {type: offset}"
    source = described(listing(url, more))
    assert [row["id"] for row in rows(source.read(Query("things")))] == ["k0", "k6"]
    pages = list(source.read(Query("things", key="id", cursor="at")))
    assert [row["id"] for row in rows(pages)] == ["k0", "k6"]


def test_details_may_be_one_of_a_list_in_a_column_of_their_own_or_none(system, described):
    def answer(request):
        if request.path == ("t",):
            return [{"id": 1, "no": "a/b"}, {"id": 2}, {"id": 3, "no": "c"}]
        found = [{"id": 5, "is": "x"}, {"id": 7, "is": request.path[1]}]
        return {"states": found if request.path[1] == "a/b" else []}

    more = "path: t\ndetails: {path: 't/{no}', item: states, where: {id: 7}, column: state%s}"
    server = system(answer)
    source = described(listing(server.url, more % ", optional: true"))
    assert rows(source.read(Query("things"))) == [
        {"id": 1, "no": "a/b", "state": {"id": 7, "is": "a/b"}},
        {"id": 2},
        {"id": 3, "no": "c", "state": {}},
    ]
    *_, last = described(listing(server.url, more % "")).read(Query("things"))
    assert len(last.rejected) == 1


def test_an_account_that_stays_in_the_list_when_it_was_deleted_is_not_there(system, described):
    held = [{"id": 1, "ref": "g1", "state": "left"}, {"id": 2, "ref": "g2", "state": "here"}]
    one = {str(each["id"]): each for each in held}
    server = system(lambda request: one[request.path[1]] if len(request.path) > 1 else held)
    more = """
path: t
write:
  key: ref
  gone: {state: left}
  get: {path: "t/{id}"}
  create: {method: POST, path: t}
  find: {externalId: {given: {ref: "{value}"}}}"""
    target = described(listing(server.url, more))
    assert [account.id for account in target.accounts("things")] == ["2"]
    assert [len(target.find("things", "externalId", key)) for key in ("g1", "g2")] == [0, 1]
    assert [len(target.find("things", "id", key)) for key in ("1", "2")] == [0, 1]
    assert len(rows(target.read(Query("things")))) == 2


def test_a_filter_may_stand_in_a_header_and_have_something_to_begin_with(system, described):
    def answer(request):
        since = request.headers["X-Since"]
        found = [row for row in ROWS if row["at"] >= since]
        return found or (304, {}, "")

    server = system(answer)
    more = """
path: t
headers: {X-Since: "{after}"}
absent: empty
position: {format: iso, start: "2000"}
ordered: true"""
    text = listing(server.url, more) + "errors: [{status: 304, means: success}]\n"
    source = described(text)
    pages = list(source.read(Query("things", key="id", cursor="at")))
    assert rows(pages) == ROWS
    after = pages[-1].cursor
    assert rows(source.read(Query("things", key="id", cursor="at", after=after))) == []
    assert [each.headers["X-Since"] for each in asked(server)] == ["2000", ROWS[-1]["at"]]
    assert rows(source.read(Query("things"))) == ROWS


WRITE = """
path: t
pairs: {more: {name: code}}
write:
  key: more.our key
  get: {path: "t/{id}"}
  create: {method: POST, path: t, form: "{record}"}
  update: {method: PUT, path: "t/{id}", form: "{changes}"}
"""


def test_a_form_may_hold_a_tree_and_names_and_values_be_a_list(system, described):
    held: dict[str, Any] = {"id": 7, "more": [{"code": "our key", "value": "g1"}, {"code": "x"}]}
    server = system(lambda request: [held] if request.method == "GET" else held)
    target = described(listing(server.url, WRITE))
    after = {"name": "Zoë & Co", "address.city": "A=B", "tags": ["a", "b"], "active": True,
             "emails.0.value": "a@b.test"}  # fmt: skip
    (outcome,) = target.apply([Change(1, "things", Action.CREATE, "g1", after=after)])
    assert (outcome.error, outcome.id) == (None, "7")
    assert asked(server)[-1].form == {
        "name": "Zoë & Co", "address[city]": "A=B", "tags[0]": "a", "tags[1]": "b",
        "active": "true", "emails[0][value]": "a@b.test",
        "more[0][code]": "our key", "more[0][value]": "g1",
    }  # fmt: skip
    (account,) = target.accounts("things")
    assert account.key == "g1"
    assert account.attributes["more.x"] is None
    assert rows(target.read(Query("things")))[0]["more"] == {"our key": "g1", "x": None}


@pytest.mark.parametrize(("old", "new", "told"), [
    ('params: {a: b}', 'params: {a: [b, "{c"]}', "holds a brace that is no placeholder"),
    ('params: {a: b}', 'params: {a: [b, 3, true]}', None),
    ("key: id", "key: id\n    walk: position", "walk: position needs a cursor"),
])  # fmt: skip
def test_what_is_wrong_in_odd_places_is_told(described, old, new, told):
    text = listing("http://127.0.0.1:1", "path: t\nparams: {a: b}").replace(old, new)
    if told is None:
        assert described(text)
        return
    with pytest.raises(FileError, match=told):
        described(text)


def test_a_token_server_in_trouble_refuses_nobody(system, monkeypatch):
    monkeypatch.setenv("SECRET", "s")
    told = iter([(429, {"Retry-After": "3"}, {"error": "slow_down"}), (400, {}, {"error": "no"})])
    url = system(lambda _: next(told)).url
    auth = OAuthAuth.model_validate({"type": "oauth", "token_url": url, "client_id": "x",
                                     "client_secret": "env:SECRET"})  # fmt: skip
    credentials = Credentials(auth, HttpOptions())
    with pytest.raises(ThrottledError):
        credentials.headers()
    with pytest.raises(UnauthorizedError, match="no token"):
        credentials.headers()


def test_what_is_signed_is_the_text_of_the_standard():
    """RFC 5849, section 3.4.1.1."""
    pairs = [("b5", "=%3D"), ("a3", "a"), ("c@", ""), ("a2", "r b"), ("c2", ""), ("a3", "2 q"),
             ("oauth_consumer_key", "9djdj82h48djs9d2"), ("oauth_token", "kkk9d7dh3k39sjv7"),
             ("oauth_signature_method", "HMAC-SHA1"), ("oauth_timestamp", "137131201"),
             ("oauth_nonce", "7d8f3e4a")]  # fmt: skip
    assert base_string("post", "http://EXAMPLE.com:80/request?b5=x", pairs) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D"
        "%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e"
        "4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9"
        "d7dh3k39sjv7"
    )


@pytest.mark.parametrize("hash_", ["HMAC-SHA256", "HMAC-SHA1"])
def test_a_form_and_the_query_are_signed_and_a_realm_is_told(monkeypatch, hash_):
    monkeypatch.setenv("SECRET", "s&t")
    more = {"token": "tok", "token_secret": "env:SECRET", "realm": "42_SB1", "hash": hash_}
    auth = OAuth1Auth.model_validate(SECRETS | more)
    sign = oauth1_signer(auth, lambda: 1.5, lambda: "nonce")
    url = "https://shop.test:8443/t?a=b%20c"
    head = sign("POST", url, b"x=y+z", f"{FORM}; charset=utf-8")["Authorization"]
    assert head.startswith('OAuth realm="42_SB1", oauth_consumer_key="k%261", oauth_nonce="nonce"')
    pairs = [("a", "b c"), ("x", "y z"), ("oauth_consumer_key", "k&1"), ("oauth_nonce", "nonce"),
             ("oauth_signature_method", hash_), ("oauth_timestamp", "1"),
             ("oauth_version", "1.0"), ("oauth_token", "tok")]  # fmt: skip
    name = hash_.removeprefix("HMAC-").lower()
    text = base_string("POST", url, pairs).encode()
    made = base64.b64encode(hmac.new(b"s%26t&s%26t", text, getattr(hashlib, name)).digest())
    assert made.decode().replace("/", "%2F").replace("+", "%2B").replace("=", "%3D") in head
    assert sign("POST", url, b'{"x": 1}', "application/json") == sign("POST", url, None, "")
