"""Ways to log in that only a description can say."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from structlog.testing import capture_logs

from connectors.contract import Query
from connectors.errors import MisconfiguredError, ThrottledError, UnauthorizedError
from connectors.kit import CANARY
from tests.connectors.rest.conftest import asked

THINGS = "objects: {things: {path: things, key: id}}\n"
LOGIN = """
auth:
  type: login
  path: login
  body: {user: "{user}", password: "{password}"}
  user: ann
  password: env:PASSWORD
  token: TOKEN
"""


@pytest.fixture(autouse=True)
def _password(monkeypatch):
    monkeypatch.setenv("PASSWORD", CANARY)


def logging_in(*, at: str):
    """A system whose tokens hold for two calls."""
    state = {"number": 0, "left": 0}

    def answer(request):
        if request.path == ("login",):
            if request.json != {"user": "ann", "password": CANARY}:
                return 401, {}, {}
            state.update(number=state["number"] + 1, left=2)
            token = f"t{state['number']}"
            cookies = f"a=1; Expires=Wed, 25 Nov 2026 00:00:00 GMT, sid={token}; Path=/"
            headers = {"X-Token": token} if at == "header" else {}
            headers |= {"Set-Cookie": cookies} if at == "cookie" else {}
            return 200, headers, {"data": {"token": token}} if at == "body" else {}
        said = request.headers.get("Authorization", request.headers.get("Cookie", ""))
        if said not in {f"Bearer t{state['number']}", f"sid=t{state['number']}"}:
            return 401, {}, {}
        state["left"] -= 1
        return [{"id": 1}] if state["left"] >= 0 else (401, {}, {})

    return answer


@pytest.mark.parametrize(
    ("at", "token"),
    [
        ("body", "{at: data.token}"),
        ("header", "{header: x-token}"),
        ("cookie", "{cookie: sid}\n  send: Cookie\n  value: 'sid={token}'"),
    ],
)
def test_a_login_gives_a_token_that_is_renewed_when_it_is_refused(system, described, at, token):
    server = system(logging_in(at=at))
    source = described(f"url: {server.url}\n{THINGS}{LOGIN.replace('TOKEN', token)}")
    for _ in range(5):
        (page,) = source.read(Query("things"))
        assert list(page.rows) == [{"id": 1}]
    assert [each.path[0] for each in asked(server)].count("login") == 3


@pytest.mark.parametrize(
    "answer",
    [
        (401, {}, {"why": CANARY}),
        (400, {}, {"why": CANARY}),
        (200, {}, {"data": {"token": None}}),
        (200, {}, {"data": CANARY}),
    ],
)
def test_a_login_that_is_refused_is_told_without_what_was_sent(system, described, answer):
    text = LOGIN.replace("TOKEN", "{at: data.token}")
    source = described(f"url: {system(lambda _: answer).url}\n{THINGS}{text}")
    with pytest.raises(UnauthorizedError, match="POST /login: ") as caught:
        source.check()
    assert CANARY not in f"{caught.value}{source!r}"


GRAPHQL_LOGIN = """
auth:
  type: login
  graphql:
    query: "mutation($u: String!, $p: String!) { login(user: $u, password: $p) { id } }"
    variables: {u: "{user}", p: "{password}"}
  user: ann
  password: env:PASSWORD
  token: {header: x-token}
"""


def test_a_token_that_graphql_refuses_in_an_answer_of_200_is_renewed(system, described):
    logins = []

    def answer(request):
        if "mutation" in request.json["query"]:
            logins.append(request.json["variables"])
            return 200, {"X-Token": f"t{len(logins)}"}, {"data": {"login": {"id": 1}}}
        if request.headers["Authorization"] != "Bearer t2":
            return {"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]}
        return {"data": {"things": [{"id": 1}]}}

    things = "objects: {things: {graphql: {query: '{ things { id } }'}, items: things}}\n"
    source = described(f"url: {system(answer).url}\n{things}{GRAPHQL_LOGIN}")
    (page,) = source.read(Query("things"))
    assert list(page.rows) == [{"id": 1}]
    assert logins == [{"u": "ann", "p": CANARY}] * 2


SIGNED = """
auth:
  type: hmac
  key: env:PASSWORD
  key_id: k1
  sign: "{method}\\n{target}\\n{timestamp}\\n{nonce}\\n{body_hash}"
  encoding: ENCODING
  headers: {X-Key: "{key_id}", X-Time: "{timestamp}", X-Nonce: "{nonce}", X-Sign: "v1={signature}"}
"""


@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_each_request_is_signed_as_it_is_sent(system, described, encoding):
    def encoded(digest: bytes) -> str:
        return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()

    def answer(request):
        target = "/things?a=%2F+b&page=2" if "page" in request.params else "/things"
        parts = [request.method, target, request.headers["X-Time"], request.headers["X-Nonce"]]
        text = "\n".join([*parts, encoded(hashlib.sha256(request.body).digest())])
        wanted = encoded(hmac.new(CANARY.encode(), text.encode(), "sha256").digest())
        good = request.headers["X-Sign"] == f"v1={wanted}" and request.headers["X-Key"] == "k1"
        return [] if good else (401, {}, {})

    server = system(answer)
    source = described(f"url: {server.url}\n{THINGS}{SIGNED.replace('ENCODING', encoding)}")
    with source._session() as http:
        http.get("things", params={"a": "/ b", "page": "2"})
        http.post("things", json={"name": "Zoë"})
    assert len({each.headers["X-Nonce"] for each in asked(server)}) == 2


def test_what_a_signature_cannot_hold_is_told_when_it_is_written(described):
    text = SIGNED.replace("ENCODING", "hex").replace("{nonce}", "{once}", 1)
    with pytest.raises(MisconfiguredError, match=r"\{once\}; did you mean 'nonce'"):
        described(f"url: https://x.example\n{THINGS}{text}")


def test_a_key_may_go_into_the_query(system, described):
    server = system(
        lambda request: [{"id": 1}] if request.params.get("key") == CANARY else (401, {}, {})
    )
    auth = {"type": "api_key", "param": "key", "key": "env:PASSWORD"}
    source = described(f"url: {server.url}\n{THINGS}", auth=auth)
    source.check()
    server.script[:] = [(401, {}, {})]
    with pytest.raises(UnauthorizedError) as caught:
        source.check()
    assert CANARY not in str(caught.value)


def test_an_api_that_counts_costs_is_waited_for(system, described):
    status = {"currentlyAvailable": 10, "restoreRate": 2000}
    told = {"cost": {"requestedQueryCost": 50, "throttleStatus": status}}
    errors = [{"message": "m", "extensions": {"code": "THROTTLED"}}]
    server = system(lambda _: {"errors": errors, "extensions": told})
    things = "objects: {things: {graphql: {query: q}, items: things}}\ncost: {}\n"
    source = described(f"url: {server.url}\n{things}")
    with pytest.raises(ThrottledError) as caught:
        list(source.read(Query("things")))
    assert caught.value.retry_after == pytest.approx(0.02)
    server.script[:] = [(200, {}, {"data": {"things": [{"id": 1}]}, "extensions": told})]
    with capture_logs() as logs, source._session() as http:
        api = source._api(http)
        for _ in range(2):
            api.send(source.objects["things"], {}, reads=True)
    assert [each["event"] for each in logs] == ["http.pause"]
