from __future__ import annotations

import json
import stat
import threading
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Checkable, Discoverable, Feed, Query, Source
from connectors.errors import MisconfiguredError
from connectors.kit import CANARY
from connectors.push import Push, Receiver
from connectors.push.events import UnreadableError, events_of
from connectors.push.proofs import Got
from connectors.registry import build
from tests.connectors.push.senders import SECRET, based, hexed, send, standard

ROW = {"id": "7", "email": "zoë@example.test"}
BODY = json.dumps(ROW).encode()


@pytest.fixture
def push(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", SECRET)

    def make(proof="standard", **more):
        given = proof if isinstance(proof, dict) else {"type": proof}
        settings = {"inbox": "shop.inbox", "proof": {"secrets": ["env:SECRET"]} | given}
        built = build("push", settings | more, tmp_path)
        assert isinstance(built, Push)
        return built

    return make


def rows(source, **more):
    found = [dict(row) for page in source.changes(Query("events", **more)) for row in page.rows]
    return [{n: v for n, v in row.items() if n != "_received_at"} for row in found]


def test_what_is_pushed_is_kept_and_read_in_order_and_once(push):
    source = push()
    assert all(isinstance(source, kind) for kind in (Checkable, Discoverable, Source, Feed))
    receiver = Receiver("shop", source)
    for number in range(5):
        body = json.dumps({"id": str(number)}).encode()
        assert send(receiver, body, standard(body, f"m{number}")) == (202, "kept")
    pages = list(source.changes(Query("events", page_size=2)))
    assert [len(page.rows) for page in pages] == [2, 2, 1]
    assert [row["id"] for page in pages for row in page.rows] == list("01234")
    for page, left in zip(pages, (3, 1, 0), strict=True):
        assert len(rows(source, after=page.cursor)) == left
    assert {c.name for c in source.discover()[0].columns} == {"id", "_received_at"}
    assert source.check().details["held"] == "5"
    assert rows(source, fields=("id",))[0] == {"id": "0"}


def test_a_repetition_is_answered_well_and_kept_once(push):
    receiver = Receiver("shop", push())
    headers = standard(BODY)
    assert send(receiver, BODY, headers) == (202, "kept")
    assert send(receiver, BODY, headers) == (200, "was kept before")
    assert send(receiver, BODY, standard(BODY, "msg_2")) == (202, "kept")
    assert rows(push()) == [ROW, ROW]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "the header webhook-id is missing"),
        (standard(BODY, secret="another one"), "the signature is another one"),
        (standard(b"{}"), "the signature is another one"),
        (standard(BODY, moment=time.time() - 400), "the push is of another time"),
        (standard(BODY, moment=time.time() + 400), "the push is of another time"),
        (standard(BODY) | {"webhook-timestamp": "now"}, "does not say when it was sent"),
        (standard(BODY) | {"webhook-id": "other"}, "the signature is another one"),
        (standard(BODY) | {"webhook-signature": "v1,é v2,x"}, "the signature is another one"),
    ],
)
def test_what_is_not_proven_is_refused_and_not_kept(push, headers, said):
    status, told = send(Receiver("shop", push()), BODY, headers)
    assert (status, said in told) == (401, True)
    assert rows(push()) == []


def schemes():
    now = str(int(time.time()))
    millis = f"{now}000"
    url = "https://id.example/hooks/shop?x=1"
    hubspot = f"POST{url}".encode() + BODY + millis.encode()
    github = {"type": "hmac", "header": "X-Hub-Signature-256", "prefix": "sha256="}
    return {
        "github": (
            github | {"id_header": "X-GitHub-Delivery"},
            {"X-Hub-Signature-256": f"sha256={hexed(BODY)}", "X-GitHub-Delivery": "d1"},
        ),
        "shopify": (
            {"type": "hmac", "header": "X-Shopify-Hmac-Sha256", "encoding": "base64"},
            {"X-Shopify-Hmac-Sha256": based(BODY)},
        ),
        "hubspot": (
            {
                "type": "hmac",
                "header": "X-HubSpot-Signature-v3",
                "encoding": "base64",
                "signed": "{method}{url}{body}{timestamp}",
                "timestamp_header": "X-HubSpot-Request-Timestamp",
            },
            {
                "Host": "id.example",
                "X-HubSpot-Signature-v3": based(hubspot),
                "X-HubSpot-Request-Timestamp": millis,
            },
        ),
        "stripe": (
            {"type": "stripe"},
            {"Stripe-Signature": f"t={now},v1={hexed(now.encode() + b'.' + BODY)},v0=x"},
        ),
        "token": (
            {"type": "token", "header": "Authorization", "prefix": "Bearer "},
            {"Authorization": f"Bearer {SECRET}"},
        ),
    }


