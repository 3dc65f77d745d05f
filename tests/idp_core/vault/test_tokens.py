from hypothesis import given
from hypothesis import strategies as st

from idp_core.vault import tokens

TEXTS = st.lists(st.text(max_size=5), max_size=4)


def test_tokens_have_256_bits_and_are_kept_as_digests():
    made = {tokens.new_token() for _ in range(50)}
    assert len(made) == 50
    assert {len(each) for each in made} == {43}
    assert tokens.digest("a") != "a"
    assert len(tokens.digest("a")) == 64


@given(one=TEXTS, other=TEXTS)
def test_two_lists_of_texts_have_one_mac_only_if_they_are_equal(one, other):
    equal = tokens.keyed(b"k", *one) == tokens.keyed(b"k", *other)
    assert equal == (one == other)


@given(one=st.text(), other=st.text())
def test_texts_are_the_same_when_they_are_equal(one, other):
    assert tokens.same(one, other) == (one == other)


def test_codes_that_are_typed_hold_no_letter_that_could_be_another():
    assert len(tokens.new_digits(6)) == 6
    assert tokens.new_digits(8).isdigit()
    code = tokens.new_letters()
    assert len(code) == 9
    assert not set(code) & set("AEIOUY01")
