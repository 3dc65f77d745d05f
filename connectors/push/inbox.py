"""The inbox: pushed rows in a SQLite file, in the order they came, each kept until it was read.

A push is answered only when it stands on the disk. Several processes may write and read.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.errors import MisconfiguredError, TransientError
from connectors.push.events import Event

_WAIT = 10.0
_TABLE = """
CREATE TABLE IF NOT EXISTS pushed (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE,
    received_at TEXT NOT NULL,
    row TEXT NOT NULL
)
"""


class Inbox:
    """One file of pushed rows."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, events: Sequence[Event], names: Sequence[str | None], now: datetime) -> int:
        """Keep the rows of one push, all or none, and return how many are new.

        One whose name is there already was pushed before. The rows are on the disk on return.
        """
        moment = now.astimezone(UTC).isoformat()
        rows = [
            (name, moment, json.dumps({**event.row, "_received_at": moment}, ensure_ascii=False))
            for event, name in zip(events, names, strict=True)
        ]
        with self._opened() as db, db:
            before = db.total_changes
            db.executemany(
                "INSERT INTO pushed (name, received_at, row) VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO NOTHING",
                rows,
            )
            return db.total_changes - before

    def after(self, number: int, most: int) -> list[tuple[int, dict[str, Any]]]:
        """Return the next rows behind a number, with theirs."""
        with self._opened() as db:
            found = db.execute(
                "SELECT number, row FROM pushed WHERE number > ? ORDER BY number LIMIT ?",
                (number, most),
            ).fetchall()
        return [(each, json.loads(row)) for each, row in found]

    def forget(self, number: int, before: datetime) -> int:
        """Remove rows up to a number that came before a moment; return how many."""
        moment = before.astimezone(UTC).isoformat()
        with self._opened() as db, db:
            gone = db.execute(
                "DELETE FROM pushed WHERE number <= ? AND received_at < ?", (number, moment)
            )
            return gone.rowcount

    def count(self) -> int:
        """How many rows are held."""
        with self._opened() as db:
            return int(db.execute("SELECT count(*) FROM pushed").fetchone()[0])

    def newest(self, number: int) -> Iterator[str]:
        """Yield the texts of the newest rows, for their columns."""
        with self._opened() as db:
            found = db.execute("SELECT row FROM pushed ORDER BY number DESC LIMIT ?", (number,))
            yield from (row for (row,) in found.fetchall())

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            if not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
            with closing(sqlite3.connect(self._path, timeout=_WAIT)) as db:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.execute(_TABLE)
                yield db
        except sqlite3.OperationalError as error:
            name = self._path.name
            if "locked" in str(error) or "busy" in str(error):
                raise TransientError(f"{name}: another process writes for too long") from None
            raise MisconfiguredError(f"{self._path}: {error}; check inbox") from None
        except sqlite3.DatabaseError:
            raise MisconfiguredError(f"{self._path}: is no inbox of ours; check inbox") from None
        except OSError as error:
            raise MisconfiguredError(f"{self._path}: {error.strerror}; check inbox") from None


def old(days: int, now: datetime) -> datetime:
    """The moment before which rows that were read are old."""
    return now - timedelta(days=days)