@pytest.mark.parametrize("name", schemes())
def test_senders_sign_in_their_own_ways(push, name):
    proof, headers = schemes()[name]
    receiver = Receiver("shop", push(proof))
    assert send(receiver, BODY, headers, query_string=b"x=1") == (202, "kept")
    other = BODY.replace(b"7", b"8")
    changed = {k: v.replace(SECRET, "wrong") for k, v in headers.items()}
    assert send(receiver, other, changed, query_string=b"x=1")[0] == 401
    again = send(receiver, BODY, headers, query_string=b"x=1")[0]
    assert again == (202 if name in {"shopify", "token"} else 200)


def test_a_secret_is_exchanged_without_losing_a_push(push, monkeypatch):
    monkeypatch.setenv("OLD", "the old one")
    receiver = Receiver("shop", push({"type": "standard", "secrets": ["env:SECRET", "env:OLD"]}))
    assert send(receiver, BODY, standard(BODY, "a", secret="the old one"))[0] == 202
    assert send(receiver, BODY, standard(BODY, "b"))[0] == 202


def event(number=1, **more):
    base = {"specversion": "1.0", "id": f"e{number}", "source": "crm", "type": "changed"}
    return base | {"time": "2026-11-25T00:00:00Z", "data": ROW} | more


def test_cloud_events_come_in_three_forms(push):
    source = push()
    receiver = Receiver("shop", source)
    told = {"_event_id": "e1", "_event_type": "changed", "_event_time": "2026-11-25T00:00:00Z"}
    one = json.dumps(event()).encode()
    kind = "application/cloudevents+json; charset=utf-8"
    assert send(receiver, one, standard(one, "a", kind=kind))[0] == 202
    many = json.dumps([event(1), event(2)]).encode()
    kind = "application/cloudevents-batch+json"
    assert send(receiver, many, standard(many, "b", kind=kind))[0] == 202
    head = {f"ce-{k}": str(v) for k, v in event(3).items() if k != "data"}
    assert send(receiver, BODY, standard(BODY, "c") | head)[0] == 202
    assert rows(source) == [ROW | told | {"_event_id": f"e{n}"} for n in (1, 2, 3)]


def test_a_push_is_no_other_one_for_headers_that_are_not_signed(push):
    receiver = Receiver("shop", push())
    head = {"ce-specversion": "1.0", "ce-source": "crm", "ce-type": "changed"}
    signed = standard(BODY)
    assert send(receiver, BODY, signed | head | {"ce-id": "1"})[0] == 202
    assert send(receiver, BODY, signed | head | {"ce-id": "2"})[0] == 200
    assert len(rows(push())) == 1


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("application/json", b"{", "the body is no JSON"),
        ("application/json", b"[1]", "there is no record"),
        ("application/json", b'{"a": NaN}', "the body is no JSON"),
        ("application/json", b"[" * 200 + b"]" * 200, "more than 100 levels"),
        ("application/json", b"\xff", "the body is no JSON"),
        ("application/cloudevents+json", b"{}", "none of CloudEvents 1.0"),
        ("application/cloudevents-batch+json", b"{}", "a batch of events is a list"),
        ("application/cloudevents+json", json.dumps(event(id="")).encode(), "has no id"),
    ],
)
def test_what_holds_no_rows_is_told(push, kind, body, said):
    status, told = send(Receiver("shop", push()), body, standard(body, kind=kind))
    assert (status, said in told) == (400, True)


def test_rows_may_stand_deeper_and_be_several(push):
    source = push(items="events", record="object")
    body = json.dumps({"events": [{"object": {"id": "1"}}, {"object": {"id": "2"}}]}).encode()
    assert send(Receiver("shop", source), body, standard(body)) == (202, "kept")
    assert rows(source) == [{"id": "1"}, {"id": "2"}]


