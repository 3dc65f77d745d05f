"""What the last run knew, held in memory: who shares a key, what is compared, how common names are.

Made of the stored graph in one go; a look-up takes microseconds. Keys are 64 bits of a hash, so a
look-up may find a stranger as well: whoever is found is compared.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import md5
from itertools import compress, product
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.model import SourceRef
from idp_core.profiles.policy import NAMES, IdentifierPolicy
from idp_core.profiles.scoring import Population
from pipelines.resolve import blocks, graph
from pipelines.resolve.closures import Row, Texts
from pipelines.resolve.columns import ID
from pipelines.resolve.graph import FAMILY, FULL, GIVEN
from pipelines.resolve.modelfile import Key, Model, keys
from pipelines.resolve.pairs import most_sharing
from pipelines.resolve.trained import Trained

_BLOCKS = 128  # blocking keys are numbered from here, those of the policy from 0
_BETWEEN = "\0"  # what a record says in two columns: the databases hold no text with it
_SHIFT = 56
_BITS = 64
_LOW = (1 << _BITS) - 1
_TOGETHER = 4  # bits: so few keys are in one part that finding one among them reads memory once


class Memory:
    """Records by place, in the order of their sources and keys."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, policy: IdentifierPolicy, model: Model | None,
        trained: Trained | None,
    ) -> None:  # fmt: skip
        self.records = graph.count(con)
        self.mark, self.kept = graph.read_mark(con)
        self._policy, self._model = policy, model
        self._trained = trained
        blocking = trained.blocking if trained else ()
        self._blocking = [(at, keys(key)) for at, key in enumerate(blocking) if key]
        self._every = "" in blocking
        con.execute(
            "CREATE TEMP TABLE placed AS SELECT id, source, key,"
            " row_number() OVER (ORDER BY source, key) - 1 AS place FROM record"
        )
        names = list(model.columns) if model else []
        found = self._read_columns(con)
        flagged = [each for each in names if f"{each}_shared" in found.column_names]
        self._flagged = [names.index(each) for each in flagged]
        shared = [f"{each}_shared" for each in flagged]
        self._refs = [_texts(found[each]) for each in ("source", "key")]
        self._said = _texts(found["said"]) if model else None
        self._flags = [_flags(found[each]) for each in shared]
        self._hashes, self._owners = self._read_keys(con)
        self._part, self._begins = _parts(self._hashes)
        counts = con.execute(
            f"SELECT what, value, count(*) FROM said WHERE what IN ({GIVEN}, {FAMILY})"
            " GROUP BY ALL HAVING count(*) > 1"
        ).fetchall()
        self._counts = {(what, value): n for what, value, n in counts}
        flags = con.execute("SELECT what, value, a IS NULL FROM flag").fetchall()
        self._crowded = {(what, value) for what, value, crowded in flags if crowded}
        self._shared = {(what, value) for what, value, crowded in flags if not crowded}

    def ref(self, place: int) -> SourceRef:
        """Return what a record is called."""
        source, key = self._refs
        return SourceRef(source(place) or "", key(place) or "")

    def texts(self, place: int) -> Sequence[str]:
        """Return what a record says in the columns of the model; "" where nothing."""
        assert self._said is not None  # noqa: S101 (only with likeness)
        return (self._said(place) or "").split(_BETWEEN)

    def row(self, place: int, texts: Sequence[str]) -> Row:
        """Return the record at a place, whose texts were read, as the model sees it."""
        shared = compress(self._flagged, [flag(place) for flag in self._flags])
        return Row(tuple([text or None for text in texts]), frozenset(shared))

    def alike(self, texts: Texts) -> Collection[int]:
        """Return the places of the records that share a blocking key with what a record says."""
        assert self._model is not None  # noqa: S101
        if self._every:
            return range(self.records)
        column = {name: text for name, text in zip(self._model.columns, texts, strict=True) if text}
        found: set[int] = set()
        for at, parts in self._blocking:
            said = [_cut(column.get(part.column), part) for part in parts]
            if all(said):
                found.update(self._owned(_BLOCKS + at, "\x1f".join(map(str, said))))
        return found

    def identified(self, record: Evidence) -> Collection[int]:
        """Return the places of the records that share a key of the policy, one that is compared."""
        found: set[int] = set()
        for at, words in enumerate(self._policy.keys):
            most = most_sharing(words, self._policy)
            for values in product(*(_said(record, word) for word in words)):
                owners = self._owned(at, "\x1f".join(values))
                if len(owners) < most:
                    found.update(owners)
        return found

    def population(self, records: Collection[Evidence]) -> Population:
        """Return what all say about the names and values of some records."""
        kinds = list(self._policy.identifiers)
        held = {(k, value) for each in records for k, values in each.by_kind() for value in values}
        names = {(each.given, each.family) for each in records}
        hashed = {(k, value): (kinds.index(k), _number(value)) for k, value in held}
        counts: dict[int, dict[str, int]] = {GIVEN: {}, FAMILY: {}}
        for what, at in ((GIVEN, 0), (FAMILY, 1)):
            for name in (pair[at] for pair in names):
                counts[what][name] = self._counts.get((what, _number(name)), 1)
        return Population(
            records=self.records,
            given=counts[GIVEN],
            family=counts[FAMILY],
            contested=frozenset(each for each, key in hashed.items() if key in self._shared),
            crowded=frozenset(each for each, key in hashed.items() if key in self._crowded),
            namesakes=frozenset(
                pair for pair in names if (FULL, _number("\x1f".join(pair))) in self._shared
            ),
        )

    def contested(self, kind: str, value: str) -> bool:
        """Whether a value was seen on two records that cannot be one person."""
        return (list(self._policy.identifiers).index(kind), _number(value)) in self._shared

    def _owned(self, word: int, text: str) -> Sequence[int]:
        key = _number(text) & _LOW ^ word << _SHIFT
        part = key >> self._part
        first, end = self._begins[part], self._begins[part + 1]
        first = bisect_left(self._hashes, key, first, end)
        return self._owners[first : bisect_right(self._hashes, key, first, end)]

    def _read_columns(self, con: duckdb.DuckDBPyConnection) -> pa.Table:
        """Read records in order; what one says in all columns is one text, read at once."""
        if self._model is None:
            return con.sql("SELECT source, key FROM placed ORDER BY place").to_arrow_table()
        columns = self._model.columns
        shared = [f'"{name}_shared"' for name, column in columns.items() if column.read is not None]
        texts = [f"coalesce(\"{name}\", '')" for name in columns]
        said = f"concat_ws(chr({ord(_BETWEEN)}), {', '.join(texts)}) AS said"
        return con.sql(
            f"SELECT {', '.join(['source', 'key', said, *shared])} FROM placed"
            f" JOIN looks ON {ID} = id ORDER BY place"
        ).to_arrow_table()

    def _read_keys(self, con: duckdb.DuckDBPyConnection) -> tuple[Sequence[int], Sequence[int]]:
        low = f"({{}} & {_LOW}::UHUGEINT)::UBIGINT"  # a remainder takes a hundred times as long
        owned = low.format("value")
        parts = [f"SELECT xor({owned}, word::UBIGINT << {_SHIFT}) AS hash, record AS id FROM keyed"]
        if self._trained is not None:
            parts += self._blocked(con, self._trained, low)
        found = con.sql(
            f"SELECT hash, place::INTEGER AS place FROM ({' UNION ALL '.join(parts)})"
            " JOIN placed USING (id) ORDER BY hash"
        ).to_arrow_table()
        return _view(found["hash"], "Q"), _view(found["place"], "i")

    def _blocked(self, con: duckdb.DuckDBPyConnection, trained: Trained, low: str) -> Iterator[str]:
        """Yield for each blocking key the SELECT of what is compared by it, and the record."""
        blocks.keep_crowded(con, trained)
        for at, _ in self._blocking:
            value, _ = blocks.said(trained.blocking[at], "t")
            hashed = low.format(f"md5_number({value})")
            number = f"{_BLOCKS + at}::UBIGINT << {_SHIFT}"
            compared = blocks.compares(trained, at, "t")
            yield f"SELECT xor({hashed}, {number}), {ID} FROM looks t WHERE {compared}"


