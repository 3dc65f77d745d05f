"""Providers that fail, throttle, lie or refuse."""

import gc
import json
import threading

import pytest

from connectors.contract import (
    Action,
)
from connectors.errors import (
    ConflictError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from tests.connectors.scim.clients import ANN, change, scim
from tests.connectors.scim.conftest import TOKEN

CONFIG = json.dumps({"patch": {"supported": True}, "filter": {"supported": True}}).encode()


def answering(users):
    """Discovery as a plain provider, `users` for whatever is asked below /Users."""

    def answer(method: str, path: str):
        if path.startswith("/ServiceProviderConfig"):
            return 200, {}, CONFIG
        if path.startswith("/ResourceTypes"):
            return 404, {}, b""
        return users(method, path)

    return answer


def test_a_throttled_create_is_sent_again_after_the_wait(scripted):
    calls = []

    def users(method, path):
        calls.append(method)
        if len(calls) == 1:
            return 429, {"Retry-After": "0"}, b""
        return 201, {}, b'{"id": "7"}'

    (outcome,) = scim(scripted(answering(users))).apply([change(1, Action.CREATE, "g", after=ANN)])
    assert (outcome.error, outcome.id, len(calls)) == (None, "7", 2)


def test_a_target_that_only_throttles_is_given_up_after_bounded_attempts(scripted, monkeypatch):
    monkeypatch.setattr("connectors.scim.pace._SLOWEST", 100.0)
    url = scripted(answering(lambda *_: (429, {"Retry-After": "0"}, b"")))
    (outcome,) = scim(url).apply([change(1, Action.CREATE, "g", after=ANN)])
    assert isinstance(outcome.error, ThrottledError)


@pytest.mark.parametrize("reply", [None, (502, {}, b"")])
def test_a_create_whose_answer_is_lost_is_uncertain_and_not_sent_twice(scripted, reply):
    calls = []

    def users(method, path):
        calls.append(method)
        return reply

    (outcome,) = scim(scripted(answering(users))).apply([change(1, Action.CREATE, "g", after=ANN)])
    assert isinstance(outcome.error, UncertainError)
    assert calls == ["POST"]


def test_a_read_that_fails_once_is_repeated(scripted):
    calls = []

    def users(method, path):
        calls.append(method)
        if len(calls) == 1:
            return 503, {}, b""
        return 200, {}, b'{"totalResults": 1, "Resources": [{"id": "1", "externalId": "g"}]}'

    assert [a.id for a in scim(scripted(answering(users))).accounts("User")] == ["1"]


def test_a_provider_that_ignores_filters_cannot_hand_us_a_stranger(scripted):
    listed = b'{"totalResults": 2, "Resources": [{"id": "1", "externalId": "a"}, {"id": "2"}]}'
    target = scim(scripted(answering(lambda *_: (200, {}, listed))))
    assert [a.id for a in target.find("User", "externalId", "a")] == ["1"]
    assert target.find("User", "externalId", "b") == []


def test_a_provider_that_cannot_filter_is_searched_whole(scripted):
    def users(method, path):
        if "filter" in path:
            return 501, {}, b""
        return 200, {}, b'{"totalResults": 1, "Resources": [{"id": "1", "userName": "Ann"}]}'

    target = scim(scripted(answering(users)))
    assert [a.id for a in target.find("User", "userName", "ann")] == ["1"]


def test_a_provider_that_repeats_its_first_page_forever_is_reported(scripted):
    page = b'{"totalResults": 9, "Resources": [{"id": "1"}, {"id": "2"}]}'
    target = scim(scripted(answering(lambda *_: (200, {}, page))))
    with pytest.raises(TransientError, match="does not page"):
        list(target.accounts("User"))


def test_error_details_of_the_provider_which_may_hold_values_are_not_repeated(scripted):
    body = json.dumps({"scimType": "invalidValue", "detail": "ann@example.org is bad"}).encode()
    target = scim(scripted(answering(lambda *_: (400, {}, body))))
    (outcome,) = target.apply([change(1, Action.CREATE, "g", after=ANN)])
    assert isinstance(outcome.error, RejectedError)
    assert str(outcome.error) == "POST /Users: HTTP 400 invalidValue"


def test_when_one_refusal_ends_the_writing_those_beside_it_are_heard_too(scripted, caplog):
    together = threading.Barrier(8, timeout=10)

    def users(method, path):
        together.wait()
        return 401, {}, b""

    target = scim(scripted(answering(users)), concurrency=8)
    changes = [change(n, Action.CREATE, f"g{n}", after=ANN) for n in range(8)]
    with pytest.raises(UnauthorizedError):
        list(target.apply(changes))
    gc.collect()
    assert "never retrieved" not in caplog.text


@pytest.mark.parametrize(
    ("holder", "error"), [("other", ConflictError), ("g", UncertainError), (None, UncertainError)]
)
def test_a_provider_that_fails_where_a_name_is_taken_is_asked_who_has_it(scripted, holder, error):
    held = [{"id": "1", "userName": ANN["userName"].upper(), "externalId": holder}]

    def users(method, path):
        if method == "POST":
            return 500, {}, b""
        return 200, {}, json.dumps({"Resources": held if holder else []}).encode()

    target = scim(scripted(answering(users))).pinned({"duplicate": "failed"})
    (outcome,) = target.apply([change(1, Action.CREATE, "g", after=ANN)])
    assert type(outcome.error) is error
    assert ANN["userName"] not in str(outcome.error)


PATCHES = json.dumps({"patch": {"supported": True}}).encode()


def test_a_refusal_keeps_what_was_sent_and_answered_and_tells_neither(scripted):
    def refuse(method, path):
        told = {"scimType": "invalidValue", "detail": f"ann is no name; you are {TOKEN}"}
        return (200, {}, PATCHES) if method == "GET" else (400, {}, json.dumps(told).encode())

    target = scim(scripted(refuse))
    new, old = change(1, Action.CREATE, "g1", after=ANN), change(2, Action.UPDATE, "g2", id="a/b")
    outcomes = target.apply([new, old._replace(after={"title": "canary"})])
    made, changed = (each.error for each in sorted(outcomes, key=lambda o: o.change.number))
    said = made.exchange
    assert (said.method, said.path, said.status) == ("POST", "/Users", 400)
    assert (said.code, json.loads(said.sent)["externalId"]) == ("invalidValue", "g1")
    assert json.loads(said.answered)["detail"] == "ann is no name; you are (secret)"
    assert (changed.exchange.method, changed.exchange.path) == ("PATCH", "/Users/a%2Fb")
    assert "canary" in changed.exchange.sent
    assert "ann" not in f"{made} {said} {outcomes}"


def test_a_refusal_that_is_taken_for_a_conflict_keeps_what_was_said(scripted):
    target = scim(
        scripted(lambda method, _: (200, {}, PATCHES) if method == "GET" else (400, {}, b"no such"))
    )
    pinned = target.pinned({"duplicate": "refused"})
    (outcome,) = pinned.apply([change(1, Action.CREATE, "g1", after=ANN)])
    assert isinstance(outcome.error, ConflictError)
    assert outcome.error.exchange.answered == "no such"
