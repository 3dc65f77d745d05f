"""The test kit of the connector contract: inherit a class, give its fixtures, run pytest.

from connectors.kit import SourceContract

class TestShop(SourceContract):
    @pytest.fixture
    def source(self, records):
        ...put `records` into the system's object "people", return the connector
"""

import pytest

for _module in ("changing", "feed", "large", "lying", "source", "target", "unreliable"):
    pytest.register_assert_rewrite(f"connectors.kit.{_module}")

from connectors.kit.changing import ChangingSourceContract  # noqa: E402
from connectors.kit.faults import Fault, FaultyProxy  # noqa: E402
from connectors.kit.feed import FeedContract  # noqa: E402
from connectors.kit.large import LargeSourceContract, numbered  # noqa: E402
from connectors.kit.lies import Lie  # noqa: E402
from connectors.kit.lying import LyingSourceContract, LyingTargetContract  # noqa: E402
from connectors.kit.records import CANARY, ODD_KEYS, RECORDS  # noqa: E402
from connectors.kit.shapes import CsvShape, JsonShape, XmlShape  # noqa: E402
from connectors.kit.source import SourceContract  # noqa: E402
from connectors.kit.target import TargetContract  # noqa: E402
from connectors.kit.unreliable import (  # noqa: E402
    UnreliableSourceContract,
    UnreliableTargetContract,
)

__all__ = [
    "CANARY",
    "ODD_KEYS",
    "RECORDS",
    "ChangingSourceContract",
    "CsvShape",
    "Fault",
    "FaultyProxy",
    "FeedContract",
    "JsonShape",
    "LargeSourceContract",
    "Lie",
    "LyingSourceContract",
    "LyingTargetContract",
    "SourceContract",
    "TargetContract",
    "UnreliableSourceContract",
    "UnreliableTargetContract",
    "XmlShape",
    "numbered",
]
