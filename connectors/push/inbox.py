"""The inbox: pushed rows in a SQLite file, in the order they came, each kept until it was read.

A push is answered only when it stands on the disk. Several processes may write and read. A file
that is as large as it may be loses rows that were read, the oldest first; when all that is left
waits to be read, it takes no more.
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
_TABLES = (
    """
CREATE TABLE IF NOT EXISTS pushed (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE,
    received_at TEXT NOT NULL,
    row TEXT NOT NULL
)
""",
    "CREATE TABLE IF NOT EXISTS landed (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER)",
)
_SHARE = 10
"""One in so many of the rows that were read goes at once where room is needed."""


class FullError(TransientError):
    """The inbox holds as much as it may, and all of it waits to be read."""


class Inbox:
    """One file of pushed rows, of some bytes at most."""

    def __init__(self, path: Path, largest: int) -> None:
        self._path, self._largest = path, largest

    def put(self, events: Sequence[Event], names: Sequence[str | None], now: datetime) -> int:
        """Keep the rows of one push, all or none, and return how many are new.

        One whose name is there already was pushed before. The rows are on the disk on return.
        Raises FullError when there is no room for them; then none is kept.
        """
        moment = now.astimezone(UTC).isoformat()
        rows = [
            (name, moment, json.dumps({**event.row, "_received_at": moment}, ensure_ascii=False))
            for event, name in zip(events, names, strict=True)
        ]
        coming = sum(len(row.encode()) for _, _, row in rows)
        with self._opened() as db, db:
            db.execute("BEGIN IMMEDIATE")
            self._make_room(db, coming)
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
        """Note that rows up to a number were read; remove those of them that came before a moment.

        Returns how many were removed.
        """
        moment = before.astimezone(UTC).isoformat()
        with self._opened() as db, db:
            db.execute(
                "INSERT INTO landed VALUES (1, ?) ON CONFLICT (one)"
                " DO UPDATE SET number = max(number, excluded.number)",
                (number,),
            )
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

    def _make_room(self, db: sqlite3.Connection, coming: int) -> None:
        while _used(db) + coming > self._largest:
            gone = db.execute(
                "DELETE FROM pushed WHERE number IN (SELECT number FROM pushed WHERE number <="
                " (SELECT number FROM landed) ORDER BY number LIMIT"
                f" (SELECT 1 + count(*) / {_SHARE} FROM pushed))"
            )
            if not gone.rowcount:
                raise FullError(
                    f"{self._path.name}: holds as much as it may, and all of it waits to be read; "
                    "run isthmus sync, or set most"
                )

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            if not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
            with closing(sqlite3.connect(self._path, timeout=_WAIT)) as db:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                for table in _TABLES:
                    db.execute(table)
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


def _used(db: sqlite3.Connection) -> int:
    """The bytes of the pages that hold something: those of removed rows are used again."""
    size, pages, free = (
        int(db.execute(f"PRAGMA {each}").fetchone()[0])
        for each in ("page_size", "page_count", "freelist_count")
    )
    return size * (pages - free)


def old(days: int, now: datetime) -> datetime:
    """The moment before which rows that were read are old."""
    return now - timedelta(days=days)
