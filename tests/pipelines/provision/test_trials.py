"""What an operator lives through, against a SCIM server nobody of us wrote: each trial ends in one
line that says what to do, loses nothing, and the next run converges.
"""

import re
import ssl
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from wsgiref.simple_server import make_server

import pytest
import sqlalchemy as sa
import trustme
from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.testserver.cli import ThreadingWSGIServer
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from connectors.contract import Action, Change
from connectors.scim import Scim
from idp_core.db.engine import make_engine, reading, writing
from idp_core.db.schema import upgrade
from idp_core.ledger import store as ledger
from idp_core.ledger.store import Halt, HaltKind
from idp_core.provisioning import journal
from idp_core.provisioning.quarantine import read_quarantine
from pipelines.control import Control
from pipelines.database import used
from pipelines.errors import CancelledError, RemoteError
from pipelines.provision.apply import Patience
from pipelines.provision.errors import QuarantinedError
from pipelines.provision.guards import Limits
from pipelines.provision.plan import Cause
from pipelines.provision.rules import Adopt
from pipelines.provision.run import Job, execute, prepare
from tests.connectors.scim.conftest import TOKEN, _Quiet
from tests.pipelines.provision.world import line, person, push

SLOW = ("postgresql",)

RULES = push(
    lines=(
        line("userName", "email", "portal.push.yaml:4"),
        line("name.givenName", "given_name", "portal.push.yaml:5"),
        line("title", "job_title", "portal.push.yaml:6"),
    )
)
MANY = 120


