"""A login for tests: a site on a new database, its application, and a clock that is ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from idp_core.db import schema
from idp_core.db.engine import make_engine
from idp_core.site.config import ServeConfig
from idp_core.site.site import make_site
from idp_core.vault.master import Master
from idp_core.web.app import make_app
from tests.idp_core.web.browser import ORIGIN, Browser


class Clock:
    """Tells the time that a test says it is."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)


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
    engine = make_engine(f"sqlite:///{tmp_path / 'login.db'}")
    schema.upgrade(engine)
    yield make_site(config, engine, Master(b"m" * 32), clock=clock)
    engine.dispose()


@pytest.fixture
def site_on(engine, clock, config):
    """The same on SQLite and on PostgreSQL."""
    return make_site(config, engine, Master(b"m" * 32), clock=clock)


@pytest.fixture
def app(site):
    return make_app(site, threads=False)


@pytest.fixture
def browser(app):
    return Browser(app)
