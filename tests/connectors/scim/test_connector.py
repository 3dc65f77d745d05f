import gc
import json
import threading
from typing import Any

import pytest

from connectors.contract import (
    Action,
    Change,
    Checkable,
    Discoverable,
    Previewable,
    Searchable,
    Target,
)
from connectors.errors import (
    ConflictError,
    MisconfiguredError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from connectors.scim.connector import Scim
from tests.connectors.scim.conftest import TOKEN

ANN = {
    "userName": "ann",
    "name.givenName": "Ann",
    'emails[type eq "work"].value': "ann@example.org",
    "active": True,
}
FAST = {"attempts": 3, "backoff_seconds": 0.01, "max_backoff_seconds": 0.02}


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("SCIM_TOKEN", TOKEN)


def scim(url: str, **more: Any) -> Scim:
    auth = {"type": "bearer", "token": "env:SCIM_TOKEN"}
    return Scim.model_validate({"url": url, "auth": auth, "http": FAST} | more)


def change(number: int, action: Action, key: str, **more: Any) -> Change:
    return Change(number=number, object="User", action=action, key=key, **more)


def create(target: Scim, key: str = "g1", row: dict[str, Any] | None = None) -> str:
    outcomes = list(target.apply([change(1, Action.CREATE, key, after=row or ANN)]))
    assert outcomes[0].error is None
    assert outcomes[0].id
    return outcomes[0].id


def test_it_has_the_capabilities_of_a_target():
    target = scim("http://127.0.0.1:1/v2")
    for capability in (Checkable, Discoverable, Target, Searchable, Previewable):
        assert isinstance(target, capability)


def test_a_created_account_is_found_by_our_key_and_holds_what_was_sent(provider_url):
    target = scim(provider_url)
    made = create(target)
    (found,) = target.find("User", "externalId", "g1")
    assert (found.id, found.key) == (made, "g1")
    assert ANN.items() <= dict(found.attributes).items()


def test_an_update_changes_adds_and_clears_only_what_it_names(provider_url):
    target = scim(provider_url)
    made = create(target)
    after = {"name.givenName": "Anna", 'emails[type eq "home"].value': "a@home.example"}
    cleared = {'emails[type eq "work"].value': None}
    update = change(2, Action.UPDATE, "g1", id=made, before=ANN, after=after | cleared)
    assert [o.error for o in target.apply([update])] == [None]
    (found,) = target.find("User", "userName", "ann")
    assert after.items() <= dict(found.attributes).items()
    assert 'emails[type eq "work"].value' not in found.attributes
    assert found.attributes["userName"] == "ann"


def test_a_provider_without_patch_is_written_by_put(provider_without_patch_url):
    target = scim(provider_without_patch_url)
    made = create(target)
    update = change(2, Action.UPDATE, "g1", id=made, before=ANN, after={"name.givenName": "Anna"})
    assert [o.error for o in target.apply([update])] == [None]
    (found,) = target.find("User", "externalId", "g1")
    assert found.attributes["name.givenName"] == "Anna"
    assert found.attributes['emails[type eq "work"].value'] == "ann@example.org"


def test_deactivating_and_deleting_are_told_apart(provider_url):
    target = scim(provider_url)
    made = create(target)
    (off,) = target.apply([change(2, Action.DEACTIVATE, "g1", id=made, before={"active": True})])
    assert off.error is None
    assert target.find("User", "externalId", "g1")[0].attributes["active"] is False
    (gone,) = target.apply([change(3, Action.DELETE, "g1", id=made)])
    assert gone.error is None
    assert target.find("User", "externalId", "g1") == []


def test_deleting_what_is_gone_is_what_was_wanted(provider_url):
    (outcome,) = scim(provider_url).apply([change(1, Action.DELETE, "g1", id="never-there")])
    assert outcome.error is None


def test_a_second_account_of_the_same_name_is_a_conflict_and_the_rest_goes_on(provider_url):
    target = scim(provider_url)
    create(target)
    twin = change(2, Action.CREATE, "g2", after=ANN)
    other = change(3, Action.CREATE, "g3", after=ANN | {"userName": "bob"})
    outcomes = {o.change.number: o for o in target.apply([twin, other])}
    assert isinstance(outcomes[2].error, ConflictError)
    assert outcomes[3].error is None


def test_every_change_has_one_outcome_however_many_are_under_way(provider_url):
    target = scim(provider_url, concurrency=3)
    changes = [
        change(n, Action.CREATE, f"g{n}", after=ANN | {"userName": f"u{n}"}) for n in range(20)
    ]
    assert sorted(o.change.number for o in target.apply(changes)) == list(range(20))
    assert {a.key for a in target.accounts("User")} == {f"g{n}" for n in range(20)}


def test_no_more_changes_are_drawn_ahead_than_nine_times_those_under_way(provider_url):
    target, drawn, done = scim(provider_url, concurrency=2), 0, 0

    def changes():
        nonlocal drawn
        for number in range(40):
            drawn += 1
            assert drawn - done <= 18
            yield change(
                number, Action.CREATE, f"g{number}", after=ANN | {"userName": f"u{number}"}
            )

    for _ in target.apply(changes()):
        done += 1
    assert done == 40


def test_reading_in_pages_gives_every_account_once(provider_url):
    target = scim(provider_url, page_size=2)
    for number in range(5):
        create(target, f"g{number}", ANN | {"userName": f"u{number}"})
    assert sorted(a.key for a in target.accounts("User")) == [f"g{n}" for n in range(5)]


def test_values_with_quotes_are_found_and_not_taken_for_filter_text(provider_url):
    target = scim(provider_url)
    create(target, 'k"]\\ or id pr')
    assert len(target.find("User", "externalId", 'k"]\\ or id pr')) == 1
    assert target.find("User", "externalId", 'x" or id pr or id eq "') == []


def test_discovery_lists_paths_of_core_and_extension(provider_url):
    schemas = {schema.name: schema for schema in scim(provider_url).discover()}
    names = {column.name for column in schemas["User"].columns}
    assert {"userName", "name.givenName", "emails"} <= names
    assert any(name.endswith("enterprise:2.0:User:department") for name in names)


def test_the_health_check_says_who_answered(provider_url):
    health = scim(provider_url).check()
    assert "/v2" in health.identity
    assert health.details["patch"] == "True"


def test_refused_credentials_are_told_apart_from_an_unreachable_host(provider_url, monkeypatch):
    monkeypatch.setenv("SCIM_TOKEN", "wrong")
    with pytest.raises(UnauthorizedError, match="renew the token") as refused:
        scim(provider_url).check()
    assert "wrong" not in str(refused.value)
    with pytest.raises(TransientError, match="no connection; check url"):
        scim("http://127.0.0.1:9/v2").check()


def test_an_address_that_is_no_scim_service_is_a_setting_to_mend(scripted):
    url = scripted(lambda *_: (200, {}, b'{"hello": "world"}'))
    with pytest.raises(MisconfiguredError, match="look at `url`"):
        scim(url).check()


def test_a_refused_question_of_discovery_is_a_setting_to_mend(scripted):
    url = scripted(lambda *_: (400, {}, b""))
    with pytest.raises(MisconfiguredError, match=r"HTTP 400.*is `url` that of a SCIM 2.0 provider"):
        list(scim(url).apply([change(1, Action.CREATE, "g", after=ANN)]))


def test_the_token_is_in_no_repr(provider_url):
    assert TOKEN not in repr(scim(provider_url))


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


def test_an_unknown_object_type_stops_with_the_known_ones(provider_url):
    with pytest.raises(MisconfiguredError, match="no 'Person'; it has Group, User"):
        list(scim(provider_url).accounts("Person"))


def test_a_preview_is_the_request_that_apply_would_send_and_writes_nothing(
    provider_url, provider_without_patch_url
):
    create = Change(1, "User", Action.CREATE, "g1", after={"userName": "ann"})
    for url, method in ((provider_url, "PATCH"), (provider_without_patch_url, "PUT")):
        target = scim(url)
        shown = target.preview(create)
        assert (shown.method, shown.address) == ("POST", "/Users")
        assert shown.body["userName"] == "ann"
        assert shown.body["externalId"] == "g1"
        assert list(target.accounts("User")) == []
        (made,) = target.apply([create])
        update = Change(2, "User", Action.UPDATE, "g1", made.id, after={"displayName": "Ann"})
        shown = target.preview(update)
        assert (shown.method, shown.address) == (method, f"/Users/{made.id}")
        assert "Ann" in str(shown.body)
        assert "Ann" not in repr(shown)
        delete = Change(3, "User", Action.DELETE, "g1", made.id)
        assert target.preview(delete).method == "DELETE"
        (held,) = target.accounts("User")
        assert "displayName" not in held.attributes


def test_a_preview_of_a_change_that_is_none_only_asks(provider_url):
    target = scim(provider_url)
    (made,) = target.apply([Change(1, "User", Action.CREATE, "g1", after={"userName": "ann"})])
    same = Change(2, "User", Action.UPDATE, "g1", made.id)
    assert target.preview(same).method == "GET"


def test_a_preview_of_what_is_refused_before_it_is_sent_raises_the_refusal(provider_url):
    with pytest.raises(RejectedError, match="id is not known"):
        scim(provider_url).preview(Change(1, "User", Action.UPDATE, "g1", after={"a": "b"}))


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
