"""Importing Great Expectations warns; the library is imported quietly before any test needs it."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.quality.engine import quietly


@pytest.fixture(scope="session")
def gx():
    with quietly() as module:
        yield module


@pytest.fixture
def con():
    connection = duckdb.connect()
    yield connection
    connection.close()
