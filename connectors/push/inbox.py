"""The inbox: pushed rows in the order they came, each kept until it was read.

A push is answered only when it stands on the disk. Several processes may write and read. An inbox
that is as large as it may be loses rows that were read, the oldest first; when all that is left
waits to be read, it takes no more. `FileInbox` is one in a SQLite file; whoever has a database that
several hosts share gives the source one of its own (`Push.kept_in`).
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

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


@dataclass(frozen=True, slots=True)
class Pushed:
    """A row as it is kept: its text, and the digest of the push's name where it has one."""

    text: str = field(repr=False)
    name: str | None


class Inbox(Protocol):
    """Where pushed rows wait. Raises TransientError and MisconfiguredError."""

    @property
    def named(self) -> str:
        """What it is called in messages."""

    def put(self, rows: Sequence[Pushed], now: datetime) -> int:
        """Keep the rows of one push, all or none, and return how many are new.

        One whose name is there already was pushed before. The rows are on the disk on return.
        Raises FullError when there is no room for them; then none is kept.
        """

    def after(self, number: int, most: int) -> list[tuple[int, dict[str, Any]]]:
        """Return the next rows behind a number, with theirs, in the order of their numbers.

        A row that appears later has a larger number than all that were there to be seen.
        """

    def forget(self, number: int, before: datetime) -> int:
        """Note that rows up to a number were read; remove those of them that came before a moment.

        Returns how many were removed.
        """

    def count(self) -> int:
        """How many rows are held."""

    def newest(self, number: int) -> Sequence[str]:
        """Return the texts of the newest rows, for their columns."""


def kept(events: Sequence[Event], names: Sequence[str | None], now: datetime) -> list[Pushed]:
    """Return the rows of a push as they are kept: with the moment they came, their names digested.

    A name may be of any length and hold any character; its digest is what every store can look up.
    """
    moment = now.astimezone(UTC).isoformat()
    return [
        Pushed(_text({**event.row, "_received_at": moment}), name and _digest(name))
        for event, name in zip(events, names, strict=True)
    ]


def _text(row: dict[str, Any]) -> str:
    text = json.dumps(row, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a character, as where an emoji was cut in two
        return json.dumps(row)
    return text


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


class FileInbox:
    """One file of pushed rows, of some bytes at most."""

    def __init__(self, path: Path, largest: int) -> None:
        self._path, self._largest = path, largest

    @property
    def named(self) -> str:
        """The name of the file."""
        return self._path.name

    def put(self, rows: Sequence[Pushed], now: datetime) -> int:
        """Keep the rows of one push."""
        moment = now.astimezone(UTC).isoformat()
        coming = sum(len(row.text.encode()) for row in rows)
        with self._opened() as db, db:
            db.execute("BEGIN IMMEDIATE")
            self._make_room(db, coming)
            before = db.total_changes
            db.executemany(
                "INSERT INTO pushed (name, received_at, row) VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO NOTHING",
                [(row.name, moment, row.text) for row in rows],
            )
            return db.total_changes - before

    def after(self, number: int, most: int) -> list[tuple[int, dict[str, Any]]]:
        """Return the next rows behind a number."""
        with self._opened() as db:
            found = db.execute(
                "SELECT number, row FROM pushed WHERE number > ? ORDER BY number LIMIT ?",
                (number, most),
            ).fetchall()
        return [(each, json.loads(row)) for each, row in found]

    def forget(self, number: int, before: datetime) -> int:
        """Note that rows up to a number were read; remove the old ones."""
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

    def newest(self, number: int) -> Sequence[str]:
        """Return the texts of the newest rows."""
        with self._opened() as db:
            found = db.execute("SELECT row FROM pushed ORDER BY number DESC LIMIT ?", (number,))
            return [row for (row,) in found.fetchall()]

    def _make_room(self, db: sqlite3.Connection, coming: int) -> None:
        while _used(db) + coming > self._largest:
            gone = db.execute(
                "DELETE FROM pushed WHERE number IN (SELECT number FROM pushed WHERE number <="
                " (SELECT number FROM landed) ORDER BY number LIMIT"
                f" (SELECT 1 + count(*) / {_SHARE} FROM pushed))"
            )
            if not gone.rowcount:
                raise FullError(full(self.named))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            if not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
            with closing(sqlite3.connect(self._path, timeout=_WAIT)) as db:
                _write_ahead(db)
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


def _write_ahead(db: sqlite3.Connection) -> None:
    """Turn a new file to write-ahead logging: SQLite does not wait where another process does."""
    until = time.monotonic() + _WAIT
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def full(inbox: str) -> str:
    """What is said of an inbox without room."""
    return (
        f"{inbox}: holds as much as it may, and all of it waits to be read; run isthmus sync, or "
        "set most"
    )


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
