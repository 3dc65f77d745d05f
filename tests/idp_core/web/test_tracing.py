"""Traces: what they tell, and that nothing of a person is in them."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from idp_core.accounts.tables import login_account
from idp_core.db.engine import make_engine, reading, writing
from idp_core.site import spans
from idp_core.site.config import ServeConfig
from idp_core.site.spans import TraceSettings
from idp_core.web.app import make_app
from idp_core.web.tracing import Traces, to_collector
from pipelines import serving
from pipelines.errors import ProjectError
from tests.idp_core.oidc.relying import RelyingParty, answer, register
from tests.idp_core.people import EMAIL, PASSWORD, letters, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

PROXY = "10.0.0.7"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def config():
    return ServeConfig(issuer=ORIGIN, proxies=(PROXY,))


@pytest.fixture
def kept():
    return InMemorySpanExporter()


def traced(site, kept, share=1.0):
    return make_app(
        site, threads=False, traces=Traces(TraceSettings(share=share), SimpleSpanProcessor(kept))
    )


def text_of(span):
    """All that leaves the machine with a span."""
    events = [(each.name, dict(each.attributes)) for each in span.events]
    status = span.status.description
    return f"{span.name} {dict(span.attributes)} {events} {status} {dict(span.resource.attributes)}"


def test_a_login_and_its_tokens_are_told_without_a_value_of_anybody(site_on, kept):
    """Registration, a wrong and a right password, code, tokens, userinfo, refresh, an error."""
    engine = make_engine(site_on.engine.url.render_as_string(hide_password=False))
    site = replace(site_on, engine=engine)
    ann = make_account(site, given_name="Annabella")
    app = traced(site, kept)
    rp = RelyingParty(
        app, Browser(app, peer="91.77.66.55"), register(site, auth="client_secret_post")
    )
    page = rp.authorize(scope="openid email offline_access", state="the-state", login_hint=EMAIL)
    rp.browser.submit(page, email=EMAIL, password="a-wrong-password")
    code = answer(rp.log_in(page))["code"]
    tokens = rp.exchange(code).json
    rp.userinfo(tokens["access_token"])
    newer = rp.refresh(tokens["refresh_token"]).json
    rp.browser.submit(rp.browser.get("/register"), email="new.person@example.org")
    rp.browser.get("/no/such/Annabella", headers={"user-agent": "Special-Agent"})
    (letter,) = letters(site)
    secrets = [
        EMAIL, "annabella", PASSWORD, "a-wrong-password", code, "the-state", "91.77.66.55",
        "special-agent", "new.person", ann.id, rp.secret, *rp.browser.cookies.values(),
        *(value for value in (*tokens.values(), *newer.values()) if len(str(value)) > 20),
        letter.text.split("ticket=")[1].split()[0],
    ]  # fmt: skip
    told = "\n".join(map(text_of, kept.get_finished_spans())).casefold()
    assert [each for each in map(str, secrets) if each.casefold() in told] == []
    for word in ("POST /login", "login.factor", "login.finish", "token.grant", "token.make"):
        assert word.casefold() in told
    assert "insert into login_account" in told or "select login_account" in told
    engine.dispose()


def test_spans_are_nested_and_say_what_was_done(site, kept):
    make_account(site)
    log_in(Browser(traced(site, kept)))
    named = {each.name: each for each in kept.get_finished_spans() if each.name[0] != "P"}
    post = next(each for each in kept.get_finished_spans() if each.name == "POST /login")
    assert dict(post.attributes) == {
        "http.request.method": "POST", "http.route": "/login", "http.response.status_code": 303,
    }  # fmt: skip
    factor = named["login.factor"]
    assert factor.attributes["isthmus.factor"] == "password"
    assert factor.parent.span_id == post.context.span_id
    assert any(
        each.parent
        and each.parent.span_id == factor.context.span_id
        and "db.system.name" in each.attributes
        for each in kept.get_finished_spans()
    )


def test_a_thread_of_the_pool_knows_the_request(site, kept):
    from idp_core.http.kind import Kind
    from idp_core.site.routes import Route
    from idp_core.web.asgi import Endpoint, Machine
    from idp_core.web.operations import ready

    traces = Traces(TraceSettings(), SimpleSpanProcessor(kept))
    traces.watch(site.engine)
    route = Route("/health/ready", {"GET": ready}, Kind.API)
    with ThreadPoolExecutor(1) as pool:
        machine = Machine(site.gate, pool, None, None, lambda *_: None)
        app = traces.request(Endpoint(route, site, machine), route.path, frozenset())
        assert Browser(app).get("/health/ready").status == 200
    *_, request = kept.get_finished_spans()
    inner = [each for each in kept.get_finished_spans() if each is not request]
    assert inner
    assert {each.context.trace_id for each in inner} == {request.context.trace_id}


@pytest.mark.parametrize(("peer", "believed"), [(PROXY, True), ("91.1.2.3", False)])
def test_only_a_proxy_of_ours_says_which_trace_it_is(site, kept, peer, believed):
    for flag in ("01", "00"):
        told = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-{flag}"}
        Browser(traced(site, kept), peer=peer).get("/health/live", told)
    ids = [f"{each.context.trace_id:032x}" for each in kept.get_finished_spans()]
    assert ids == [TRACE] if believed else (len(ids) == 2 and TRACE not in ids)


def test_a_share_of_the_requests_is_traced(site, kept):
    browser = Browser(traced(site, kept, share=0.2))
    for _ in range(100):
        browser.get("/health/live")
    assert 2 < len(kept.get_finished_spans()) < 60


def test_an_error_of_the_database_is_told_without_the_row(site_on, kept):
    engine = make_engine(site_on.engine.url.render_as_string(hide_password=False))
    make_account(replace(site_on, engine=engine))
    Traces(TraceSettings(), SimpleSpanProcessor(kept)).watch(engine)
    with reading(engine) as conn:
        row = dict(conn.execute(sa.select(login_account)).one()._mapping)
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as conn:
        conn.execute(sa.insert(login_account).values(row | {"id": "another"}))
    failed = [each for each in kept.get_finished_spans() if each.status.description]
    assert len(failed) == 1
    assert EMAIL not in text_of(failed[0])
    engine.dispose()


def test_a_bug_is_told_as_one_without_its_words(site, kept, monkeypatch):
    from idp_core.web import operations

    def fails(*_):
        raise ValueError(EMAIL)

    monkeypatch.setattr(operations.ready, "__code__", fails.__code__)
    assert Browser(traced(site, kept)).get("/health/ready").status == 500
    told = next(each for each in kept.get_finished_spans() if each.name == "GET /health/ready")
    assert told.attributes["http.response.status_code"] == 500
    assert EMAIL not in text_of(told)


def test_without_settings_nothing_is_traced_nor_imported(site):
    assert site.config.traces.otlp is None
    assert site.span is spans.off
    assert spans.off("a", b="c") is spans.off("d")
    assert serving._traces(site) is None


def test_without_the_extra_the_mend_is_told(site, monkeypatch):
    config = site.config.model_copy(update={"traces": TraceSettings(otlp="http://localhost:1/x")})
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.delitem(sys.modules, "idp_core.web.tracing")
    with pytest.raises(ProjectError, match=r"isthmus\[otel\]"):
        serving._traces(replace(site, config=config))


def test_a_collector_gets_them(site):
    got = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    said = TraceSettings(otlp=f"http://127.0.0.1:{server.server_port}/v1/traces", service="login")
    traces = to_collector(said, "1.2")
    app = make_app(site, threads=False, traces=traces)
    Browser(app).get("/health/live")
    traces.stop()
    server.shutdown()
    thread.join()
    server.server_close()
    assert [path for path, _ in got] == ["/v1/traces"]
    assert b"GET /health/live" in got[0][1]
    assert b"login" in got[0][1]


def test_what_an_exception_says_is_no_part_of_a_span(kept):
    traces = Traces(TraceSettings(), SimpleSpanProcessor(kept))
    with pytest.raises(ValueError, match=EMAIL), traces.span("login.factor"):
        raise ValueError(EMAIL)
    (told,) = kept.get_finished_spans()
    assert EMAIL not in text_of(told)
