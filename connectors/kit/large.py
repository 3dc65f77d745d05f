"""The rule of sources of any size: what is held of them does not grow with their rows."""

# ruff: noqa: S101, D102 (tests: they assert, and their names are their documentation)

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pyarrow as pa

from connectors.contract import Query, Source

Holding = Callable[[int], Source]
_MB = 1_000_000


class LargeSourceContract:
    """Inherit this, give the fixture `holding`: a function that makes a source of so many rows.

    Its object `name` holds rows such as `numbered` gives. A system that tests run in this process
    must make its rows as they are asked for, or it is measured, too.
    """

    name: ClassVar[str] = "people"
    """The object to read."""
    key: ClassVar[str] = "id"
    """The column that tells the rows apart."""
    cursor: ClassVar[str | None] = None
    """The cursor field; None for a source that is read without one."""
    sizes: ClassVar[tuple[int, int]] = (20_000, 80_000)
    """So many rows are read, and so many more."""
    page_size: ClassVar[int] = 1_000
    """How many are asked for at once."""
    allowed_mb: ClassVar[float] = 4.0
    """How much more may be held while more are read, in megabytes."""

    def test_no_more_is_held_while_more_rows_are_read(self, holding: Holding) -> None:
        few, many = self.sizes
        small, large = self.most_held(holding(few), few), self.most_held(holding(many), many)
        grown = (large - small) / _MB
        assert grown <= self.allowed_mb, f"{grown:.1f} MB more for {many - few:,} rows more"

    def most_held(self, source: Source, rows: int) -> int:
        """Read all rows, keep none, and return the bytes that were held at most."""
        gc.collect()
        before = pa.total_allocated_bytes()
        query = Query(self.name, key=self.key, cursor=self.cursor, page_size=self.page_size)
        read = arrow = 0
        tracemalloc.start()
        try:
            for page in source.read(query):
                read += len(page.rows)
                arrow = max(arrow, pa.total_allocated_bytes() - before)
            python = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert read == rows
        return python + arrow


def numbered(count: int) -> Iterator[dict[str, Any]]:
    """Yield so many records, one after another: `id`, `name`, `changed`, in their order."""
    for number in range(count):
        minute, second = divmod(number % 3600, 60)
        yield {
            "id": f"{number:08}",
            "name": f"Zoë {number} O'Brien",
            "changed": f"2026-{number // 90_000 % 12 + 1:02}-01T{number // 3600 % 24:02}:"
            f"{minute:02}:{second:02}Z",
        }
