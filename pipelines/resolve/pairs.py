"""Which records are worth comparing: those that share an identifier or a comparison key.

Set-based, in DuckDB: every record's keys are rows, and records with a key in common are pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import duckdb
import pyarrow as pa

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Values

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
    records: Sequence[Evidence], policy: IdentifierPolicy, junk: Values
) -> tuple[list[int], list[int]]:
    """Return the pairs to compare as two lists of places in `records`, the smaller place first."""
    words: list[int] = []
    values: list[str] = []
    places: list[int] = []
    for place, record in enumerate(records):
        for word, value in _keys(record, policy, junk):
            words.append(word)
            values.append(value)
            places.append(place)
    most = [_most(key, policy) for key in policy.keys]
    table = pa.table({"word": words, "value": values, "record": places})
    with duckdb.connect() as connection:
        limits = pa.table({"word": range(len(most)), "most": most})
        connection.register("found", table)
        connection.register("limits", limits)
        connection.execute("CREATE TABLE keys AS SELECT * FROM found JOIN limits USING (word)")
        pairs = connection.sql(_PAIRS).to_arrow_table()
    return pairs["a"].to_pylist(), pairs["b"].to_pylist()


def _most(key: tuple[str, ...], policy: IdentifierPolicy) -> int:
    """How many records may share a key: composite ones are limited by `max_compared`."""
    alone = policy.identifiers.get(key[0]) if len(key) == 1 else None
    return policy.max_compared if alone is None else max(alone.max_records, policy.max_compared)


def _keys(record: Evidence, policy: IdentifierPolicy, junk: Values) -> Iterator[tuple[int, str]]:
    """Yield each key of one record once, as the place of the key in the policy and a value."""
    said: dict[str, list[str]] = {}
    for found in record.identifiers:
        if (found.kind, found.value) not in junk:
            said.setdefault(found.kind, []).append(found.value)
    if record.given:
        said |= {"given_name": [record.given], "initial": [record.given[0]]}
    if record.family:
        said["family_name"] = [record.family]
    if record.birth:
        said["birth_date"] = [record.birth.isoformat()]
    for place, words in enumerate(policy.keys):
        for parts in product(*(said.get(word, ()) for word in words)):
            yield place, "\x1f".join(parts)
