import pytest

from idp_core.site.config import ServeConfig
from idp_core.web.app import make_app
from idp_core.web.slices import all_routes
from tests.idp_core.web.browser import ORIGIN, Browser


@pytest.fixture
def config():
    return ServeConfig(issuer=ORIGIN, proxies=("10.0.0.1",))


def test_it_says_that_it_lives_and_that_it_can_work(browser, site):
    assert browser.get("/health/live").json == {"status": "ok"}
    assert browser.get("/health/ready").json == {"status": "ok"}
    site.engine.dispose()


def test_without_its_tables_it_lives_and_cannot_work(browser, site):
    with site.engine.begin() as conn:
        conn.exec_driver_sql("DROP TABLE signing_key")
    assert browser.get("/health/live").status == 200
    assert browser.get("/health/ready").status == 503


@pytest.mark.parametrize("host", ["evil.example", "login.example.com.evil.example", "", "x:443"])
def test_another_host_is_not_served(app, host):
    assert Browser(app, host=host).get("/jwks").status == 421


def test_no_answer_repeats_the_host_of_the_request(app):
    got = Browser(app, host="evil.example").get("/.well-known/openid-configuration")
    assert b"evil" not in got.body
    assert "evil" not in str(got.headers)


def test_metrics_are_for_the_neighbourhood(app):
    Browser(app).get("/nowhere/at/all")
    told = Browser(app, peer="127.0.0.1").get("/metrics")
    assert (
        'isthmus_http_requests_total{method="GET",route="/{part:path}",status="404"}' in told.text
    )
    assert "nowhere" not in told.text
    assert Browser(app, peer="91.1.2.3").get("/metrics").status == 404
    through = Browser(app, peer="10.0.0.1")
    assert through.get("/metrics", {"x-forwarded-for": "192.168.0.9"}).status == 404


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "status"),
    [
        ("DELETE", "/jwks", {}, b"", 405),
        ("POST", "/jwks", {"content-type": "application/x-www-form-urlencoded"}, b"", 405),
        ("GET", "/jwks?a", {}, b"", 400),
        ("GET", "/jwks?a=%ff", {}, b"", 400),
        ("GET", "/jwks?a=%00", {}, b"", 400),
        ("GET", "/jwks?" + "a=1&" * 200 + "b=1", {}, b"", 400),
        ("GET", "/jwks?a=" + "x" * 20_000, {}, b"", 414),
        ("GET", "/nowhere", {}, b"", 404),
        ("GET", "/jwks/", {}, b"", 404),
    ],
)
def test_a_request_that_is_none_is_refused(browser, method, url, headers, body, status):
    got = browser.send(method, url, body, headers)
    assert got.status == status
    assert got.header("x-content-type-options") == "nosniff"
    assert got.header("content-security-policy")


def test_head_is_get_without_a_body(browser):
    got = browser.send("HEAD", "/jwks")
    assert (got.status, got.body) == (200, b"")


def test_a_bug_tells_the_world_nothing(site, monkeypatch, capsys):
    def broken():
        raise RuntimeError("ann@example.org")

    app = make_app(site, threads=False)
    monkeypatch.setattr(site.keys, "ring", broken)
    got = Browser(app).get("/jwks")
    assert got.status == 500
    assert b"ann" not in got.body
    said = capsys.readouterr()
    assert "RuntimeError" in said.out + said.err
    assert "ann@" not in said.out + said.err


def test_every_route_says_once_where_it_is():
    paths = [route.path for route in all_routes()]
    assert len(paths) == len(set(paths))
