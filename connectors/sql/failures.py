"""What a driver reports, in our words: without statements, parameters or the server's text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    TransientError,
    UnauthorizedError,
)

_REFUSED = (
    "authentication failed",
    "no password supplied",
    "access denied",
    "login failed",
    "permission denied",
    'role "',  # PostgreSQL: role "x" does not exist, is not permitted to log in
)
_DAMAGED = ("malformed", "not a database", "corrupt")
_WRONG = (
    "does not exist",
    "unknown database",
    "no such table",
    "no such column",
    "syntax error",
    "readonly",
    "read-only",
    "unable to open database file",
)


@contextmanager
def translated(url: sa.URL) -> Iterator[None]:
    """Turn whatever the driver raises inside the block into an error of ours."""
    try:
        yield
    except DBAPIError as error:
        raise _meaning(error, name_of(url)) from None
    except SQLAlchemyError as error:
        raise MisconfiguredError(f"{name_of(url)}: {type(error).__name__}; check url") from None
    except UnicodeDecodeError:
        raise MisconfiguredError(
            f"{name_of(url)}: holds text in another encoding; set it in the url's options"
        ) from None


def name_of(url: sa.URL) -> str:
    """``postgresql shop at db.example``: how a database is named in messages."""
    where = f" at {url.host}" if url.host else ""
    return f"{url.get_backend_name()} {url.database or ''}{where}"


def _meaning(error: DBAPIError, name: str) -> ConnectorError:
    text = str(error.orig).lower()
    state = getattr(error.orig, "sqlstate", None) or ""
    if state[:2] == "28" or state == "42501" or any(word in text for word in _REFUSED):
        return UnauthorizedError(f"{name}: refuses us; check user, password and the rights to read")
    if not state and any(word in text for word in _DAMAGED):
        return MisconfiguredError(f"{name}: is damaged, or no such database; restore it")
    if "could not decode" in text:
        column = text.partition("column '")[2].partition("'")[0]
        return MisconfiguredError(
            f"{name}: column {column!r} holds text that is not UTF-8; mend it, or read a query "
            "that casts it to blob"
        )
    if state[:2] in {"3D", "42", "22", "25"} or any(word in text for word in _WRONG):
        code = f" ({state})" if state else ""
        return MisconfiguredError(
            f"{name}: {type(error.orig).__name__}{code}; check url, object and queries"
        )
    return TransientError(f"{name}: no answer ({type(error.orig).__name__}); is it reachable?")
