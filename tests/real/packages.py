"""What real-system tests need is there, or the test is skipped with the reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import pytest

from pipelines.sandbox.errors import UnavailableError
from pipelines.sandbox.heavy import packages

P = ParamSpec("P")
R = TypeVar("R")
INSTALL = packages.INSTALL


def or_skip(get: Callable[P, R]) -> Callable[P, R]:
    """Turn what cannot be had into a skip."""

    @wraps(get)
    def got(*args: P.args, **named: P.kwargs) -> R:
        try:
            return get(*args, **named)
        except UnavailableError as error:
            pytest.skip(str(error))

    return got


debian = or_skip(packages.debian)
python_environment = or_skip(packages.python_environment)
npm_packages = or_skip(packages.npm_packages)