class Portal:
    """A server that can go away and come back, forget a token, or lose an attribute.

    `after` are acts by the number of writes that have been taken.
    """

    def __init__(self, tls=None):
        self.tls, self.storage, self.writes, self.after = tls, InMemoryStorage(), 0, {}
        self.port, self.server, self.lock = 0, None, threading.Lock()
        self.schemas = load_default_schemas()
        self.serve()
        self.start()

    def serve(self):
        config = load_default_service_provider_config()
        kinds = load_default_resource_types().values()
        provider = ScimProvider.from_discovery(self.schemas.values(), kinds, config=config)
        service = ScimService(provider, secret="x" * 32)
        self.app = BearerTokenApplication(self.storage, provider, service, bearer_tokens=[TOKEN])

    def __call__(self, environ, start_response):
        with self.lock:  # one by one: Python 3.11 cannot make models in several threads at once
            if environ["REQUEST_METHOD"] in {"POST", "PATCH"}:
                self.writes += 1
                self.after.pop(self.writes, lambda: None)()
            return self.app(environ, start_response)

    def start(self):
        self.server = make_server(
            "127.0.0.1", self.port, self, server_class=ThreadingWSGIServer, handler_class=_Quiet
        )
        self.port = self.server.server_port
        if self.tls:
            self.server.socket = self.tls.wrap_socket(  # who is slow holds up itself alone
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def without(self, attribute):
        """Serve a schema that does not have this attribute of users any more."""
        for schema in self.schemas.values():
            if schema.id.endswith(":User") and "core" in schema.id:
                schema.attributes = [a for a in schema.attributes if a.name != attribute]
        with self.lock:
            for user in self.storage.resources:
                setattr(user, attribute, None)
            self.serve()

    @property
    def held(self):
        return {u.external_id: u for u in self.storage.resources}


@pytest.fixture
def portal():
    portal = Portal()
    yield portal
    portal.stop()


def crowd(night=1, count=MANY):
    return [
        person(f"g{n:04}", email=f"{n}@b.c", given_name=f"N{night}", job_title=f"T{night}")
        for n in range(count)
    ]


@pytest.fixture
def job(engine, monkeypatch):
    monkeypatch.setenv("PORTAL_TOKEN", TOKEN)
    auth = {"type": "bearer", "token": "env:PORTAL_TOKEN"}

    def make(portal, people, url=None, **more):
        options = {"connect_timeout": 2, "attempts": 1} | more.pop("http", {})
        url = url or f"http://127.0.0.1:{portal.port}/v2"
        quirks = more.pop("quirks", None)
        target = Scim.model_validate({"url": url, "auth": auth, "http": options, "quirks": quirks})
        settings = {"patience": Patience(attempts=2, base=0.0), "push": RULES} | more
        limits = Limits(updates_percent=None, removals_percent=None)
        return Job("portal", engine, target, people=lambda: people, limits=limits, **settings)

    return make


def run(job):
    return execute(job, prepare(job))


def check_converges(job, portal, people):
    """The next run does what is left, once; the one after it nothing."""
    report = run(job(portal, people))
    assert (report.letters, report.unsettled) == ((), 0)
    assert len(portal.storage.resources) == len(portal.held) == len(people)
    wanted = {p.gid: p.attributes["given_name"] for p in people}
    assert {key: user.name.given_name for key, user in portal.held.items()} == wanted
    assert prepare(job(portal, people, everything=True)).plan.items == ()
    return report


def test_a_target_that_goes_away_in_the_middle_is_left_alone_and_found_again(job, portal, engine):
    run(job(portal, crowd()))
    portal.after = {portal.writes + 40: lambda: threading.Thread(target=portal.stop).start()}
    # Which of the two is told depends on how many requests were under way when it went.
    gone = r"(no connection; check url, or is the system down\?|the answer was lost \(\w+\))"
    with pytest.raises(QuarantinedError, match=rf"mend the cause and run again.*{gone}$"):
        run(job(portal, crowd(2)))
    with reading(engine) as conn:
        assert re.search(gone, read_quarantine(conn, "portal").reason)
    with pytest.raises(RemoteError, match=r"portal: .*no connection; check url"):
        run(job(portal, [*crowd(2), person("new", email="n@b.c", given_name="N2")]))
    portal.start()
    report = check_converges(job, portal, crowd(2))
    assert 0 < report.done["update"] < MANY, "what was done is not done again"
    with reading(engine) as conn:
        assert read_quarantine(conn, "portal") is None


def test_a_token_that_is_revoked_in_the_middle_stops_the_run(job, portal):
    portal.app.bearer_tokens.add("another")
    portal.after = {40: lambda: portal.app.bearer_tokens.discard(TOKEN)}
    with pytest.raises(RemoteError, match=r"portal: POST /Users: HTTP 401: .*renew the token$"):
        run(job(portal, crowd()))
    portal.app.bearer_tokens.add(TOKEN)
    assert 0 < check_converges(job, portal, crowd()).done["create"] < MANY


def test_a_certificate_that_expired_is_told_as_that(job, tmp_path):
    authority, long_ago = trustme.CA(), datetime.now(UTC) - timedelta(days=1)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    portal = Portal(_certified(authority, long_ago))
    secure = {"http": {"ca_file": str(tmp_path / "ca.pem")}}
    url = f"https://localhost:{portal.port}/v2"
    with pytest.raises(RemoteError, match="its certificate has expired; have it renewed"):
        run(job(portal, crowd(), url, **secure))
    portal.stop()
    portal.tls = _certified(authority, None)
    portal.start()
    assert run(job(portal, crowd(), url, **secure)).done == {"create": MANY}
    portal.stop()


def _certified(authority, not_after):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", not_after=not_after).configure_cert(context)
    return context


def test_an_attribute_that_the_target_no_longer_has_is_named_with_its_line(job, portal, engine):
    run(job(portal, crowd()))
    portal.without("title")
    said = r"no such attribute: portal\.push\.yaml:6 title \(take the line out of the push mapping"
    with pytest.raises(QuarantinedError, match=said):
        run(job(portal, crowd(2)))
    mended = push(lines=RULES.lines[:2], digest="p2")
    report = run(job(portal, crowd(2), push=mended))
    assert (report.done, report.letters) == ({"update": MANY}, ())
    assert prepare(job(portal, crowd(2), push=mended)).plan.items == ()


@pytest.mark.parametrize(
    ("adopt", "said"), [(Adopt.AUTO, "takes it over"), (Adopt.REVIEW, "asks a person, .*")]
)
@pytest.mark.parametrize("bulk", [0, 100])
def test_an_account_that_comes_between_plan_and_write_is_left_to_the_next_plan(
    job, portal, adopt, said, bulk
):
    rules = replace(RULES, match=(replace(RULES.match[0], adopt=adopt),))
    people = crowd()
    for_us = job(portal, people, push=rules, quirks={"bulk": bulk})
    prepared = prepare(for_us)
    after = {"userName": people[7].attributes["email"], "title": "Another hand"}
    (made,) = for_us.target.apply([Change(1, "User", Action.CREATE, "theirs", after=after)])
    assert made.error is None
    portal.held["theirs"].external_id = None
    report = execute(for_us, prepared)
    (letter,) = report.letters
    assert letter.reason.startswith("POST /Users")
    assert re.search(rf"crm\.yaml:3: by userName one account .* matches; .*{said}$", letter.reason)
    assert portal.held[None].title == "Another hand", "nobody was shown that it is taken over"
    again = prepare(for_us)
    (item,) = again.plan.items
    if adopt is Adopt.REVIEW:
        assert (item.cause, item.action) == (Cause.REVIEW, None)
        return
    assert execute(for_us, again).done == {"update": 1}
    assert len(portal.storage.resources) == len(people)
    assert prepare(for_us).plan.items == ()


def test_a_full_disk_loses_no_change_that_was_sent(job, portal, tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'small.db'}")
    upgrade(engine)
    prepared = prepare(_on(engine, job(portal, crowd())))
    said = r"the disk is full .*free some space and run again"
    with full_disk(engine), pytest.raises(RemoteError, match=said), used(engine):
        execute(_on(engine, job(portal, crowd())), prepared)
    sent = len(portal.storage.resources)
    check_converges(lambda *args, **more: _on(engine, job(*args, **more)), portal, crowd())
    assert portal.writes == MANY, f"{sent} were made before and none of them twice"
    engine.dispose()


def _on(engine, job):
    values = {name: getattr(job, name) for name in Job.__slots__}
    return Job(**values | {"engine": engine})


@contextmanager
def full_disk(engine):
    """Let the file grow by a few pages more, and by none after that."""

    def limit(connection, *_):
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 6}").close()

    engine.dispose()
    sa.event.listen(engine, "connect", limit)
    yield
    sa.event.remove(engine, "connect", limit)
    engine.dispose()


