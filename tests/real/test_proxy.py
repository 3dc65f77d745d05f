"""What docker-compose.yml starts for the login, without Docker: Caddy by our Caddyfile, PostgreSQL.

Only the ports differ, and that all of it is at this machine's address.
"""

from __future__ import annotations

import ssl
import sys
from contextlib import closing
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.db.engine import make_engine, reading, writing
from idp_core.keys.ring import now_utc
from idp_core.passwords import store as passwords
from idp_core.passwords.hashing import Hasher
from idp_core.sessions.tables import session
from pipelines.sandbox.processes import free_port
from tests.idp_core.web.browser import forms_in
from tests.real.packages import debian
from tests.real.starting import answers, running

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
EMAIL, PASSWORD = "ann@example.org", "correct horse battery"


class Outside:
    """A browser at the proxy: it checks the certificate, and keeps cookies."""

    def __init__(self, host: str, port: int, authority: Path) -> None:
        context = ssl.create_default_context(cafile=str(authority))
        self.connection = HTTPSConnection("localhost", port, context=context, timeout=20)
        self.host, self.cookies, self.told = host, {}, []

    def close(self) -> None:
        self.connection.close()

    def send(
        self, method: str, path: str, form: dict | None = None, **headers: str
    ) -> HTTPResponse:
        said = {"host": self.host, "cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if form is not None:
            said |= {
                "content-type": "application/x-www-form-urlencoded",
                "origin": f"https://{self.host}",
            }
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, urlencode(form) if form is not None else None, said)
        got = self.connection.getresponse()
        got.text = got.read().decode()
        self.told = got.headers.get_all("set-cookie") or []
        for each in self.told:
            name, _, value = each.partition(";")[0].partition("=")
            self.cookies[name] = value
        return got


@pytest.fixture
def outside(tmp_path, postgres_url):
    debian("caddy", commands=["caddy"])
    plain, tls, http = free_port(), free_port(), free_port()
    host = f"localhost:{tls}"
    (tmp_path / "isthmus.yaml").write_text("project: first\ndatabase: file:database_url\n")
    (tmp_path / "database_url").write_text(postgres_url)
    (tmp_path / "database_url").chmod(0o600)
    (tmp_path / "serve.yaml").write_text(
        f"issuer: https://{host}\nlisten: 127.0.0.1:{plain}\nproxies: [127.0.0.1]\n"
    )
    written = (ROOT / "Caddyfile").read_text("utf-8").replace("login:8080", f"127.0.0.1:{plain}")
    ours = f"{{\n\tskip_install_trust\n\tadmin off\n\thttp_port {http}\n\thttps_port {tls}\n}}\n"
    (tmp_path / "Caddyfile").write_text(ours + written)
    serve = [sys.executable, "-m", "pipelines.cli", "serve", "--project", tmp_path]
    caddy = ["caddy", "run", "--config", tmp_path / "Caddyfile", "--adapter", "caddyfile"]
    authority = tmp_path / "caddy/pki/authorities/local/root.crt"
    at = {"LOGIN_HOST": host, "XDG_DATA_HOME": str(tmp_path)}
    (tmp_path / "proxy").mkdir()

    def up() -> bool:
        try:
            with closing(Outside(host, tls, authority)) as one:
                return one.send("GET", "/health/live").status == 200
        except OSError:
            return False

    def there() -> bool:
        return answers(f"http://127.0.0.1:{plain}/health/ready", headers={"Host": host})

    with (
        running(serve, there, folder=tmp_path),
        running(caddy, up, folder=tmp_path / "proxy", environment=at),
    ):
        engine = make_engine(postgres_url)
        with closing(Outside(host, tls, authority)) as browser:
            yield browser, engine
        engine.dispose()


def log_in(browser: Outside, **headers: str) -> HTTPResponse:
    page = browser.send("GET", "/login", **headers)
    form = next(each for each in forms_in(page.text) if "password" in each.fields)
    said = form.fields | {"email": EMAIL, "password": PASSWORD}
    return browser.send("POST", "/login", said, **headers)


def test_a_person_logs_in_through_the_proxy_and_no_header_of_theirs_is_believed(outside):
    browser, engine = outside
    with writing(engine) as conn:
        ann = accounts.create(conn, EMAIL, {}, now_utc())
        passwords.put(conn, ann.id, Hasher(1, 8).hash(PASSWORD), now_utc())
    lie = {
        "x_forwarded_for": "203.0.113.9",
        "x_forwarded_host": "evil.example",
        "forwarded": "for=x",
    }
    got = log_in(browser, **lie)
    assert (got.status, got.headers["location"]) == (303, "/account")
    mine = [each for each in browser.told if each.startswith("__Host-isthmus-session=")]
    assert len(mine) == 1
    for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert word in mine[0]
    assert "max-age" in got.headers["strict-transport-security"]
    page = browser.send("GET", "/account", **lie)
    assert page.status == 200
    assert "evil.example" not in page.text
    with reading(engine) as conn:
        networks = conn.execute(sa.select(session.c.network)).scalars().all()
    assert networks == ["127.0.0.1"]  # who asked the proxy, not what they said


def test_another_host_is_served_nowhere(outside):
    browser, _ = outside
    for host in ("evil.example", f"{browser.host}.evil.example", "127.0.0.1"):
        other = browser.send("GET", "/recover", host=host)
        assert "<form" not in other.text, host
    told = browser.send("GET", "/.well-known/openid-configuration").text
    assert f'"issuer":"https://{browser.host}"' in told


def test_counters_are_not_for_the_world(outside):
    browser, _ = outside
    assert browser.send("GET", "/metrics").status == 404
