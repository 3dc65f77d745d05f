"""Events of accounts on their way to somebody else's service."""

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import ValidationError

from idp_core.accounts import store as accounts
from idp_core.db.engine import reading, writing
from idp_core.errors import SettingsError
from idp_core.events import outbox
from idp_core.events.outbox import OutboxEvent
from idp_core.site.config import ServeConfig
from idp_core.site.hook import EventSettings, Hook, hook_of
from idp_core.site.telling import forget_events, tell_events
from tests.idp_core.conftest import made
from tests.idp_core.people import EMAIL, make_account
from tests.idp_core.web.browser import ORIGIN

SECRET = "a secret of both"


@pytest.fixture(scope="module")
def service():
    class Service(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.server.heard.append((dict(self.headers), body))
            status = self.server.answers.pop(0) if self.server.answers else 200
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def told(service):
    service.heard, service.answers = [], []
    return service


@pytest.fixture
def config(told):
    url = f"http://127.0.0.1:{told.server_port}/hooks?of=login"
    return ServeConfig(issuer=ORIGIN, events=EventSettings(url=url, private=True))


@pytest.fixture
def site(config, engine, clock):
    return made(config, engine, clock, events_secret=lambda: SECRET)


def types(service):
    return [json.loads(body)["type"] for _, body in service.heard]


def left(site):
    with reading(site.engine) as conn:
        return outbox.pending(conn)


def test_an_event_is_a_cloudevent_that_is_signed_and_tells_no_value(site, told, clock):
    account = make_account(site, given_name="Ann")
    assert tell_events(site) == 2
    assert types(told) == ["account.registered", "account.verified"]
    headers, body = told.heard[1]
    event = json.loads(body)
    assert (event["specversion"], event["subject"]) == ("1.0", account.id)
    assert event["data"] == {"attributes": ["email"]}
    assert EMAIL.encode() not in body
    assert headers["Content-Type"] == "application/cloudevents+json"
    moment = str(int(clock().timestamp()))
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (event["id"], moment)
    signed = f"{event['id']}.{moment}.".encode() + body
    mac = base64.b64encode(hmac.digest(SECRET.encode(), signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert (tell_events(site), left(site)) == (0, 0)


def test_what_is_not_taken_comes_again_later_and_nothing_overtakes_it(site, told, clock):
    told.answers = [200, 503, 500]
    account = make_account(site)
    with writing(site.engine) as conn:
        accounts.delete(conn, account, clock())
    assert tell_events(site) == 1
    assert tell_events(site) == 0
    clock.wait(seconds=5)
    assert tell_events(site) == 0
    clock.wait(seconds=5)
    assert tell_events(site) == 0
    clock.wait(seconds=5)
    assert tell_events(site) == 2
    tried = "account.verified"
    assert types(told) == ["account.registered", tried, tried, tried, "account.deleted"]
    assert len({headers["webhook-id"] for headers, _ in told.heard}) == 3


def test_a_service_that_is_away_holds_nothing_up(site, told, clock):
    make_account(site)
    away = Hook("http://127.0.0.1:9/", private=True, secret=b"s")
    object.__setattr__(site, "hook", away)
    assert tell_events(site) == 0
    assert left(site) == 2


def test_two_processes_send_an_event_once_between_them(site, told):
    for number in range(4):
        make_account(site, f"p{number}@example.org")
    threads = [threading.Thread(target=tell_events, args=(site,)) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(told.heard) == len({headers["webhook-id"] for headers, _ in told.heard}) == 8


def test_of_other_types_none_goes_and_what_is_for_nobody_is_forgotten(site, told, clock):
    wanted = site.config.events.model_copy(update={"types": ("account.deleted",)})
    object.__setattr__(site, "config", site.config.model_copy(update={"events": wanted}))
    account = make_account(site)
    with writing(site.engine) as conn:
        accounts.delete(conn, account, clock())
        outbox.publish(conn, [OutboxEvent("profile.created", "g1", time=clock())])
    assert tell_events(site) == 1
    assert types(told) == ["account.deleted"]
    forget_events(site)
    assert left(site) == 3
    clock.wait(days=31)
    forget_events(site)
    with reading(site.engine) as conn:
        assert outbox.pending(conn) == 1, "an event of profiles is not the login's to forget"


def test_without_tls_or_a_secret_nothing_is_sent():
    with pytest.raises(ValidationError, match="write https"):
        EventSettings(url="http://crm.example.com/")
    with pytest.raises(SettingsError, match="ISTHMUS_EVENTS_SECRET"):
        hook_of(EventSettings(url="https://crm.example.com/"), lambda: None)
    assert hook_of(EventSettings(), lambda: None) is None
    assert SECRET not in repr(hook_of(EventSettings(url="https://a.example/"), lambda: SECRET))
