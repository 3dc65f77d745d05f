from __future__ import annotations

import pytest

from idp_core.db.engine import reading, writing
from idp_core.profiles import store
from idp_core.profiles.model import SourceProfile, SourceRef

ONE = "kunde@laden.ch"


def put(engine, *people, email=ONE):
    """Store one record a person, and link it."""
    refs = [SourceRef("shop", str(person)) for person in people]
    attributes = {"emails": [{"value": email}]} if email else {"given_name": "Ann"}
    digest = store.digest_of(attributes)
    with writing(engine) as conn:
        found = [SourceProfile(ref, attributes, "shop@1", digest) for ref in refs]
        store.put_source_profiles(conn, found, "run")
        store.save_links(conn, {ref: f"g{ref.key}" for ref in refs})


def refresh(engine, most=2):
    """Return what is shared, and whom that made stale."""
    with writing(engine) as conn:
        store.clear_stale(conn, store.read_stale(conn))
        shared = store.refresh_shared(conn, {"email": most})
        return shared, set(store.read_stale(conn))


def test_a_value_that_passes_the_limit_makes_all_who_have_it_stale(engine):
    put(engine, 1, 2, 9, email=ONE)
    put(engine, 9, email="max@laden.ch")
    assert refresh(engine) == (frozenset(), set())
    put(engine, 3, email=ONE.upper())
    assert refresh(engine) == ({("email", ONE)}, {"g1", "g2", "g3"})
    assert refresh(engine) == ({("email", ONE)}, set())


def test_a_value_that_falls_below_the_limit_makes_who_has_it_stale(engine):
    put(engine, 1, 2, 3)
    assert refresh(engine)[0] == {("email", ONE)}
    put(engine, 3, email="max@laden.ch")
    assert refresh(engine) == (frozenset(), {"g1", "g2"})


def test_many_records_of_one_person_share_nothing(engine):
    refs = [SourceRef("shop", str(number)) for number in range(5)]
    attributes = {"emails": [{"value": ONE}]}
    with writing(engine) as conn:
        found = [SourceProfile(ref, attributes, "shop@1", "d") for ref in refs]
        store.put_source_profiles(conn, found, "run")
        store.save_links(conn, dict.fromkeys(refs, "g"))
    assert refresh(engine)[0] == frozenset()


@pytest.mark.parametrize("most", [1, 2, 3])
def test_the_limit_is_the_policys(engine, most):
    put(engine, 1, 2, 3)
    assert bool(refresh(engine, most)[0]) is (most < 3)


def test_no_limit_forgets_all(engine):
    put(engine, 1, 2, 3)
    refresh(engine)
    with writing(engine) as conn:
        assert store.refresh_shared(conn, {}) == frozenset()
    with reading(engine) as conn:
        assert set(store.read_stale(conn)) == {"g1", "g2", "g3"}
