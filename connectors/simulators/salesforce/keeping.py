"""A SQLite file behind an org: one row a record, written with the request that changed it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.simulators.salesforce.schema import Record
from connectors.simulators.salesforce.values import show

_TABLES = """
CREATE TABLE IF NOT EXISTS record
  (id TEXT PRIMARY KEY, object TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class Keeper:
    """Keeps records in a file; without one it keeps nothing."""

    def __init__(self, file: Path | None) -> None:
        self._file = None
        if file is not None:
            self._file = sqlite3.connect(file, check_same_thread=False)
            self._file.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
            self._file.executescript(_TABLES)

    def keep(self, name: str, record: Record, made: int) -> None:
        """Write one record, and how many ids were given out."""
        if self._file is None:
            return
        body = json.dumps({key: show(value) for key, value in record.items()}, ensure_ascii=False)
        self._file.execute(
            "INSERT OR REPLACE INTO record VALUES (?, ?, ?)", (record["Id"], name, body)
        )
        self._file.execute("INSERT OR REPLACE INTO counter VALUES ('made', ?)", (made,))

    def commit(self) -> None:
        """Make what was written last."""
        if self._file is not None:
            self._file.commit()

    def undo(self) -> None:
        """Forget what was written since the last commit."""
        if self._file is not None:
            self._file.rollback()

    def made(self) -> int:
        """How many ids were given out."""
        if self._file is None:
            return 0
        found = self._file.execute("SELECT value FROM counter WHERE name = 'made'").fetchone()
        return int(found[0]) if found else 0

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every record with the name of its object, by id."""
        if self._file is not None:
            for name, body in self._file.execute("SELECT object, body FROM record ORDER BY id"):
                yield name, json.loads(body)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
