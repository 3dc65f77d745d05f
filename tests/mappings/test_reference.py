"""The reference page has every word of the language, and its examples work.

``python -m tests.mappings.test_reference`` makes its tables anew.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mappings import document, extension, fields, push
from mappings.checker import QUARANTINE, SKIP, TODAY
from mappings.document import load_mapping
from mappings.extension import load_schema
from mappings.push import load_push
from mappings.pushtesting import run_push_tests
from mappings.pushtree import Adopt, LeaveAction, OnNull, Own
from mappings.reference import functions_table, steps_table, with_tables
from mappings.schema import CUSTOMER, Type
from mappings.steps import STEPS
from mappings.testing import run_tests
from mappings.tree import OnError

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "mapping-language.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)

WORDS = {
    *document.KEYS, *fields.FIELD_KEYS, *fields.EACH_KEYS, *push.KEYS, *push.FIELD_KEYS,
    *extension.ATTRIBUTE_KEYS, *extension.PII, fields.NO_PII,
    *OnError, *Own, *OnNull, *Adopt, *LeaveAction, *Type,
    QUARANTINE, TODAY, f"{SKIP}: true", f"{push.OUT_OF_SCOPE}: true",
}  # fmt: skip


def test_the_tables_are_those_of_the_registries():
    assert with_tables(TEXT) == TEXT, "run: python -m tests.mappings.test_reference"


@pytest.mark.parametrize("word", sorted(map(str, WORDS)))
def test_every_word_of_the_language_is_explained(word):
    assert re.search(rf"`[^`]*{re.escape(word)}[^`]*`", TEXT)


def test_the_examples_of_the_page_work():
    mapping, lists, pushed, schema = EXAMPLES
    assert [r.differences for r in run_tests(load_mapping(mapping, "a.yaml"))] == [()]
    assert len(load_mapping(lists, "b.yaml").fields) == 4
    assert [r.differences for r in run_push_tests(load_push(pushed, "c.yaml"))] == [(), ()]
    assert "devices" in load_schema(schema, "d.yaml").attributes


def test_every_step_and_attribute_has_a_row():
    assert steps_table().count("\n") == len(STEPS) + 1
    assert "| `regexp_extract(text, text, [integer])` |" in functions_table()
    assert all(f"`{name}" in TEXT for name in CUSTOMER.attributes)


if __name__ == "__main__":
    PAGE.write_text(with_tables(TEXT), encoding="utf-8")