def read(
    path: Path, policy: IdentifierPolicy, model: Model | None, trained: Trained | None
) -> Memory | None:
    """Read the graph into memory; None when there is none that can be read."""
    with graph.opened(path) as con:
        return None if con is None else Memory(con, policy, model, trained)


def _parts(hashes: Sequence[int]) -> tuple[int, Sequence[int]]:
    """Return by how many bits a hash gives its part of all in order, and where each part begins.

    Among millions a search by halves alone waits for memory two dozen times.
    """
    bits = max(len(hashes).bit_length() - _TOGETHER, 0)
    cut = _BITS - bits
    begins = array("Q", [0])
    for part in range(1, 1 << bits):
        begins.append(bisect_left(hashes, part << cut, begins[-1]))
    begins.append(len(hashes))
    return cut, begins


def _view(column: pa.ChunkedArray, kind: Literal["Q", "i"]) -> Sequence[int]:
    whole = column.combine_chunks()
    data = memoryview(whole.buffers()[1] if len(whole) else b"").cast("B")
    return data.cast(kind)[: len(whole)]


def _texts(column: pa.ChunkedArray) -> Callable[[int], str | None]:
    """Return what reads the text of a row; for a few, Arrow's own look-ups take far longer."""
    whole = column.cast(pa.large_string()).combine_chunks()
    valid, ends, data = (memoryview(each or b"").cast("B") for each in whole.buffers())
    offsets, every = ends.cast("q"), not whole.null_count

    def text(at: int) -> str | None:
        if every or valid[at >> 3] >> (at & 7) & 1:
            return str(data[offsets[at] : offsets[at + 1]], "utf-8")
        return None

    return text


def _flags(column: pa.ChunkedArray) -> Callable[[int], int]:
    """Return what reads the flag of a row."""
    bits = memoryview(column.combine_chunks().buffers()[1] or b"").cast("B")
    return lambda at: bits[at >> 3] >> (at & 7) & 1


def _number(text: str) -> int:
    """Return DuckDB's ``md5_number`` of a text."""
    return int.from_bytes(md5(text.encode(), usedforsecurity=False).digest(), "little")


def _cut(text: str | None, key: Key) -> str | None:
    """Return one part of a blocking key, as `settings.side` does."""
    if text is None or key.length is None:
        return text
    end = key.start + key.length - 1
    if len(text) < (end if key.start > 1 else 1):
        return None
    return text[key.start - 1 : end]


def _said(record: Evidence, word: str) -> Iterator[str]:
    """Yield what a record says of a word of a comparison key."""
    if word not in NAMES:
        yield from record.of(word)
        return
    values = {
        "given_name": record.given,
        "family_name": record.family,
        "initial": record.given[:1],
        "birth_date": record.birth.isoformat() if record.birth else "",
    }
    if values[word]:
        yield values[word]
