"""docker-compose.yml as the Compose specification has it, by the schema in check-jsonschema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.real.packages import python_environment

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def schema():
    folder = python_environment("compose", "check-jsonschema==0.39.0").parent
    (found,) = folder.rglob("builtin_schemas/vendor/compose-spec.json")
    return json.loads(found.read_text("utf-8"))


@pytest.fixture
def composition():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))


def mistakes(schema, document):
    check = jsonschema.validators.validator_for(schema)(schema)
    return [f"{each.json_path}: {each.message}" for each in check.iter_errors(document)]


def test_the_composition_is_as_the_specification_has_it(schema, composition):
    assert mistakes(schema, composition) == []


@pytest.mark.parametrize(
    ("service", "changes"),
    [
        ("login", {"secret": ["database_url"]}),
        ("proxy", {"ports": [{"published": ["80"]}]}),
        ("postgres", {"healthcheck": {"tests": ["CMD"]}}),
    ],
)
def test_a_word_that_it_does_not_know_is_noticed(service, changes, schema, composition):
    composition["services"][service] |= changes
    assert mistakes(schema, composition)
