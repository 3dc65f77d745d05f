from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from connectors.contract import Account, Action, Change
from connectors.errors import (
    MisconfiguredError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
)
from connectors.kit import CANARY, TargetContract
from connectors.registry import build
from connectors.webhook.events import event_of

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, ok").decode()
OTHER = "another secret that is long enough"
QUICK = {"attempts": 2, "backoff_seconds": 0.01}


class Receiver:
    """What somebody writes who takes our events: by the published library for signatures."""

    def __init__(self) -> None:
        self.accounts: dict[str, dict] = {}
        self.seen: list[str] = []

    def __call__(self, request):
        event = Verifier(SECRET).verify(request.body, request.headers)
        assert request.headers["Content-Type"].startswith("application/cloudevents+json")
        assert event["specversion"] == "1.0"
        assert event["id"] == request.headers["webhook-id"]
        if event["id"] in self.seen:
            return 200, {}, {}
        data, kind = event["data"], event["type"].rpartition(".")[2]
        if kind == "updated" and data["key"] not in self.accounts:
            return 422, {}, {"detail": "canary"}
        self.seen.append(event["id"])
        if kind == "deleted":
            self.accounts.pop(data["key"], None)
        else:
            held = self.accounts.setdefault(data["key"], {})
            held.update(data["attributes"])
        return 202, {}, {}

    def held(self):
        return [
            Account(key, key, {n: v for n, v in row.items() if v is not None})
            for key, row in self.accounts.items()
        ]


@pytest.fixture
def receiver(serve, monkeypatch):
    monkeypatch.setenv("SECRET", SECRET)
    told = Receiver()
    return told, serve(told)


def webhook(url, **more):
    given = {"url": url, "secrets": ["env:SECRET"], "objects": ["User"], "http": QUICK}
    return build("webhook", given | more, Path())


def change(action=Action.CREATE, number=1, **more):
    more.setdefault("after", {"email": "ann@example.test"})
    return Change(number, "User", action, "k1", **more)


class TestWebhookContract(TargetContract):
    @pytest.fixture
    def target(self, receiver):
        return webhook(receiver[1].url)

    @pytest.fixture
    def held(self, receiver):
        return receiver[0].held


def test_an_event_tells_what_became_of_whom(receiver):
    _, server = receiver
    target = webhook(server.url, source="https://id.example/crm", event_type="org.example.customer")
    update = change(Action.UPDATE, id="k1", before={"email": "a@b.test"}, token="plan/7")
    list(target.apply([change(), update]))
    told = json.loads(server.got[1].body)
    moment = datetime.strptime(told.pop("time"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert told == {
        "specversion": "1.0",
        "id": told["id"],
        "source": "https://id.example/crm",
        "type": "org.example.customer.updated",
        "subject": "k1",
        "datacontenttype": "application/json",
        "data": {
            "object": "User",
            "key": "k1",
            "attributes": {"email": "ann@example.test"},
            "before": {"email": "a@b.test"},
        },
    }


def test_the_same_write_has_the_same_id_whoever_sends_it_and_no_other_has():
    now = datetime.now(UTC)
    first = event_of(change(token="plan-1/3"), "here", "x", now)["id"]
    assert event_of(change(token="plan-1/3"), "here", "x", now)["id"] == first
    others = [change(token="plan-1/4"), change(token="plan-2/3"), change(), change()]
    assert len({first, *(event_of(each, "here", "x", now)["id"] for each in others)}) == 5


@pytest.mark.parametrize(
    "trouble", ["cut", "short", (503, {}, {}), (429, {"Retry-After": "0"}, {})]
)
def test_a_lost_answer_is_asked_for_by_sending_the_same_event_again(serve, monkeypatch, trouble):
    monkeypatch.setenv("SECRET", SECRET)
    told = Receiver()
    server = serve(trouble, told)
    (outcome,) = webhook(server.url).apply([change()])
    assert outcome.error is None
    assert len({json.loads(each.body)["id"] for each in server.got}) == 1
    assert list(told.accounts) == ["k1"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, RejectedError), (422, RejectedError), (429, ThrottledError), (500, TransientError)],
)
def test_what_a_receiver_answers_is_the_outcome_and_its_words_are_not_repeated(
    serve, monkeypatch, status, kind
):
    monkeypatch.setenv("SECRET", SECRET)
    (outcome,) = webhook(serve((status, {}, {"detail": CANARY})).url).apply([change()])
    assert isinstance(outcome.error, kind)
    assert CANARY not in str(outcome.error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, MisconfiguredError), (410, MisconfiguredError), (401, UnauthorizedError)],
)
def test_an_address_where_nobody_takes_events_stops_the_run(serve, monkeypatch, status, kind):
    monkeypatch.setenv("SECRET", SECRET)
    with pytest.raises(kind):
        list(webhook(serve((status, {}, {})).url).apply([change()]))


def test_while_a_secret_is_exchanged_either_one_proves_an_event(serve, monkeypatch):
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("OTHER", OTHER)
    server = serve((200, {}, {}))
    list(webhook(server.url, secrets=["env:OTHER", "env:SECRET"]).apply([change()]))
    (got,) = server.got
    for secret in (SECRET, base64.b64encode(OTHER.encode()).decode()):
        assert Verifier(secret).verify(got.body, got.headers)["subject"] == "k1"


def test_a_short_secret_is_refused_and_not_shown(monkeypatch):
    for text in ("short", "whsec_???", "whsec_c2hvcnQ="):
        monkeypatch.setenv("SECRET", text)
        with pytest.raises(MisconfiguredError, match="env:SECRET: ") as told:
            webhook("http://127.0.0.1:1").check()
        assert text not in str(told.value)
