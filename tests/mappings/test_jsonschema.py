"""What an editor accepts and what the checker accepts are the same words."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from mappings.extension import load_schema
from mappings.jsonschema import mapping_schema, push_schema
from mappings.steps import STEPS
from tests.mappings.files import CONTACT, EVERYTHING, HEAD, PUSH, said, small


def errors(text, schema=None):
    validator = jsonschema.Draft202012Validator(schema or mapping_schema())
    return list(validator.iter_errors(yaml.safe_load(text)))


@pytest.mark.parametrize("schema", [mapping_schema(), push_schema()])
def test_the_schemas_are_json_schemas(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("text", [CONTACT, EVERYTHING])
def test_an_editor_accepts_our_mapping_files(text):
    assert errors(text) == []


def test_an_editor_accepts_our_push_file():
    assert errors(PUSH, push_schema()) == []


@pytest.mark.parametrize(
    "line",
    [
        "emial: c.E",
        "emials[work]: c.E",
        "emails[work].kind: c.E",
        "email: {fron: c.E}",
        "email: {from: c.E, steps: [trimm]}",
        "email: {from: c.E, steps: [{trim: {x: 1}}]}",
        "email: {from: c.E, on_error: skip}",
        "email: {from: c.E, pii: contct}",
        "emails: {each: c.es, as: e}",
        "address: {parts: {town: c.T}}",
    ],
)
def test_an_editor_refuses_what_the_checker_refuses(line):
    assert said(small(line))
    assert errors(small(line))


def test_an_editor_refuses_unknown_keys_and_missing_ones():
    assert errors(HEAD)
    assert errors(small("email: c.E", "tset: x"))
    assert errors("push: x", push_schema())
    assert errors(PUSH + "whatever: 1", push_schema())


def test_an_editor_completes_a_users_own_attributes():
    schema = load_schema("attributes: {shoe_size: integer}", "s.yaml")
    assert errors(small("shoe_size: c.S"))
    assert errors(small("shoe_size: c.S"), mapping_schema(schema)) == []


def test_every_step_is_offered_with_its_sentence():
    offered = mapping_schema()["$defs"]["step"]["anyOf"]
    told = {entry["const"]: entry["description"] for entry in offered if "const" in entry}
    assert told == {name: step.doc for name, step in STEPS.items()}
