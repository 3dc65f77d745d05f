"""Apache with Debian's mod_auth_openidc lets in who logs in here, and out who logs out here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from pipelines.sandbox.processes import free_port
from tests.real.packages import debian
from tests.real.served import Login, Person, login, put_client
from tests.real.starting import answers, public_folder, running

__all__ = ["login"]

pytestmark = pytest.mark.real

MODULES = Path("/usr/lib/apache2/modules")
CONFIG = """\
ServerName localhost
ServerRoot {folder}
DocumentRoot {folder}/pages
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/errors
User www-data
Group www-data
{modules}
TypesConfig /etc/mime.types
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID apache
OIDCClientSecret {secret}
OIDCRedirectURI {site}/private/callback
OIDCCryptoPassphrase for-this-test-alone
OIDCScope "openid email"
OIDCPKCEMethod S256
OIDCRemoteUserClaim email
OIDCCacheType shm
OIDCDefaultLoggedOutURL {site}/out.html
<Location /private>
  AuthType openid-connect
  Require valid-user
</Location>
"""
WANTED = ("mpm_event", "authn_core", "authz_core", "authz_user", "mime", "dir", "auth_openidc")


@pytest.fixture(scope="module")
def site(login: Login) -> Iterator[str]:
    """A site whose /private is for those who are logged in."""
    wanted = ["apache2", str(MODULES / "mod_auth_openidc.so")]
    debian("apache2", "libapache2-mod-auth-openidc", commands=wanted)
    with public_folder("apache") as folder, _served(login, folder) as url:
        yield url


@contextmanager
def _served(login: Login, folder: Path) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (folder / "pages/private").mkdir(parents=True)
    (folder / "pages/index.html").write_text("for everybody")
    (folder / "pages/out.html").write_text("you are out")
    (folder / "pages/private/index.html").write_text("for members")
    secret = put_client(
        login,
        id="apache",
        name="The Club",
        first_party=True,
        redirect_uris=[f"{url}/private/callback"],
        post_logout_uris=[f"{url}/out.html"],
        backchannel_logout_uri=f"{url}/private/callback?logout=backchannel",
    )
    loaded = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in WANTED]
    config = CONFIG.format(
        folder=folder, port=port, issuer=login.origin, secret=secret, site=url,
        modules="\n".join(loaded),
    )  # fmt: skip
    (folder / "apache.conf").write_text(config)
    command = ["apache2", "-f", folder / "apache.conf", "-DFOREGROUND"]
    with running(command, lambda: answers(f"{url}/index.html"), folder=folder):
        yield url


@pytest.fixture
def member(login: Login, site: str, request: pytest.FixtureRequest) -> Person:
    """Somebody with an account, whose browser is at both."""
    person = Person(login, f"{request.node.name.partition('[')[0][-20:]}@example.org")
    person.register()
    return person


def visit(person: Person, url: str) -> requests.Response:
    """Go to a page of the site; the session follows it through the login and back."""
    return person.session.get(url, timeout=30)


def test_nobody_gets_in_without_a_login(site, login):
    got = requests.get(f"{site}/private/", timeout=30)
    assert got.url.startswith(f"{login.origin}/login")
    assert "for members" not in got.text


def test_who_is_logged_in_here_gets_in_there(site, member):
    got = visit(member, f"{site}/private/")
    assert got.url == f"{site}/private/"
    assert got.text == "for members"


def test_who_logs_out_there_is_logged_out_here(site, login, member):
    visit(member, f"{site}/private/")
    got = visit(member, f"{site}/private/callback?logout={site}/out.html")
    if got.url.startswith(login.origin):
        member.page = got
        assert member.send() == f"{site}/out.html"
    assert "/login" in visit(member, f"{login.origin}/account").url
    assert visit(member, f"{site}/private/").url.startswith(f"{login.origin}/login")
