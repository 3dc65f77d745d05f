"""Golden profiles by id and digest, whose values are fetched when they are looked at."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.db.later import LaterMapping, LaterSequence
from idp_core.profiles import light, store
from idp_core.profiles.model import Lineage, Profile, SourceRef

REF = SourceRef("crm", "1")


def profile(number):
    attributes = {"email": f"ann{number}@b.c", "birth_date": date(1990, 1, 1)}
    said = [Lineage(name, REF, "crm", "trust", "most trusted") for name in attributes]
    return Profile(f"{number:036}", attributes, said)


@pytest.fixture
def asked(engine):
    """Twenty profiles and one that is gone; the statements that the database gets from here on."""
    with writing(engine) as conn:
        store.save_profiles(conn, [profile(n) for n in range(21)])
        store.delete_profiles(conn, [f"{20:036}"])
    said = []
    sa.event.listen(engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    return said


def test_it_gives_what_reading_whole_profiles_gives(engine, asked):
    with reading(engine) as conn:
        whole = {each.gid: each for each in store.read_profiles(conn)}
    found = {gid: (digest, *values) for gid, digest, *values in light.read_lightly(engine)}
    assert found.keys() == whole.keys()
    for gid, (digest, attributes, lineage) in found.items():
        assert digest == whole[gid].digest
        assert dict(attributes) == whole[gid].attributes
        assert tuple(lineage) == whole[gid].lineage
    one = next(iter(found))
    assert [gid for gid, *_ in light.read_lightly(engine, [one, "nobody"])] == [one]


def test_values_are_fetched_one_by_one_and_then_the_rest_at_once(engine, asked, monkeypatch):
    monkeypatch.setattr(light, "_FEW", 2)
    people = list(light.read_lightly(engine))
    assert sum("FROM profile" in each for each in asked) == 1
    for _, _, attributes, lineage in people:
        assert attributes["email"].endswith("@b.c")
        assert attributes["birth_date"] == date(1990, 1, 1)
        assert lineage[0].attribute in attributes
    assert sum("FROM profile" in each for each in asked) == 1 + 2 + 1


def test_what_comes_later_shows_no_values_and_is_made_once():
    made = []
    mapping = LaterMapping(lambda: made.append(1) or {"email": "ann@b.c"})
    listed = LaterSequence(lambda: ("ann@b.c",))
    assert (repr(mapping), repr(listed)) == ("<LaterMapping>", "<LaterSequence>")
    assert mapping == {"email": "ann@b.c"} == dict(mapping)
    assert (len(mapping), len(made)) == (1, 1)
    assert list(listed) == ["ann@b.c"]
