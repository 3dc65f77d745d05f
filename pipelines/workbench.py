"""DuckDB databases in memory for one step's work, with their bounds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipelines.errors import JobError


@contextmanager
def workbench(folder: Path, *, memory: str = "4GB") -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a DuckDB database that spills into `folder` and reads no file it is not told to.

    Raises JobError when the rows fit neither into memory nor on the disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    try:
        con.execute(f"SET memory_limit = '{memory}'")
        con.execute("SET temp_directory = $folder", {"folder": str(folder / "spill")})
        yield con
    except (duckdb.OutOfMemoryException, duckdb.IOException):
        raise JobError(
            f"{folder}: the rows do not fit into {memory} of memory and what is free on the disk"
            f"{room(folder)}; nothing is lost: free some space and run again"
        ) from None
    finally:
        con.close()


@contextmanager
def scratch() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give one that takes at most two fifths of the memory, as Python's own objects want the rest.

    What does not fit goes to a folder that nobody else may read, and that goes with the database.
    """
    with (
        TemporaryDirectory(prefix="isthmus-") as name,
        workbench(Path(name), memory="40%") as con,
    ):
        con.execute("SET enable_progress_bar = false")
        yield con


def room(folder: Path) -> str:
    """Return how much is free on a folder's disk, as ``" (12.3 MB free)"``, or nothing."""
    place = next((each for each in (folder, *folder.parents) if each.is_dir()), folder)
    try:
        return f" ({shutil.disk_usage(place).free / 1e6:,.1f} MB free)"
    except OSError:
        return ""
