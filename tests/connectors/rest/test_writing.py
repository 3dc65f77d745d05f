from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.contract import Action, Change, Query, Searchable, Target
from connectors.errors import (
    ConflictError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    TransientError,
    UncertainError,
)
from tests.connectors.rest.conftest import asked
from tests.connectors.rest.crm import Crm
from tests.connectors.rest.writable import MANY, PATCH, PUT, READ, WRITE


@pytest.fixture
def crm() -> Crm:
    return Crm()


def change(action: Action, **more: Any) -> Change:
    return Change(**{"number": 1, "object": "User", "key": "k1", **more}, action=action)


def create(number: int = 1, **after: Any) -> Change:
    return change(Action.CREATE, number=number, key=f"k{number}", after=after)


def only(target: Any, one: Change) -> Any:
    (outcome,) = target.apply([one])
    return outcome


def test_it_is_a_target_only_where_an_object_is_written(described):
    read = described(READ, url="http://127.0.0.1:1")
    assert not isinstance(read, Target)
    whole = described(READ + WRITE + PATCH, url="http://127.0.0.1:1")
    assert isinstance(whole, Target)
    assert isinstance(whole, Searchable)
    text = READ
    for line in ("    path: people\n", "    items: people\n", "    pagination: {type: offset}\n"):
        text = text.replace(line, "")
    blind = described(text + WRITE + PATCH, url="http://127.0.0.1:1")
    assert isinstance(blind, Target)
    assert not isinstance(blind, Searchable)
    assert [each.name for each in blind.discover()] == ["User"]
    with pytest.raises(MisconfiguredError, match="'User' is only written"):
        list(blind.read(Query("User")))


def test_what_push_files_call_active_is_what_the_system_calls_it(system, described, crm):
    target = described(READ + WRITE + PATCH, url=system(crm.answer).url)
    made = only(target, create(userName="u")).id
    assert only(target, change(Action.DEACTIVATE, id=made)).error is None
    assert crm.people[made]["status"] == "sleeping"
    (account,) = target.accounts("User")
    assert account.attributes["active"] is False
    only(target, change(Action.UPDATE, id=made, after={"active": True}))
    assert crm.people[made]["status"] == "live"
    assert "active" not in crm.people[made]


def test_our_key_stands_where_the_system_keeps_it_and_may_be_changed(system, described, crm):
    target = described(READ + WRITE + PATCH, url=system(crm.answer).url)
    made = only(target, create(userName="u")).id
    assert crm.people[made]["ref"] == "k1"
    only(target, change(Action.UPDATE, id=made, after={"externalId": "k2"}))
    assert crm.people[made]["ref"] == "k2"


def test_the_whole_record_is_sent_where_only_that_can_be(system, described, crm):
    target = described(READ + WRITE + PUT, url=system(crm.answer).url)
    made = only(target, create(**{"name.givenName": "Zoë", "name.familyName": "Lee"})).id
    crm.people[made]["theirs"] = 7
    outcome = only(target, change(Action.UPDATE, id=made, after={"name.familyName": "O'Brien"}))
    assert outcome.version == "2"
    assert crm.people[made]["name"] == {"givenName": "Zoë", "familyName": "O'Brien"}
    assert crm.people[made]["theirs"] == 7


def test_attributes_are_cleared_with_what_the_system_takes_for_nothing(system, described, crm):
    text = READ + WRITE + PATCH + '      empty: {phone: "", "*": none}\n'
    target = described(text, url=system(crm.answer).url)
    made = only(target, create(phone="1", town="x", userName=None)).id
    assert "userName" not in crm.people[made]
    only(target, change(Action.UPDATE, id=made, after={"phone": None, "town": None}))
    assert (crm.people[made]["phone"], crm.people[made]["town"]) == ("", "none")


def test_a_refusal_names_the_attribute_it_speaks_of_and_no_value(system, described, crm):
    target = described(READ + WRITE + PATCH, url=system(crm.answer).url)
    made = only(target, create(userName="u")).id
    after = {"name.familyName": "bad canary", "name.givenName": "x"}
    error = only(target, change(Action.UPDATE, id=made, after=after)).error
    assert str(error).startswith("PATCH /people/id%2F1: 422 ")
    assert str(error).endswith("; it speaks of familyName")
    assert "canary" not in str(error)


