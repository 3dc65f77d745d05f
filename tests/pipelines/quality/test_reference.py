"""The pages on quality have every expectation, and their examples are suites that can be read.

``python -m tests.pipelines.quality.test_reference`` makes the tables anew.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mappings.reference import with_tables
from pipelines.quality.compiler import KINDS
from pipelines.quality.engine import ENGINE
from pipelines.quality.model import Severity
from pipelines.quality.reference import TABLES
from pipelines.quality.suite import read_suite

DOCS = Path(__file__).parents[3] / "docs"
PAGE = DOCS / "reference" / "quality.md"
TEXT = PAGE.read_text("utf-8")
GUIDE = (DOCS / "how-to" / "add-expectations.md").read_text("utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", TEXT + GUIDE, re.DOTALL)


def test_the_tables_are_those_of_the_registries():
    assert with_tables(TEXT, TABLES) == TEXT, (
        "run: python -m tests.pipelines.quality.test_reference"
    )


def test_every_expectation_and_severity_is_explained():
    assert all(f"`{name}`" in TEXT for name in (*KINDS, *ENGINE, *Severity))


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_suite(example):
    found = json.loads(example)
    suite = found if "expectations" in found else {"expectations": [found]}
    assert read_suite(json.dumps(suite), "shop.json").meta == suite.get("meta", {})


if __name__ == "__main__":
    PAGE.write_text(with_tables(TEXT, TABLES), encoding="utf-8")
