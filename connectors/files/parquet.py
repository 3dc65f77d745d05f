"""Parquet: the file's own types, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from pyarrow import parquet as pq

from connectors.contract import Column
from connectors.errors import MisconfiguredError
from connectors.files.options import Part, Reading
from connectors.files.stored import seekable


def read(reading: Reading) -> Iterator[Part]:
    """Yield the file's batches. Raises MisconfiguredError for a file that is no Parquet."""
    with _opened(reading) as file:
        wanted = reading.wanted(file.schema_arrow.names)
        try:
            for batch in file.iter_batches(reading.page_size, columns=wanted):
                yield batch, []
        except (pa.ArrowException, OSError):
            raise MisconfiguredError(f"{reading.file.name}: is damaged; export it again") from None


def columns(reading: Reading) -> tuple[Column, ...]:
    """The columns by the file's own schema."""
    with _opened(reading) as file:
        return tuple(Column(f.name, str(f.type), f.nullable) for f in file.schema_arrow)


@contextmanager
def _opened(reading: Reading) -> Iterator[pq.ParquetFile]:
    with seekable(reading.file) as stream:
        try:
            file = pq.ParquetFile(stream)
        except (pa.ArrowException, OSError):
            raise MisconfiguredError(
                f"{reading.file.name}: is no Parquet file, or half of one"
            ) from None
        with file:
            yield file
