"""The invented world: its laws, and that its hard cases are really in it."""

from __future__ import annotations

from collections import Counter

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sandbox.evolution import EDITS, evolve
from pipelines.sandbox.flaws import FLAWS
from pipelines.sandbox.locales import facts
from pipelines.sandbox.shapes import COLUMNS
from pipelines.sandbox.world import SOURCES, World, make_world
from tests.often import often

sizes = st.integers(1, 400)
seeds = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(10_000, 7)


@given(size=sizes, seed=seeds)
def test_the_same_seed_gives_the_same_world(size, seed):
    one, other = make_world(size, seed), make_world(size, seed)
    assert list(one.rows()) == list(other.rows())
    assert one.people == other.people


@given(size=sizes, seed=seeds)
def test_a_world_has_exactly_as_many_records_as_asked_for(size, seed):
    assert sum(1 for _ in make_world(size, seed).rows()) == size


@given(size=sizes, seed=seeds)
def test_the_truth_covers_every_row_and_names_people_who_exist(size, seed):
    world = make_world(size, seed)
    truth = world.truth()
    assert len(truth) == size
    assert set(truth.values()) <= {person.number for person in world.people}


@given(size=sizes, seed=seeds)
def test_rows_have_the_columns_of_their_system_unless_they_are_no_rows(size, seed):
    unreadable = {flaw.name for flaws in FLAWS.values() for flaw in flaws if not flaw.readable}
    for record in make_world(size, seed).rows():
        assert str(record.row[0]) == record.key
        if record.flaw not in unreadable:
            assert len(record.row) == len(COLUMNS[record.source])


@settings(max_examples=often(25))
@given(size=sizes, seed=seeds, days=st.integers(1, 3))
def test_the_same_nights_give_the_same_days_and_leave_the_day_before_as_it_was(size, seed, days):
    world = first = make_world(size, seed)
    for _ in range(days):
        before = list(world.rows())
        following = evolve(world)
        assert list(world.rows()) == before
        world = following
    other = first
    for _ in range(days):
        other = evolve(other)
    assert list(world.rows()) == list(other.rows())
    assert world.edits == other.edits
    assert world.step == days


@settings(max_examples=often(25))
@given(size=sizes, seed=seeds)
def test_what_a_night_changes_is_exactly_what_its_edits_name(size, seed):
    before = make_world(size, seed)
    after = evolve(before)
    changed = {
        (source, key)
        for source in SOURCES
        for key in before.records[source].keys() | after.records[source].keys()
        if before.records[source].get(key) != after.records[source].get(key)
    }
    assert changed == {(edit.source, edit.key) for edit in after.edits}


def test_a_world_without_records_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        make_world(0, 1)


def test_every_kind_of_edit_happens_in_a_night_of_a_large_world(world):
    assert {edit.what for edit in evolve(world).edits} == set(EDITS)


def test_every_kind_of_flaw_is_there_but_not_often(world):
    found = Counter((record.source, record.flaw) for record in world.rows() if record.flaw)
    assert set(found) == {(source, flaw.name) for source in FLAWS for flaw in FLAWS[source]}
    assert 0.005 < sum(found.values()) / world.size < 0.03


def test_people_are_in_one_to_four_systems(world):
    systems = {}
    for record in world.rows():
        systems.setdefault(record.person, set()).add(record.source)
    assert {len(names) for names in systems.values()} == {1, 2, 3, 4}


def test_households_share_landlines_addresses_and_names(world):
    homes = Counter(person.home for person in world.people if person.home.landline)
    assert max(homes.values()) >= 4
    names = Counter((person.given, person.family, person.home) for person in world.people)
    assert max(names.values()) == 2, "a father and a son of one name at one address"
    assert any("-" in person.family for person in world.people)
    assert any(len(set(p.emails)) < len(p.emails) or p.former for p in world.people)


def test_no_two_people_have_the_same_mailbox_unless_they_share_their_family_s(world):
    owners = Counter(mail for person in world.people for mail in set(person.emails))
    assert all(mail.startswith("family") for mail, count in owners.items() if count > 1)


def test_every_number_is_valid_by_its_country_s_plan(world):
    for person in world.people[:2000]:
        for number in filter(None, (person.mobile, person.home.landline)):
            parsed = phonenumbers.parse(f"+{person.locale.code}{number}")
            assert phonenumbers.is_valid_number(parsed), (person.locale.country, number)


def test_mail_domains_are_reserved_for_examples():
    for locale in facts().locales:
        assert all(domain.endswith(".example") for domain in locale.domains)
