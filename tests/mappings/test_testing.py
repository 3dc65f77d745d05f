"""Examples in mapping files are run by both engines, and tell what differs."""

from __future__ import annotations

from datetime import date

import pytest

from mappings.document import load_mapping
from mappings.testing import run_tests
from tests.mappings.files import CONTACT, EVERYTHING, small

FIELDS = """
email: {from: c.E, steps: [email]}
emails[work]: c.W
nickname: {from: c.N, lookup: {a: b}, on_error: blank}
birth_date: c.born
loyalty_tier: case when c.born > today() then 'unborn' else 'born' end
"""


def run(test, *, today=date(2024, 1, 1), more=""):
    text = small(FIELDS, f"tests:\n  - {{name: t, {test}}}\n{more}")
    (result,) = run_tests(load_mapping(text, "m.yaml"), today=today)
    return result


@pytest.mark.parametrize("text", [CONTACT, EVERYTHING])
def test_the_examples_of_our_files_pass(text):
    for result in run_tests(load_mapping(text, "m.yaml")):
        assert result.differences == ()
        assert result.passed


@pytest.mark.parametrize(
    "test",
    [
        "given: {Id: 1, E: a@b.cd, W: w}, expect: {emails: [{primary: true}, {type: work}]}",
        "given: {Id: 1, born: 2020-01-31}, expect: {birth_date: 2020-01-31, _key: '1'}",
        "given: {Id: 1, born: '2020-01-31'}, expect: {birth_date: '2020-01-31', emails: []}",
        "given: {Id: 1, E: x}, expect: {$quarantine: email}",
        "given: {Id: 1, N: zzz}, expect: {nickname: null}",
        "given: {E: a@b.cd}, expect: {$quarantine: [key]}",
        "given: {Id: 1, born: 2020-01-31, $today: 2019-01-01}, expect: {loyalty_tier: unborn}",
    ],
)  # fmt: skip
def test_an_example_that_is_met_passes(test):
    assert run(test).differences == ()


@pytest.mark.parametrize(
    ("test", "difference"),
    [
        ("given: {Id: 1, E: a@b.cd}, expect: {email: x}", "email: expected 'x', got 'a@b.cd'"),
        ("given: {Id: 1}, expect: {email: x}", "email: expected 'x', got nothing"),
        ("given: {Id: 1, born: 2020-01-31}, expect: {birth_date: 2020-02-01}",
         "birth_date: expected 2020-02-01, got 2020-01-31"),
        ("given: {Id: 1, E: x}, expect: {}",
         "email: refused by email (not an e-mail address), which was not expected"),
        ("given: {Id: 1}, expect: {$quarantine: [email]}",
         "email: expected to be refused, and was taken"),
        ("given: {Id: 1}, expect: {$skip: true}",
         "the row was expected to be left out by where:, and is not"),
        ("given: {Id: 1}, expect: {_key: '2'}", "_key: expected '2', got '1'"),
        ("given: {Id: 1, W: w}, expect: {emails: []}",
         "emails: expected [], got [{value: 'w', type: 'work', primary: false}]"),
        ("given: {Id: [1, a]}, expect: {}", "given.Id: no column can hold this value"),
    ],
)  # fmt: skip
def test_an_example_that_is_not_met_tells_the_difference_once(test, difference):
    assert run(test).differences == (difference,)


def test_a_row_left_out_by_where_is_told():
    result = run("given: {Id: 1}, expect: {email: null}", more="where: c.E is not null\n")
    assert result.differences == ("the row is left out by where:, which was not expected",)


def test_a_day_that_nobody_fixed_is_told():
    result = run("given: {Id: 1}, expect: {}", today=None)
    assert "today() is not known here" in result.differences[0]


def test_the_values_of_an_example_stand_in_its_differences_but_not_in_its_repr():
    result = run("given: {Id: 1, E: secret@x.yz}, expect: {email: x}")
    assert "secret" in result.differences[0]
    assert "secret" not in repr(result)
