"""Which records are worth comparing: those that share an identifier or a comparison key.

Set-based, in DuckDB: every record's keys are rows, and records with a key in common are pairs.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.policy import NAMES, IdentifierPolicy
from pipelines.workbench import scratch

_TEXTS = 50_000  # so many are encoded at once: all of millions would take gigabytes
_PAIRS = """
WITH fitting AS (
    SELECT word, value FROM keys GROUP BY ALL
    HAVING count(*) BETWEEN 2 AND any_value(most)
)
SELECT DISTINCT a.record AS a, b.record AS b
FROM fitting JOIN keys a USING (word, value) JOIN keys b USING (word, value)
WHERE a.record < b.record
ORDER BY a, b
"""


def candidates(
    records: Sequence[Evidence], policy: IdentifierPolicy
) -> tuple[array[int], array[int]]:
    """Return the pairs to compare as two columns of places in `records`, the smaller one first."""
    with scratch() as con:
        con.register("names", names_table(records))
        con.register("held", held_table(records))
        keys = " UNION ALL ".join(keys_sql(policy))
        con.execute(f"CREATE TABLE keys AS {keys}")
        pairs = con.sql(_PAIRS).to_arrow_table()
    return compact("q", pairs["a"]), compact("q", pairs["b"])


def compact(code: str, numbers: pa.ChunkedArray) -> array[Any]:
    """Return numbers as an array of a type code: eight bytes each, a fourth of Python's own."""
    found = array(code)
    for chunk in numbers.chunks:
        found.extend(chunk.to_pylist())
    return found


def names_table(records: Sequence[Evidence], numbers: Sequence[int] | None = None) -> pa.Table:
    """Return a row per record with what the words of `NAMES` stand for; "" where not said.

    A record is called by its place, or by its number.
    """
    return pa.Table.from_arrays(
        [
            _numbers(array("q", numbers or range(len(records)))),
            _texts([record.given for record in records]),
            _texts([record.family for record in records]),
            _texts([record.given[:1] for record in records]),
            _texts([record.birth.isoformat() if record.birth else "" for record in records]),
        ],
        ["record", "given_name", "family_name", "initial", "birth_date"],
    )


def held_table(records: Sequence[Evidence], numbers: Sequence[int] | None = None) -> pa.Table:
    """Return a row per record, kind and value; a kind is its place in the policy."""
    places, kinds, values = array("q"), array("q"), list[str]()
    for place, record in zip(numbers or range(len(records)), records, strict=True):
        for kind, held in enumerate(record.held):
            for value in held:
                places.append(place)
                kinds.append(kind)
                values.append(value)
    columns = [_numbers(places), _numbers(kinds), _texts(values)]
    return pa.Table.from_arrays(columns, ["record", "kind", "value"])


def _numbers(found: array[int]) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(found), [None, pa.py_buffer(found)])


def _texts(texts: Sequence[str]) -> pa.Array:
    """Return texts as an Arrow array; `pyarrow.array` would import pandas, which takes a second."""
    ends, data = array("q", [0]), bytearray()
    for at in range(0, len(texts), _TEXTS):
        encoded = [text.encode() for text in texts[at : at + _TEXTS]]
        ends.extend(accumulate(map(len, encoded), initial=ends.pop()))
        data += b"".join(encoded)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_string(), len(texts), buffers)


def keys_sql(policy: IdentifierPolicy) -> Iterator[str]:
    """Yield for each key of the policy the SELECT of its place, value, record and limit."""
    kinds = list(policy.identifiers)
    for place, words in enumerate(policy.keys):
        tables, values = ["names"], []
        for number, word in enumerate(words):
            if word in NAMES:
                values.append(f"names.{word}")
                continue
            tables.append(
                f"JOIN (SELECT record, value FROM held WHERE kind = {kinds.index(word)}) h{number} "
                "USING (record)"
            )
            values.append(f"h{number}.value")
        said = " AND ".join(f"{value} <> ''" for value in values)
        yield (
            f"SELECT {place} AS word, concat_ws(chr(31), {', '.join(values)}) AS value, record, "
            f"{most_sharing(words, policy)} AS most FROM {' '.join(tables)} WHERE {said}"
        )


def most_sharing(key: tuple[str, ...], policy: IdentifierPolicy) -> int:
    """How many records may share a key: composite ones are limited by `max_compared`."""
    alone = policy.identifiers.get(key[0]) if len(key) == 1 else None
    return policy.max_compared if alone is None else max(alone.max_records, policy.max_compared)
