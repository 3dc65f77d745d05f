"""Why a database cannot be used, in one line with the mend: what its driver says, without values.

A statement that a constraint or the server's grammar refuses is a bug of ours and none of this.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

_RESTORE = "stop all runs and put back a copy of it"
_RIGHTS = "give the rights to it and its folder to the user who runs isthmus"
_SQLITE: Mapping[str, str] = {
    "FULL": "the disk is full{room}; free some space and run again",
    "IOERR": "it cannot be read or written{room}; look at the disk, and at limits on files "
    "(ulimit -f), and run again",
    "BUSY": "another process keeps it locked; wait for it, or stop it",
    "LOCKED": "another process keeps it locked; wait for it, or stop it",
    "READONLY": f"it may only be read; {_RIGHTS}",
    "PERM": f"it may not be opened; {_RIGHTS}",
    "CANTOPEN": f"it cannot be opened; {_RIGHTS}",
    "NOTADB": f"it is no database, or damaged; {_RESTORE}",
    "CORRUPT": f"it is damaged; {_RESTORE}",
    "PROTOCOL": "another process keeps it locked; wait for it, or stop it",
    "NOMEM": "there is not enough memory; free some and run again",
}
"""By SQLite's code: what is wrong and the mend."""
_LACKS = f"it lacks a table or a column that its version has; {_RESTORE}"
_POSTGRESQL: Mapping[str, str] = {
    "28": "it refuses us; check user and password",
    "3D": "there is no database of this name; make it, or check its name",
    "42501": "we lack a right; grant it (CREATE on the schema, to make tables) and run again",
    "53100": "its disk is full; free some space there and run again",
    "53": "it has no room for us (connections, memory); wait, or lower ISTHMUS_DATABASE_POOL",
    "57": "it is starting, stopping or ended our connection; run again when it is up",
    "25006": "it may only be read; is it a replica? name the primary server",
    "40": "another process was in the way; run again",
    "55": "another process keeps it locked; wait for it, or stop it",
    "42P01": _LACKS,
    "42703": _LACKS,
    "58": "it cannot read or write its files; look at its disk and its log",
    "XX": "its files are damaged; look at its log",
}
"""By the server's code, or the class of codes it begins with: what is wrong and the mend."""
_SAID: Mapping[str, str] = {
    "authentication failed": _POSTGRESQL["28"],
    "no password supplied": _POSTGRESQL["28"],
    "does not exist": _POSTGRESQL["3D"],
    "refused": "nobody answers at this address; is it running?",
    "resolve": "the host name is not known; check it, or the network",
    "not known": "the host name is not known; check it, or the network",
    "timeout": "it does not answer in time; is it reachable from here?",
    "too many": _POSTGRESQL["53"],
    "certificate": "its certificate is not trusted; check sslmode and sslrootcert",
    "ssl": "no TLS could be agreed on; check sslmode",
}
"""By words of a connection that failed, which has no code."""
_LOST = "the connection was lost; run again when it is up"


def reason_of(error: sa.exc.DBAPIError, url: sa.URL) -> str | None:
    """Return why a database cannot be used and what to do; None for an error that is a bug."""
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig, url)
    state = getattr(error.orig, "sqlstate", None) or ""
    for code in (state, state[:2]):
        if code in _POSTGRESQL:
            return _POSTGRESQL[code]
    if state or not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return _LOST if error.connection_invalidated else None
    said = str(error.orig).lower()
    return next((reason for words, reason in _SAID.items() if words in said), _LOST)


def _of_sqlite(error: sqlite3.Error, url: sa.URL) -> str | None:
    name = getattr(error, "sqlite_errorname", None) or ""
    code = name.removeprefix("SQLITE_").split("_")[0]
    if code == "ERROR" and str(error).startswith(("no such table", "no such column")):
        return _LACKS
    free = _free(url)
    if code == "IOERR" and free is not None and free < _NOTHING:
        code = "FULL"  # the file beside it that processes share could not grow
    room = "" if free is None else f" ({free / 1e6:,.1f} MB free)"
    reason = _SQLITE.get(code)
    return reason.format(room=room) if reason else None


_NOTHING = 100_000
"""Bytes: with fewer free, a disk is full."""


def _free(url: sa.URL) -> int | None:
    """Return how many bytes are free on the disk of a file, where that can be told."""
    try:
        return shutil.disk_usage(Path(url.database or ".").parent).free
    except OSError:
        return None
