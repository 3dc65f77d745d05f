"""Single elements of lists: named without their value, written without the others."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.elements import Held, element_path, list_of, parted, put_elements
from connectors.scim.paths import build, operations

values = st.text(min_size=1, max_size=8)
lists = st.lists(values, unique=True, max_size=6)


def elements(*found):
    return [{"value": each} for each in found]


def paths(found):
    return {element_path("members", each): each for each in elements(*found)}


def test_a_path_does_not_tell_the_value():
    path = element_path("emails", {"value": "ann@example.com", "type": "work"})
    assert "ann" not in path
    assert (list_of(path), list_of("emails"), list_of('emails[type eq "work"]')) == (
        "emails",
        None,
        None,
    )
    assert path == element_path("emails", {"value": "ann@example.com", "type": "home"})


@given(theirs=lists, ours=lists)
def test_what_was_put_is_held_and_what_is_taken_away_leaves_the_others(theirs, ours):
    row = {"members": elements(*theirs)} if theirs else {}
    before, added = dict(row), paths(set(ours) - set(theirs))
    put_elements(row, {}, added)
    held = Held(row)
    assert all(held[path] == each for path, each in added.items())
    put_elements(row, added, dict.fromkeys(added))
    assert row == before


@given(before=lists, after=lists)
def test_a_patch_adds_and_removes_just_what_differs(before, after):
    old, new = paths(before), paths(after)
    change = {path: new.get(path) for path in {**old, **new}}
    made = operations(old, change)
    added = [each["value"] for op in made if op["op"] == "add" for each in op["value"]]
    assert sorted(added) == sorted(set(after) - set(before))
    removed = [op for op in made if op["op"] == "remove"]
    assert len(removed) == len(set(before) - set(after))


def test_a_part_that_differs_is_replaced_and_a_new_list_is_built():
    path = element_path("emails", "a@b.c")
    before = {path: {"value": "a@b.c", "type": "home", "display": "theirs"}}
    assert operations(before, {path: {"value": "a@b.c", "type": "work"}}) == [
        {"op": "replace", "path": 'emails[value eq "a@b.c"].type', "value": "work"}
    ]
    row = {"userName": "ann", **paths(["u1"])}
    assert build(row) == {"userName": "ann", "members": [{"value": "u1"}]}
    plain, single = parted(row)
    assert (list(plain), len(single)) == (["userName"], 1)
