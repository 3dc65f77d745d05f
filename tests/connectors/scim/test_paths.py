from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import MisconfiguredError
from connectors.scim.paths import build, flatten, normal, operations, parse, write

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATHS = [
    "userName",
    "active",
    "name.givenName",
    "name.familyName",
    'emails[type eq "work"].value',
    'emails[type eq "work"].display',
    'emails[type eq "home"].value',
    'addresses[type eq "home"].locality',
    f"{ENTERPRISE}:department",
    f"{ENTERPRISE}:manager.value",
]
texts = st.text(min_size=1, max_size=8)
rows = st.dictionaries(st.sampled_from(PATHS), texts, max_size=len(PATHS))


def apply_operations(resource: dict[str, Any], patch: list[dict[str, Any]]) -> None:
    """A reader of RFC 7644 section 3.5.2 of our own, for what `operations` writes."""
    for op in patch:
        path = parse(op["path"])
        if op["op"] == "add":
            resource.setdefault(path.attribute, []).extend(op["value"])
        elif path.conditions and path.part is None:
            wanted = dict(path.conditions).items()
            kept = [e for e in resource[path.attribute] if not wanted <= e.items()]
            resource.pop(path.attribute)
            if kept:
                resource[path.attribute] = kept
        else:
            if path.conditions:
                wanted = dict(path.conditions).items()
                assert any(wanted <= e.items() for e in resource[path.attribute]), "noTarget"
            write(resource, path, op.get("value"))


@given(rows)
def test_what_is_built_reads_back_by_every_path(row):
    flat = flatten(build(row))
    assert {path: flat[path] for path in row} == row


@given(before=rows, after=rows)
def test_patching_leads_from_one_row_to_the_other(before, after):
    wanted = {path: after.get(path) for path in {**before, **after}}
    resource = build(before)
    apply_operations(resource, operations(before, wanted))
    flat = flatten(resource)
    assert {path: flat.get(path) for path in wanted} == wanted


@given(rows)
def test_nothing_is_sent_when_nothing_differs(row):
    assert operations(row, row) == []


def test_a_primary_element_is_reachable_by_type_and_as_primary():
    flat = flatten({"emails": [{"type": "work", "primary": True, "value": "a@b.c"}]})
    assert flat['emails[type eq "work"].value'] == flat["emails[primary eq true].value"] == "a@b.c"


def test_paths_have_one_spelling():
    assert normal('emails[ type  eq "work" ].value') == 'emails[type eq "work"].value'


@pytest.mark.parametrize(
    "path", ["emails[type", 'emails[type ne "work"].value', 'emails[type eq "a" or type eq "b"]']
)
def test_a_path_that_cannot_pick_one_element_is_a_setting_to_mend(path):
    with pytest.raises(MisconfiguredError, match="SCIM path"):
        parse(path)
