"""The test kit of the connector contract: inherit a class, give its fixtures, run pytest.

from connectors.kit import SourceContract

class TestShop(SourceContract):
    @pytest.fixture
    def source(self, records):
        ...put `records` into the system's object "people", return the connector
"""

import pytest

pytest.register_assert_rewrite("connectors.kit.source", "connectors.kit.target")

from connectors.kit.records import CANARY, ODD_KEYS, RECORDS  # noqa: E402
from connectors.kit.source import SourceContract  # noqa: E402
from connectors.kit.target import TargetContract  # noqa: E402

__all__ = ["CANARY", "ODD_KEYS", "RECORDS", "SourceContract", "TargetContract"]
