"""A user's own attributes extend the schema, or every problem is told."""

from __future__ import annotations

import pytest

from mappings.extension import load_schema
from mappings.schema import CUSTOMER, Attribute, Type
from tests.mappings.files import said

OWN = """\
attributes:
  shoe_size: integer
  first_store: {doc: Where we first met., pii: none}
  consent.partner: boolean
  devices: {parts: {id: text, seen: timestamp}, pii: id, doc: What they log in with.}
"""


def test_own_attributes_come_after_the_canonical_ones():
    schema = load_schema(OWN, "s.yaml")
    own = list(schema.attributes)[len(CUSTOMER.attributes) :]
    assert own == ["shoe_size", "first_store", "consent.partner", "devices"]
    assert schema.attributes["shoe_size"] == Attribute("shoe_size", Type.INTEGER)
    assert schema.attributes["devices"].parts == {"id": Type.TEXT, "seen": Type.TIMESTAMP}
    assert schema.attributes["devices"].pii == "id"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("size: intger", "m.yaml:2:9 attributes.size: unknown type 'intger'; did you mean"),
        ("Size: text", "m.yaml:2:3 attributes.Size: a name has small letters, digits and _"),
        ("email: text", "is in the canonical schema already; choose another name"),
        ("given_name: text", "is in the canonical schema already; choose another name"),
        ("consent.partner: text", "a consent is given or not: write boolean"),
        ("size: {typ: text}", "unknown key 'typ'; did you mean 'type'?"),
        ("size: {type: text, parts: {a: text}}", "has a type or parts, not both; remove type:"),
        ("pets: {parts: {}}", "name at least one part: {value: text}"),
        ("pets: {parts: {A: text}}", "a part's name has small letters"),
        ("pets: {parts: {primary: text}}", "the part primary is a boolean"),
        ("size: {pii: secret}", "unknown kind 'secret'"),
        ("size: [a]", "attributes.size: write this as key: value pairs"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_told_at_its_place_with_its_mend(line, problem):
    problems = said(f"attributes:\n  {line}\n", load_schema)
    assert len(problems) == 1, problems
    assert problem in problems[0]


def test_a_schema_file_without_attributes_is_told():
    assert said("atributes: {}", load_schema) == [
        "m.yaml:1:1 schema: the key 'attributes' is missing",
        "m.yaml:1:1 schema: unknown key 'atributes'; did you mean 'attributes'?",
    ]
