from __future__ import annotations

import json

import pytest

from idp_core.errors import PolicyError
from idp_core.profiles import policyfile
from idp_core.profiles.policy import default as identifiers
from pipelines.resolve import modelfile
from pipelines.resolve.modelfile import Key, Model, keys

SMALL = """model: mine
columns:
  given_name: {read: given_name}
  email: {read: email}
comparisons:
  given_name:
    says: name
    levels: [{name: same, when: {same: given_name}}]
  email:
    says: personal
    levels: [{name: same, when: {same: email}}]
blocking: [email]
training: [email]
certain: [email]
"""


def model(text: str) -> Model:
    return policyfile.parse(Model, text, "model.yaml")


def test_the_built_in_model_reads_what_the_built_in_policy_has() -> None:
    modelfile.default().check(identifiers())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("blocking", "bloking", "model.yaml:12:1 bloking: unknown key; did you mean 'blocking'"),
        (
            "{same: email}",
            "{sane: email}",
            "model.yaml:11:.*unknown word 'sane'; did you mean 'same'",
        ),
        ("[email]", "[emial]", "blocking: unknown column 'emial'; did you mean 'email'"),
        ("[email]", "['email:x']", "'email:x': after ':' stands a number, year, month or day"),
        ("says: name", "says: nmae", "model.yaml:7:5 comparisons.given_name.says"),
        ("{read: email}", "{}", "write either 'read' or 'from'"),
        ("{same: given_name}", "{crossed: given_name}", "'crossed' is said of two columns"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_mend(old: str, new: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        model(SMALL.replace(old, new))


def test_a_kind_that_the_policy_does_not_have_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"columns\.email\.read: unknown kind 'emial'; did you mean"
    ):
        model(SMALL.replace("{read: email}", "{read: emial}")).check(identifiers())


def test_a_key_names_columns_and_parts_of_them() -> None:
    found = keys("family_name:3 + birth_date:year + birth_date:day + email")
    assert found == (
        Key("family_name", 1, 3),
        Key("birth_date", 1, 4),
        Key("birth_date", 6, 5),
        Key("email"),
    )


def test_the_schema_names_every_key_of_the_file() -> None:
    schema = modelfile.schema()
    assert set(schema["properties"]) == set(Model.model_fields)
    assert json.dumps(schema)
