"""The JSON Schema of ``isthmus.yaml`` accepts what is right and little else."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

from connectors.registry import names
from mappings.schema import CUSTOMER
from pipelines.starter.schemas import project_schema, write_schemas

ROOT = Path(__file__).parents[3]


def errors(text):
    validator = jsonschema.Draft202012Validator(project_schema())
    return [error.message for error in validator.iter_errors(yaml.safe_load(text))]


def test_it_is_a_json_schema_with_every_connector():
    schema = project_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    assert {f"connector.{name}" for name in names()} <= set(schema["$defs"])


def test_our_own_projects_are_accepted():
    sandbox = files("pipelines.sandbox").joinpath("project", "isthmus.yaml").read_text("utf-8")
    assert (
        errors(
            sandbox.replace("$shop_port", "1").replace("$crm_port", "1").replace("$scim_port", "1")
        )
        == []
    )
    page = (ROOT / "docs/reference/project.md").read_text("utf-8")
    assert errors(page.split("```yaml\n")[1].split("```")[0]) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("project: a\nsorces: {}", "'sorces' was unexpected"),
        ("project: a\nsources: {x: {connector: {type: sqll}}}", "'sqll' is not one of"),
        ("project: a\nsources: {x: {connector: {type: sql}}}", "'url' is a required property"),
        (
            "project: a\nsources: {x: {connector: {type: sql, url: a, password: plain}}}",
            "not valid under any of the given schemas",
        ),
        (
            "project: a\ntargets: {x: {connector: {type: memory, store: a}, limits: {removal: 1}}}",
            "'removal' was unexpected",
        ),
    ],
)
def test_what_is_wrong_is_marked_while_one_types(text, said):
    (message,) = errors(text)
    assert said in message


def test_the_four_files_are_written(tmp_path):
    written = write_schemas(tmp_path, CUSTOMER)
    assert [file.name for file in written] == [
        "project.json",
        "mapping.json",
        "push.json",
        "model.json",
    ]
    for file in written:
        jsonschema.Draft202012Validator.check_schema(json.loads(file.read_text("utf-8")))