def test_a_system_that_ignores_the_question_is_asked_again_on_our_side(system, described, crm):
    target = described(READ + WRITE + PATCH, url=system(crm.answer).url)
    for number in range(1, 7):
        only(target, create(number, userName=f"User-{number}"))
    crm.ignores_filters = True
    assert [each.key for each in target.find("User", "externalId", "k5")] == ["k5"]
    assert [each.key for each in target.find("User", "userName", "user-6")] == ["k6"]
    assert target.find("User", "externalId", "K5") == []


def test_an_account_is_found_by_its_id_with_one_call(system, described, crm):
    server = system(crm.answer)
    target = described(READ + WRITE + PUT, url=server.url)
    made = only(target, create(userName="u")).id
    server.got.clear()
    assert [each.id for each in target.find("User", "id", made)] == [made]
    assert target.find("User", "id", "id/9") == []
    assert [each.path for each in asked(server)] == [("people", made), ("people", "id/9")]


def test_many_go_in_one_call_and_each_has_its_own_outcome(system, described, crm):
    server = system(crm.answer)
    target = described(READ + WRITE + PATCH + MANY.replace("&call", ""), url=server.url)
    assert all(each.error is None for each in target.apply([create(n) for n in range(1, 4)]))
    assert len(server.got) == 1
    changes = [create(n) for n in (4, 2, 5, 6, 7, 8)]
    outcomes = {each.change.number: each for each in target.apply(changes)}
    assert {n for n, each in outcomes.items() if each.error} == {2}
    assert isinstance(outcomes[2].error, ConflictError)
    assert str(outcomes[2].error) == "POST /people/batch: a row is refused (TAKEN)"
    assert len(server.got) == 3
    gone = change(Action.UPDATE, number=9, id="nobody", after={"a": 1})
    assert isinstance(only(target, gone).error, NotFoundError)
    assert only(target, change(Action.DELETE, id="nobody")).error is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"results": []}, UncertainError),
        ({"results": [{"status": 201, "ref": "other", "id": 1}]}, UncertainError),
        ({"results": [{"status": 201, "ref": "k1"}]}, UncertainError),
        ({"results": [{"status": 503, "ref": "k1"}]}, TransientError),
        ({"results": [{"status": 400, "ref": "k1"}]}, RejectedError),
        ((503, {}, {}), UncertainError),
        ((400, {}, {}), RejectedError),
        ("cut", UncertainError),
    ],
)
def test_what_an_answer_to_many_leaves_open_is_not_taken_for_done(system, described, answer, kind):
    text = READ + WRITE + PATCH + MANY.replace("&call", "")
    target = described(text, url=system(lambda _: answer).url)
    assert isinstance(only(target, create()).error, kind)


def test_a_lost_answer_to_a_creation_is_asked_about_before_it_is_sent_again(system, described, crm):
    def answer(request):
        told = crm.answer(request)
        return "cut" if request.method == "POST" else told

    target = described(READ + WRITE + PATCH, url=system(answer).url)
    outcome = only(target, create(userName="u"))
    assert isinstance(outcome.error, UncertainError)
    assert [each.key for each in target.find("User", "externalId", "k1")] == ["k1"]


def test_a_creation_with_an_idempotency_key_may_be_repeated(system, described, crm):
    keys = []

    def answer(request):
        if request.method == "POST":
            keys.append(request.headers["Idempotency-Key"])
            return "cut" if len(keys) == 1 else crm.answer(request)
        return crm.answer(request)

    headers = 'item: person, headers: {Idempotency-Key: "{idempotency_key}"}}'
    text = (READ + WRITE + PATCH).replace("item: person}", headers, 1)
    target = described(text, url=system(answer).url)
    assert only(target, create(userName="u")).error is None
    only(target, create(2, userName="v"))
    assert keys[0] == keys[1] != keys[2]


def test_what_a_write_answers_with_may_be_anything(system, described, crm):
    def answer(request):
        told = crm.answer(request)
        return told if request.method == "GET" else (200, {"Content-Type": "text/html"}, b"<p>OK")

    target = described(READ + WRITE + PATCH, url=system(answer).url)
    made = only(target, create(userName="u"))
    assert (made.error, made.id) == (None, "id/1")
    update = change(Action.UPDATE, id="id/1", after={"userName": "v"})
    assert only(target, update).error is None
    assert only(target, change(Action.DELETE, id="id/1")).error is None
    assert crm.people == {}


