"""How often a law is tried: each day a third as often as by ``make test-all``."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("ISTHMUS_TEST_THOROUGH"))


def often(thorough: int) -> int:
    """Return how many examples a law gets that is to have so many when all is tried."""
    return thorough if THOROUGH else thorough // 3
