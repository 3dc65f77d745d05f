"""Many changes in one ``/Bulk``: an outcome for each, whatever the provider answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.contract import Action, Change
from connectors.errors import (
    ConflictError,
    NotFoundError,
    RejectedError,
    TransientError,
    UncertainError,
)
from connectors.scim import Scim
from connectors.scim.quirks import Quirks
from tests.connectors.scim.clients import scim

CONFIG = {"patch": {"supported": True}, "bulk": {"supported": True, "maxOperations": 100}}


def create(number: int) -> Change:
    return Change(number, "User", Action.CREATE, f"g{number}", after={"userName": f"u{number}"})


def update(number: int, id_: str) -> Change:
    after = {"title": "Boss"}
    return Change(number, "User", Action.UPDATE, f"g{number}", id_, after=after)


def reply(document: Any, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {}, json.dumps(document).encode()


@pytest.fixture
def answering(scripted):
    """A target whose ``/Bulk`` answers as told; `calls` are the writes that it got."""
    calls: list[str] = []

    def start(answer: Any) -> Scim:
        def asked(method: str, path: str) -> Any:
            if method == "GET":
                return reply(CONFIG)
            calls.append(f"{method} {path}")
            return answer if path == "/Bulk" else reply({"id": "single"}, 201)

        http = {"attempts": 1, "backoff_seconds": 0.01}
        return Scim(url=scripted(asked), http=http, quirks=Quirks(bulk=50))

    start.calls = calls  # type: ignore[attr-defined]
    return start


def operations(*answers: dict[str, Any]) -> Any:
    return reply({"Operations": list(answers)})


def test_hundred_and_twenty_changes_are_three_requests_and_are_all_there(provider_url):
    target = scim(provider_url, quirks={"bulk": 50})
    outcomes = list(target.apply(create(n) for n in range(120)))
    assert [each.error for each in outcomes] == [None] * 120
    ids = {each.change.number: str(each.id) for each in outcomes}
    assert {a.id: a.key for a in target.accounts("User")} == {
        id_: f"g{number}" for number, id_ in ids.items()
    }
    removed = [Change(n, "User", Action.DELETE, f"g{n}", ids[n]) for n in range(60)]
    changed = [update(n, ids[n]) for n in range(60, 120)]
    mixed = [each for pair in zip(removed, changed, strict=True) for each in pair]
    assert {each.error for each in target.apply(mixed)} == {None}
    held = {a.key: a.attributes.get("title") for a in target.accounts("User")}
    assert held == {f"g{n}": "Boss" for n in range(60, 120)}
    assert {each.error for each in target.apply(removed)} == {None}, "gone is what was wanted"


def test_a_provider_that_rewrites_values_is_written_one_by_one(answering):
    target = answering(operations())
    rewriting = target.pinned({"bulk": 50, "not_held": {"title": "is dropped"}})
    assert [each.id for each in rewriting.apply([create(1), create(2)])] == ["single"] * 2
    assert answering.calls == ["POST /Users"] * 2


def test_each_operation_has_its_own_outcome(answering):
    target = answering(
        operations(
            {"bulkId": "3", "status": "404", "response": {"status": "404"}},
            {"bulkId": "1", "status": {"code": 201}, "location": "https://x/Users/a1"},
            {"bulkId": "2", "status": "409", "response": {"scimType": "uniqueness"}},
        )
    )
    found = {o.change.number: o for o in target.apply([create(1), create(2), update(3, "x")])}
    assert (found[1].error, found[1].id) == (None, "a1")
    assert isinstance(found[2].error, ConflictError)
    assert isinstance(found[3].error, NotFoundError)


def test_what_the_answer_leaves_out_is_uncertain_when_it_creates(answering):
    for answer in (operations({"bulkId": "1", "status": "201", "response": {"id": "a"}}),
                   reply({"Operations": None}), reply([]), (500, {}, b"")):  # fmt: skip
        target = answering(answer)
        found = {o.change.number: o.error for o in target.apply([create(2), update(3, "x")])}
        assert isinstance(found[2], UncertainError)
        assert type(found[3]) is TransientError


def test_a_bulk_that_is_refused_as_a_whole_goes_one_by_one(answering):
    target = answering(reply({"scimType": "tooMany"}, 413))
    found = list(target.apply([create(1), create(2)]))
    assert [each.error for each in found] == [None, None]
    assert answering.calls == ["POST /Bulk", "POST /Users", "POST /Users"]


def test_a_refused_operation_keeps_what_was_said_of_it_alone(answering):
    taken = {"scimType": "uniqueness", "detail": "u2 is taken"}
    target = answering(
        operations(
            {"bulkId": "1", "status": "201", "response": {"id": "a1", "userName": "u1"}},
            {"bulkId": "2", "status": "409", "response": taken},
            {"bulkId": "3", "status": "400"},
        )
    )
    found = {o.change.number: o for o in target.apply([create(1), create(2), update(3, "x")])}
    said = found[2].error.exchange
    assert (said.method, said.path, said.status, said.code) == ("POST", "/Users", 409, "uniqueness")
    assert json.loads(said.sent)["userName"] == "u2"
    assert json.loads(said.answered) == taken
    said = found[3].error.exchange
    assert (said.method, said.path, said.answered) == ("PATCH", "/Users/x", "")
    assert "Boss" in said.sent


def test_of_a_bulk_that_is_lost_as_a_whole_nothing_is_kept(answering):
    outcomes = list(answering((500, {}, b"u1 and u2")).apply([create(1), create(2)]))
    assert [each.error.exchange for each in outcomes] == [None, None]


@pytest.mark.parametrize(
    ("duplicate", "status", "error"),
    [
        ("failed", 500, ConflictError),
        ("refused", 400, ConflictError),
        ("conflict", 500, UncertainError),
        ("conflict", 400, RejectedError),
    ],
)
def test_a_name_that_is_taken_is_told_as_in_a_request_of_its_own(
    scripted, duplicate, status, error
):
    held = {"id": "1", "userName": "U1", "externalId": "other"}
    answers = [{"bulkId": "1", "status": str(status)}, {"bulkId": "2", "status": str(status)}]

    def asked(method: str, path: str) -> Any:
        if path.startswith("/Users?"):
            return reply({"Resources": [held] if "u1" in path else []})
        return reply(CONFIG) if method == "GET" else operations(*answers)

    target = Scim(url=scripted(asked), quirks=Quirks(bulk=50, duplicate=duplicate))
    outcomes = target.apply([create(1), update(2, "x")])
    made, changed = sorted(outcomes, key=lambda each: each.change.number)
    assert type(made.error) is error
    assert not isinstance(changed.error, ConflictError)
    assert "u1" not in str(made.error)