def test_an_account_that_nobody_can_ask_for_is_known_by_our_key(system, described, crm):
    text = READ + WRITE + PATCH
    for line in ("    path: people\n", "    items: people\n", "    pagination: {type: offset}\n"):
        text = text.replace(line, "", 1)
    server = system(lambda _: (202, {}, b""))
    assert only(described(text, url=server.url), create()).id == "k1"


@pytest.mark.parametrize(
    ("headers", "body"), [({"Location": "/people/id%2F1"}, b""), ({}, b""), ({}, {"person": {}})]
)
def test_an_id_the_answer_does_not_hold_is_read_from_its_address_or_asked_for(
    system, described, crm, headers, body
):
    def answer(request):
        told = crm.answer(request)
        return (201, headers, body) if request.method == "POST" else told

    target = described(READ + WRITE + PATCH, url=system(answer).url)
    assert only(target, create(userName="u")).id == "id/1"


def test_actions_the_description_has_no_call_for_are_refused_one_by_one(system, described, crm):
    text = READ + WRITE.replace("active:", "empty:").replace("delete:", "#") + PATCH
    target = described(text, url=system(crm.answer).url)
    made = only(target, create(userName="u")).id
    outcomes = target.apply(
        [change(Action.DELETE, id=made), change(Action.DEACTIVATE, id=made), change(Action.UPDATE)]
    )
    assert [str(each.error) for each in outcomes] == [
        "delete k1: objects.User.write has no call for it",
        "deactivate k1: objects.User.write has neither active nor deactivate",
        "update k1: the account's id is not known",
    ]


def test_a_value_never_leaves_its_segment_of_a_path(system, described, crm):
    server = system(crm.answer)
    target = described(READ + WRITE + PATCH, url=server.url)
    for id_ in ("../admin", "a/b?c=d#e", "%2e%2e", "ü"):
        only(target, change(Action.DELETE, id=id_))
    assert [each.path for each in asked(server)] == [
        ("people", "../admin"), ("people", "a/b?c=d#e"), ("people", "%2e%2e"), ("people", "ü")
    ]  # fmt: skip
    assert isinstance(only(target, change(Action.DELETE, id="..")).error, RejectedError)
    assert len(server.got) == 4


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (PATCH, PUT.split("\n", 1)[1], "an update that sends {record} needs get"),
        (WRITE, "\n    write: {id: id}\n", "set create, update or upsert"),
        ("key: ref", "upsert: {path: x}", "upsert needs key"),
    ],
)
def test_what_cannot_be_written_as_described_is_told(described, old, new, told):
    text = READ + WRITE + PATCH
    assert old in text
    text = text.replace(old, new) if old != WRITE else READ + new
    with pytest.raises(MisconfiguredError) as caught:
        described(text, url="http://127.0.0.1:1")
    assert told in str(caught.value)


def test_a_refusal_keeps_what_was_said_of_one_account(system, described, crm):
    server = system(crm.answer)
    target = described(READ + WRITE + PATCH + MANY.replace("&call", ""), url=server.url)
    single = described(READ + WRITE + PATCH, url=server.url)
    made = only(single, create(userName="u")).id
    error = only(single, change(Action.UPDATE, id=made, after={"familyName": "bad"})).error
    said = error.exchange
    assert (said.method, said.path, said.status) == ("PATCH", "/people/id%2F1", 422)
    assert json.loads(said.sent) == {"person": {"familyName": "bad"}}
    assert "is not allowed" in said.answered
    found = {o.change.number: o.error for o in target.apply([create(n, x=f"v{n}") for n in (1, 2)])}
    said = found[1].exchange
    assert (said.method, said.path, said.status) == ("POST", "/people/batch", 409)
    assert json.loads(said.answered) == {"status": 409, "ref": "k1", "code": "TAKEN"}
    assert json.loads(said.sent)["person"] == {"x": "v1", "ref": "k1"}


def test_what_is_said_of_many_at_once_is_kept_for_nobody(system, described):
    text = READ + WRITE + PATCH + MANY.replace("&call", "")
    target = described(text, url=system(lambda _: (400, {}, {"u1": "and", "u2": 1})).url)
    outcomes = list(target.apply([create(1), create(2)]))
    assert [each.error.exchange for each in outcomes] == [None, None]
    said = only(target, create(3)).error.exchange
    assert json.loads(said.answered) == {"u1": "and", "u2": 1}
