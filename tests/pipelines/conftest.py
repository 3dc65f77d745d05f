"""What tests of pipelines share: logging as it was before a test, and Great Expectations itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from pipelines.quality.engine import quietly


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Forget what a command set up: its log goes to a stream that is closed with the test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def gx():
    """Importing Great Expectations warns; it is imported quietly before any test needs it."""
    with quietly() as module:
        yield module
