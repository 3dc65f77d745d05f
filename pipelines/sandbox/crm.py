"""The CRM: contacts in a SQLite file, offered as a paged JSON API by Datasette.

Datasette is a product of its own that we start unchanged: ``/crm/contacts.json`` pages by keyset,
sorts and filters (``updated_at__gte=``).
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import requests

from pipelines.sandbox.processes import Server
from pipelines.sandbox.shapes import COLUMNS, Row

PAGE = 1000

_TABLE = """
CREATE TABLE contacts (
    id TEXT PRIMARY KEY, name TEXT, email TEXT, mobile TEXT, phone TEXT, company TEXT,
    street TEXT, postal_code TEXT, city TEXT, country_code TEXT, language TEXT, birthdate TEXT,
    opted_out INTEGER, shop_number TEXT, updated_at TEXT NOT NULL, is_deleted INTEGER NOT NULL
);
CREATE INDEX contacts_changed ON contacts (updated_at, id);
"""
_PLACES = ", ".join("?" for _ in COLUMNS["crm"])


def fill(file: Path, rows: Iterable[Row]) -> None:
    """Make the CRM's database anew with these rows."""
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(_TABLE)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executemany(f"INSERT INTO contacts VALUES ({_PLACES})", rows)


def edit(file: Path, changed: Iterable[Row], gone: Iterable[str]) -> None:
    """Insert or overwrite rows and remove others, in one transaction."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(f"INSERT OR REPLACE INTO contacts VALUES ({_PLACES})", changed)
        connection.executemany("DELETE FROM contacts WHERE id = ?", [(key,) for key in gone])


def server(file: Path, port: int, folder: Path) -> Server:
    """Return how Datasette is started over this file; its pid and log go to `folder`."""
    options = {"max_returned_rows": PAGE, "default_page_size": PAGE, "sql_time_limit_ms": 20_000}
    settings = [word for name, value in options.items() for word in ("--setting", name, str(value))]
    command = [sys.executable, "-m", "datasette", "serve", str(file), "-h", "127.0.0.1"]
    return Server("crm", [*command, "-p", str(port), *settings], folder)


def answers(file: Path, port: int) -> bool:
    """Whether the server on this port is Datasette and holds this very file."""
    try:
        reply = requests.get(f"http://127.0.0.1:{port}/-/databases.json", timeout=2)
        return any(Path(str(one.get("path"))) == file for one in reply.json())
    except (requests.RequestException, ValueError, AttributeError):
        return False
