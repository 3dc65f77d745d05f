"""Who is compared by likeness: whoever shares what few say."""

from __future__ import annotations

import random
from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from pipelines.resolve import blocks, modelfile
from pipelines.resolve.edits import quick, quicker
from pipelines.resolve.likeness import condition
from pipelines.resolve.trained import Trained

MODEL = modelfile.default().model_copy(
    update={"compare_all": 3, "max_compared": 3, "max_pairs": 0.5}
)
NAMES = ("given_name + family_name", "family_name:2", "given_name")
TABLE = pa.table(
    {
        "unique_id": list(range(9)),
        "given_name": ["Ann"] * 4 + ["Bob"] * 2 + ["Eva", None, "Ida"],
        "family_name": ["Lee"] * 4 + ["Roy"] * 2 + ["Lange", "Lee", "Rossi"],
    }
)


@pytest.fixture
def trained() -> Trained:
    with duckdb.connect() as con:
        con.register("records", TABLE)
        keys, crowded = blocks.choose(con, TABLE.num_rows, MODEL, NAMES)
    nothing = pa.table({"column": [], "value": [], "share": []})
    return Trained("d", 9, 0.1, 0.0, {}, nothing, keys, (), crowded)


def test_what_many_say_under_a_key_compares_nothing_by_it_and_what_few_say_does(
    trained: Trained,
) -> None:
    assert trained.crowded == (
        ("given_name + family_name", "Ann\x1fLee"),
        ("family_name:2", "Le"),
        ("given_name", "Ann"),
    )
    added = blocks.added(TABLE, trained).to_pylist()
    names = [row[blocks.name(0)] for row in added]
    assert names[:4] == [None] * 4
    assert names[4] == names[5] is not None
    assert names[6] not in (None, names[4])
    assert names[7] is None
    lange, rossi, roy = (added[at][blocks.name(1)] for at in (6, 8, 4))
    assert rossi == roy != lange


def test_a_key_whose_few_make_too_many_pairs_still_is_left_out(trained: Trained) -> None:
    with duckdb.connect() as con:
        con.register("records", TABLE)
        dear = MODEL.model_copy(update={"max_pairs": 0.2})
        assert blocks.choose(con, TABLE.num_rows, dear, NAMES)[0] == (NAMES[0], NAMES[2])
        assert blocks.choose(con, 3, dear, NAMES) == (("",), ())


def test_what_is_crowded_belongs_to_the_version_of_a_model(trained: Trained) -> None:
    assert replace(trained, crowded=()).version != trained.version


def test_edits_counted_quicker_are_counted_alike() -> None:
    chance = random.Random(5)
    left, right = [], []
    for _ in range(20_000):
        said = chance.choices("abé字", k=chance.randrange(8))
        other = list(said)
        for _ in range(chance.randrange(4)):
            at = chance.randrange(len(other) + 1)
            what = chance.randrange(4)
            if what == 0:
                other.insert(at, chance.choice("abé字"))
            elif what == 1:
                other[at : at + 1] = []
            elif what == 2:
                other[at : at + 1] = chance.choice("abé字")
            else:
                other[at : at + 2] = other[at : at + 2][::-1]
        left.append("".join(said))
        right.append("".join(other))
    with duckdb.connect() as con:
        quick(con, {"comparisons": []})
        con.register("given", pa.table({"a_l": left, "a_r": right}))
        for word in ("slip", "two_slips", "slips"):
            slow = condition(word, ["a"])
            fast = quicker(slow)
            assert fast != slow
            found = con.execute(
                f"SELECT count(*) FILTER ({slow} IS DISTINCT FROM {fast}),"
                f" count(*) FILTER ({slow}), count(*) FILTER (NOT {slow}) FROM given"
            ).fetchall()
            assert found[0][0] == 0
            assert min(found[0][1:]) > 1_000
