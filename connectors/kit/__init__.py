"""The test kit of the connector contract: inherit a class, give its fixtures, run pytest.

from connectors.kit import SourceContract

class TestShop(SourceContract):
    @pytest.fixture
    def source(self, records):
        ...put `records` into the system's object "people", return the connector
"""

import pytest

for _module in ("feed", "source", "target"):
    pytest.register_assert_rewrite(f"connectors.kit.{_module}")

from connectors.kit.feed import FeedContract  # noqa: E402
from connectors.kit.records import CANARY, ODD_KEYS, RECORDS  # noqa: E402
from connectors.kit.source import SourceContract  # noqa: E402
from connectors.kit.target import TargetContract  # noqa: E402

__all__ = ["CANARY", "ODD_KEYS", "RECORDS", "FeedContract", "SourceContract", "TargetContract"]