@pytest.fixture
def control(engine):
    with writing(engine) as conn:
        run = ledger.start_run(conn, "sync")
    return Control(engine, run.id)


def halt(control, kind):
    with writing(control.engine) as conn:
        ledger.put_halt(conn, Halt(control.run, kind, "ann", "look first", datetime.now(UTC)))


def test_a_run_that_is_cancelled_says_by_whom_and_the_next_one_goes_on(job, portal, control):
    portal.after = {20: lambda: halt(control, HaltKind.CANCEL)}
    control._next = 0.0
    control.clock = iter(range(10_000)).__next__  # looks at every change
    with pytest.raises(CancelledError, match=r"^cancelled by ann \(look first\); what was done is"):
        run(job(portal, crowd(), control=control))
    assert 20 <= len(portal.storage.resources) < MANY
    assert 0 < check_converges(job, portal, crowd()).done["create"] <= MANY - 20
    assert portal.writes == MANY


def test_a_run_that_is_paused_finishes_what_is_under_way_and_goes_on(job, portal, control, engine):
    seen = []

    def lift(_):
        with reading(engine) as conn:
            assert journal.unsettled(conn, "portal", "User") == []
        seen.append(len(portal.storage.resources))
        with writing(engine) as conn:
            ledger.lift_halt(conn, control.run)

    control.sleep, control.clock = lift, iter(range(10_000)).__next__
    portal.after = {20: lambda: halt(control, HaltKind.PAUSE)}
    assert run(job(portal, crowd(), control=control)).done == {"create": MANY}
    assert len(seen) == 1
    assert 20 <= seen[0] < MANY
    assert portal.writes == MANY
