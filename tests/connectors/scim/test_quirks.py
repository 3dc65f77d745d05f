"""The writer keeps to pinned quirks: only forms that have their effect are sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.contract import Action, Change
from connectors.errors import MisconfiguredError, RejectedError
from connectors.scim import Scim
from connectors.scim.paths import build, flatten, operations
from connectors.scim.quirks import Form, Quirks, Truth

CONFIG = {"patch": {"supported": True}, "filter": {"supported": True}}
ANN = {"id": "1", "externalId": "g1", "userName": "ann", "title": "Boss"}


def answer(document: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, json.dumps(document).encode()


@pytest.fixture
def served(scripted):
    """A provider of two users; `calls` are what it was asked."""
    calls: list[tuple[str, str]] = []

    def reply(method, path):
        calls.append((method, path))
        if "ServiceProviderConfig" in path:
            return answer(CONFIG)
        if path.startswith("/Users/"):
            return answer(ANN)
        return answer({"totalResults": 2, "Resources": [ANN, {"id": "2", "userName": "bob"}]})

    return scripted(reply), calls


def update(target: Scim, **after: Any):
    change = Change(1, "User", Action.UPDATE, "g1", "1", {"title": "Boss"}, after)
    (outcome,) = target.apply([change])
    return outcome


def test_a_change_goes_by_a_form_that_has_its_effect(served):
    url, calls = served
    for forms, method in (((Form.PATH,), "PATCH"), ((Form.BARE,), "PATCH"), ((Form.PUT,), "PUT")):
        calls.clear()
        target = Scim(url=url, quirks=Quirks(forms=forms))
        assert update(target, title="Chief").error is None
        assert calls[-1][0] == method
    target = Scim(url=url, quirks=Quirks(forms=(Form.BARE,)))
    request = target.preview(
        Change(1, "User", Action.UPDATE, "g1", "1", {}, {"name.givenName": "Ann"})
    )
    assert request.body is not None
    assert request.body["Operations"] == [
        {"op": "replace", "value": {"name": {"givenName": "Ann"}}}
    ]
    refused = update(Scim(url=url, quirks=Quirks(forms=(Form.PATH,))), title=None)
    assert isinstance(refused.error, RejectedError)
    assert "remove" in str(refused.error)


def test_an_answer_tells_what_the_provider_made_of_a_value(served):
    url, _ = served
    outcome = update(Scim(url=url), title="Chief", nickName="A")
    assert outcome.held == {"title": "Boss", "nickName": None}


def test_a_blind_filter_is_not_asked(served):
    url, calls = served
    target = Scim(url=url, quirks=Quirks(filter={"externalId": Truth.BLIND}))
    (found,) = target.find("User", "externalId", "g1")
    assert found.id == "1"
    assert not any("filter" in path for _, path in calls)


def test_a_provider_that_does_not_page_is_read_whole_or_not_at_all(scripted):
    total = 2

    def reply(method, path):
        if "startIndex" in path:
            return 500, {}, b""
        return answer({"totalResults": total, "Resources": [ANN, {"id": "2"}]})

    target = Scim(url=scripted(reply), quirks=Quirks(paging="none"))
    assert [each.id for each in target.accounts("User")] == ["1", "2"]
    total = 3
    with pytest.raises(
        MisconfiguredError, match=r"gives 2 of 3 resources and does not page; .*without --look"
    ):
        list(target.accounts("User"))


def test_a_provider_that_does_not_deactivate_says_so_before_anything_is_sent(served):
    url, calls = served
    target = Scim(url=url, quirks=Quirks(deactivation="none"))
    (outcome,) = target.apply([Change(1, "User", Action.DEACTIVATE, "g1", "1")])
    assert "on_leave" in str(outcome.error)
    assert {method for method, _ in calls} == {"GET"}


def test_a_list_without_types_is_ours_as_a_whole():
    row = {"emails.value": "ann@b.c"}
    assert build(row) == {"emails": [{"value": "ann@b.c"}]}
    assert flatten(build(row))["emails.value"] == "ann@b.c"
    (changed,) = operations(row, {"emails.value": "new@b.c"})
    assert changed == {"op": "replace", "path": "emails", "value": [{"value": "new@b.c"}]}
    (cleared,) = operations(row, {"emails.value": None})
    assert cleared == {"op": "remove", "path": "emails"}
