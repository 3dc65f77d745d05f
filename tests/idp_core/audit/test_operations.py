"""The text that a batch of operations has its digest of: it stays what it was, letter by letter."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from idp_core.audit.operations import text_of

values = st.none() | st.integers() | st.text() | st.text(st.characters(max_codepoint=127))
rows = st.lists(st.tuples(values, values, values))


@given(rows)
@example([("\x7f", '\t"\\/\0', None)])
@example([("\ud800", "é", 2**80)])
def test_it_is_the_text_that_json_makes(rows):
    assert text_of(rows) == json.dumps(rows, separators=(",", ":"))
