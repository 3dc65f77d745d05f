"""Rounds and the world they are played in: few here, a thousand of each by ``pytest -m slow``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp_core.db.engine import make_engine
from tests.idp_core.races.world import AT_ONCE, World


@pytest.fixture(params=[6, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def rounds(request):
    return range(request.param)


@pytest.fixture
def world(site_on):
    # Eight connections of their own, as eight workers would have.
    url = site_on.engine.url.render_as_string(hide_password=False)
    engine = make_engine(url, pool_size=AT_ONCE + 2)
    made = World(replace(site_on, engine=engine))
    yield made
    made.pool.shutdown()
    engine.dispose()
