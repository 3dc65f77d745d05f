"""One subscription type of HubSpot, as its documentation tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.contract import Action, Change, Query, Searchable, Target
from connectors.errors import RejectedError, UnauthorizedError
from connectors.registry import build
from tests.connectors.rest.conftest import QUICK

TYPE = "7106234"


class Preferences:
    """Who is subscribed; `left` are those who opted out themselves, whom nobody brings back."""

    def __init__(self):
        self.subscribed: dict[str, dict] = {}
        self.left: set[str] = set()

    def answer(self, asked):
        if asked.headers.get("Authorization") != "Bearer right":
            return 401, {}, {"category": "INVALID_AUTHENTICATION"}
        if asked.path == ("account-info", "v3", "details"):
            return {"portalId": 62515}
        if asked.method == "GET":
            return self._read(asked)
        told = asked.json
        address, word = told["emailAddress"], asked.path[-1]
        assert asked.path[:2] == ("communication-preferences", "v3")
        assert told["subscriptionId"] == TYPE
        if word == "subscribe":
            if address in self.left:
                return 400, {}, {"category": "VALIDATION_ERROR", "message": f"{address} opted out"}
            self.subscribed[address] = told
        else:
            self.subscribed.pop(address, None)
        status = "SUBSCRIBED" if word == "subscribe" else "NOT_SUBSCRIBED"
        return {"recipient": address, "id": TYPE, "status": status}

    def _read(self, asked):
        if asked.path == ("crm", "v3", "objects", "contacts"):
            held = [{"id": "1", "properties": {"email": "ann+1@example.test"}},
                    {"id": "2", "properties": {"email": None}},
                    {"id": "3", "properties": {"email": "bob@example.test"}},
                    {"id": "4", "properties": {"email": "new@example.test"}}]  # fmt: skip
            return {"results": held}
        assert asked.path[:4] == ("communication-preferences", "v3", "status", "email")
        address = asked.path[4]
        states = [{"id": "1", "status": "SUBSCRIBED"}]
        if address in self.subscribed or address in self.left:
            said = "NOT_SUBSCRIBED" if address in self.left else "SUBSCRIBED"
            states.append({"id": TYPE, "name": "News", "status": said})
        return {"recipient": address, "subscriptionStatuses": states}


@pytest.fixture
def made(system, monkeypatch):
    monkeypatch.setenv("TOKEN", "right")
    preferences = Preferences()
    server = system(preferences.answer)
    given = {"file": "hubspot_subscription", "url": server.url, "token": "env:TOKEN"}
    target = build("rest", given | {"subscription": TYPE, "http": QUICK}, Path())
    return target, preferences


def change(action, address="ann@example.test", number=1, **more):
    return Change(number, "subscription", action, address, **more)


def test_who_agrees_is_subscribed_with_the_reason_and_who_takes_it_back_is_not(made):
    target, preferences = made
    assert isinstance(target, Target)
    assert not isinstance(target, Searchable)
    assert target.check().details["instance"] == "62515"
    for _ in range(2):
        (outcome,) = target.apply([change(Action.CREATE)])
        assert (outcome.error, outcome.id) == (None, "ann@example.test")
    told = preferences.subscribed["ann@example.test"]
    assert told["legalBasis"] == "CONSENT_WITH_NOTICE"
    for action in (Action.DEACTIVATE, Action.DELETE):
        target_id = outcome.id
        (left,) = target.apply([change(action, id=target_id)])
        assert left.error is None
        assert preferences.subscribed == {}


def test_who_opted_out_at_hubspot_stays_out_and_costs_no_other(made):
    target, preferences = made
    preferences.left.add("ann@example.test")
    bob = change(Action.CREATE, "bob@example.test", 2)
    first, second = target.apply([change(Action.CREATE), bob])
    assert type(first.error) is RejectedError
    assert "ann@" not in str(first.error)
    assert second.error is None
    assert preferences.subscribed.keys() == {"bob@example.test"}


def test_what_hubspot_holds_of_the_type_is_read_back_of_each_contact(made):
    target, preferences = made
    preferences.left.add("bob@example.test")
    list(target.apply([change(Action.CREATE, "ann+1@example.test")]))
    found = {row["id"]: row for page in target.read(Query("states")) for row in page.rows}
    assert {key: row.get("state", {}).get("status") for key, row in found.items()} == {
        "1": "SUBSCRIBED", "2": None, "3": "NOT_SUBSCRIBED", "4": None
    }  # fmt: skip


def test_a_wrong_token_is_told(made, monkeypatch):
    target, _ = made
    monkeypatch.setenv("TOKEN", "wrong")
    with pytest.raises(UnauthorizedError):
        target.check()
