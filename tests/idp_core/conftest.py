"""A login for tests: a site on a new database, its application, and a clock that is ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

import pytest
from joserfc.jwk import RSAKey

from idp_core.site.config import ServeConfig
from idp_core.site.site import Around, make_site
from idp_core.vault.master import Master
from idp_core.web.app import make_app
from tests.databases import new_engine
from tests.idp_core.people import CHEAP
from tests.idp_core.web.browser import ORIGIN, Browser


class Clock:
    """Tells the time that a test says it is."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)


def made(config, engine, clock, **around):
    """A site where a password costs little."""
    site = make_site(config, engine, Master(b"m" * 32), Around(**around), clock=clock)
    return replace(site, hasher=CHEAP)


_RSA = RSAKey.binding
_made = cache(lambda size, number: _GENERATE(size))
_GENERATE, _OPENED = _RSA.generate_private_key, cache(_RSA.import_from_bytes)


@pytest.fixture(autouse=True)
def rsa_keys_of_this_process(monkeypatch):
    """RSA keys take long to make, and to open: each test is given the same ones in their order."""
    numbers = count()
    monkeypatch.setattr(_RSA, "generate_private_key", lambda size: _made(size, next(numbers)))
    monkeypatch.setattr(_RSA, "import_from_bytes", _OPENED)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def config():
    """What ``serve.yaml`` says; a test module may give its own."""
    return ServeConfig(issuer=ORIGIN)


@pytest.fixture
def site(tmp_path, clock, config):
    """A site on SQLite; tests whose subject is the database take `engine` and `site_on`."""
    engine = new_engine(f"sqlite:///{tmp_path / 'login.db'}")
    yield made(config, engine, clock)
    engine.dispose()


@pytest.fixture
def site_on(engine, clock, config):
    """The same on SQLite and on PostgreSQL."""
    return made(config, engine, clock)


@pytest.fixture
def app(site):
    return make_app(site, threads=False)


@pytest.fixture
def browser(app):
    return Browser(app)
