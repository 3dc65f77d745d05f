"""Positions of feeds: a server's cookie, and what it was given for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors.contract import Cursor
from connectors.errors import ExpiredCursorError
from connectors.ldap.rows import Rows


@dataclass(frozen=True, slots=True)
class Token:
    """A cookie of a feed (`how`) for one choice of entries and columns, and when it was given."""

    how: str
    digest: str
    cookie: bytes = field(repr=False)
    given: datetime = field(default_factory=lambda: datetime.now(UTC))

    def cursor(self) -> Cursor:
        """The token as a position."""
        cookie = base64.urlsafe_b64encode(self.cookie).decode()
        return Cursor(f"{self.how}:{self.digest}:{int(self.given.timestamp())}:{cookie}")


def read_token(cursor: Cursor, how: str, rows: Rows) -> Token:
    """The token of a position; ExpiredCursorError when it was given for something else."""
    try:
        said, digest, given, cookie = cursor.value.split(":")
        when = datetime.fromtimestamp(int(given), UTC)
        raw = base64.urlsafe_b64decode(cookie)
    except (ValueError, binascii.Error, OverflowError, OSError):
        said, digest, when, raw = "", "", datetime.now(UTC), b""
    if (said, digest) != (how, digest_of(rows)):
        raise ExpiredCursorError(
            f"{rows.name}: the position was given for another base, filter, choice of attributes "
            "or server"
        )
    return Token(how, digest, raw, when)


def digest_of(rows: Rows) -> str:
    """A short name for what decides which entries come, and as what."""
    spec = rows.spec
    text = json.dumps([spec.base, spec.scope, spec.filter, rows.attributes(), list(spec.single)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