def test_what_is_too_large_is_refused_however_it_comes(push):
    receiver = Receiver("shop", push(largest="100B"))
    body = b" " * 101
    assert send(receiver, body, standard(body)) == (413, "too large")
    assert send(receiver, body, standard(body) | {"Content-Length": "101"}, chunks=[])[0] == 413
    assert send(receiver, body, {"Content-Length": "9" * 30})[0] == 413
    assert send(receiver, body, {"Content-Encoding": "gzip"})[0] == 415
    assert send(receiver, body, {}, method="GET")[0] == 405


def test_what_cannot_be_kept_is_to_be_sent_again(push, tmp_path, monkeypatch, caplog):
    (tmp_path / "shop.inbox").write_text(CANARY * 1000)
    assert send(Receiver("shop", push()), BODY, standard(BODY)) == (503, "not ready")
    with pytest.raises(MisconfiguredError, match="is no inbox of ours"):
        push().check()
    monkeypatch.delenv("SECRET")
    assert send(Receiver("shop", push()), BODY, standard(BODY)) == (503, "not ready")
    assert "example.test" not in caplog.text


def test_many_may_push_at_once_and_none_is_lost(push, tmp_path):
    receiver = Receiver("shop", push())

    def some(worker):
        for number in range(10):
            assert send(receiver, BODY, standard(BODY, f"{worker}-{number}"))[0] == 202

    threads = [threading.Thread(target=some, args=(n,)) for n in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(rows(push())) == 40
    assert stat.S_IMODE((tmp_path / "shop.inbox").stat().st_mode) == 0o600


def test_rows_long_read_are_removed_and_no_position_is_given_twice(push, monkeypatch):
    receiver = Receiver("shop", push())
    send(receiver, BODY, standard(BODY, "a"))
    (page,) = push().changes(Query("events"))
    monkeypatch.setattr("connectors.push.connector.old", lambda days, now: now)
    assert rows(push(), after=page.cursor) == []
    assert push().check().details["held"] == "0"
    send(receiver, BODY, standard(BODY, "b"))
    assert rows(push(), after=page.cursor) == [ROW]


def large(number):
    return json.dumps({"id": str(number), "note": "x" * 20_000}).encode()


def test_a_full_inbox_takes_no_more_until_it_is_read_and_loses_nothing_that_waits(push, caplog):
    source = push(most="300KB")
    receiver = Receiver("shop", source)
    kept = []
    for number in range(40):
        body = large(number)
        status, said = send(receiver, body, standard(body, f"m{number}"))
        if status == 202:
            kept.append(str(number))
        else:
            assert (status, said) == (503, "full")
    assert 5 < len(kept) < 20
    *_, last = source.changes(Query("events", page_size=5))
    assert [row["id"] for row in rows(source)] == kept
    body = large(99)
    assert send(receiver, body, standard(body, "more"))[0] == 503  # it was taken, not yet kept
    list(source.changes(Query("events", after=last.cursor)))
    assert send(receiver, body, standard(body, "more")) == (202, "kept")
    assert [row["id"] for row in rows(source, after=last.cursor)] == ["99"]


def test_rows_that_were_read_go_the_oldest_first_where_room_is_needed(push):
    source = push(most="300KB")
    receiver = Receiver("shop", source)
    position = None
    for number in range(60):
        body = large(number)
        assert send(receiver, body, standard(body, f"m{number}"))[0] == 202
        if number % 5 == 4:
            *_, last = source.changes(Query("events", after=position))
            position = last.cursor
            list(source.changes(Query("events", after=position)))
    held = [int(row["id"]) for row in rows(source)]
    assert held == list(range(held[0], 60))
    assert held[0] > 40
    assert source.inbox.stat().st_size < 500_000


def test_a_push_larger_than_the_whole_inbox_leaves_it_as_it_is(push):
    source = push(most="40KB", largest="1MB")
    body = json.dumps([{"note": "x" * 30_000}, {"note": "y" * 30_000}]).encode()
    assert send(Receiver("shop", source), body, standard(body)) == (503, "full")
    assert rows(source) == []


@given(
    st.binary(max_size=200), st.sampled_from(["application/json", "application/cloudevents+json"])
)
def test_no_body_ends_in_anything_but_rows_or_a_word(body, kind):
    got = Got("POST", "https://x/", {"content-type": kind}, body)
    with suppress(UnreadableError):
        assert all(isinstance(each.row, dict) for each in events_of(got, "", ""))
