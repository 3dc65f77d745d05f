"""Where pushed rows wait: in a file of this host, or in the database that several hosts share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.contract import Connector
from connectors.errors import TransientError
from connectors.push import FileInbox, FullError, Push, Pushed
from connectors.push.inbox import full
from idp_core.db.engine import reading, writing
from idp_core.db.failures import reason_of
from idp_core.ledger import pushed
from pipelines.errors import JobError
from pipelines.project import Project

Opening = Callable[[], AbstractContextManager[sa.Engine]]
"""Gives the engine of the project's database for as long as it is used."""


def with_inbox(
    connector: Connector, project: Project, source: str, shared: Opening | None
) -> Connector:
    """Give a source that is pushed to the project's inbox, unless it names a file of its own.

    `shared` opens the project's database where several hosts may share it.
    """
    if not isinstance(connector, Push) or connector.inbox is not None:
        return connector
    most = int(connector.most)
    if shared is not None:
        return connector.kept_in(DatabaseInbox(source, shared, most))
    return connector.kept_in(FileInbox(project.data_folder / f"{source}.inbox", most))


class DatabaseInbox:
    """The pushed rows of one source in the project's database, of some bytes at most."""

    def __init__(self, source: str, opening: Opening, largest: int) -> None:
        self._source, self._opening, self._largest = source, opening, largest

    @property
    def named(self) -> str:
        """The source's name: its inbox has no other."""
        return f"{self._source} in the database"

    def put(self, rows: Sequence[Pushed], now: datetime) -> int:
        """Keep the rows of one push."""
        given = [pushed.PushedRow(row.text, row.name) for row in rows]
        try:
            with self._engine() as engine, writing(engine) as conn:
                return pushed.put_pushed(conn, self._source, given, self._largest, now)
        except pushed.NoRoomError:
            raise FullError(full(self.named)) from None

    def after(self, number: int, most: int) -> list[tuple[int, dict[str, Any]]]:
        """Return the next rows behind a number."""
        with self._engine() as engine, reading(engine) as conn:
            found = pushed.pushed_after(conn, self._source, number, most)
        return [(each, json.loads(text)) for each, text in found]

    def forget(self, number: int, before: datetime) -> int:
        """Note that rows up to a number were read; remove the old ones."""
        with self._engine() as engine, writing(engine) as conn:
            return pushed.note_landed(conn, self._source, number, before)

    def count(self) -> int:
        """How many rows are held."""
        with self._engine() as engine, reading(engine) as conn:
            return pushed.count_pushed(conn, self._source)

    def newest(self, number: int) -> Sequence[str]:
        """Return the texts of the newest rows."""
        with self._engine() as engine, reading(engine) as conn:
            return pushed.newest_pushed(conn, self._source, number)

    @contextmanager
    def _engine(self) -> Iterator[sa.Engine]:
        """Give the engine; what goes wrong in the database passes with time, or is a bug."""
        try:
            with self._opening() as engine, self._telling(engine):
                yield engine
        except JobError as error:
            raise TransientError(str(error)) from None

    @contextmanager
    def _telling(self, engine: sa.Engine) -> Iterator[None]:
        try:
            yield
        except sa.exc.TimeoutError:
            raise TransientError(f"{self.named}: no connection is free") from None
        except sa.exc.DBAPIError as error:
            reason = reason_of(error, engine.url)
            if reason is None:
                raise
            raise TransientError(f"{self.named}: {reason}") from None
