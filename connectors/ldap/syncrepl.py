"""The change feed of RFC 4533: OpenLDAP's syncprov, 389 Directory Server and others.

We ask for a refresh (refreshOnly) since a cookie. A server that remembers what happened names the
deleted entries; one that does not names all that are left instead (the present phase). Whoever
keeps no list of his own learns nothing from that, so it counts as a forgotten position.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Page, Query, RejectedRow
from connectors.errors import ExpiredCursorError, MisconfiguredError
from connectors.ldap.answers import Entry, Notice, Reference, Result
from connectors.ldap.ber import (
    BOOLEAN,
    ENUMERATED,
    OCTETS,
    SET,
    integer,
    members,
    number,
    octets,
    parts,
    sequence,
)
from connectors.ldap.failures import SUCCESS, UNWILLING, raised, understood
from connectors.ldap.protocol import Control
from connectors.ldap.rows import Rows, UnreadableError
from connectors.ldap.session import Session
from connectors.ldap.token import Token, digest_of, read_token

REQUEST = "1.3.6.1.4.1.4203.1.9.1.1"
_STATE = "1.3.6.1.4.1.4203.1.9.1.2"
_DONE = "1.3.6.1.4.1.4203.1.9.1.3"
_INFO = "1.3.6.1.4.1.4203.1.9.1.4"
_HOW = "syncrepl"
_REFRESH_ONLY = 1
_PRESENT, _DELETE = 0, 3
_NEW_COOKIE, _REFRESH_PRESENT, _ID_SET = 0x80, 0xA2, 0xA3


@dataclass(slots=True)
class _Told:
    """What came so far and is not yet given on."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    cookie: bytes = b""
    entries: int = 0


def changes(session: Session, rows: Rows, query: Query) -> Iterator[Page]:
    """Yield what changed since the position; only the last page has a position of its own.

    Raises ExpiredCursorError when the server does not remember, MisconfiguredError when the key is
    another than ``entryUUID``, by which deleted entries are named.
    """
    if rows.key.lower() != "entryuuid":
        raise MisconfiguredError(
            f"{rows.name}: the feed names deleted entries by entryUUID; make that the mapping's "
            f"key instead of {rows.key}"
        )
    token = read_token(query.after, _HOW, rows) if query.after else None
    told = _Told(cookie=token.cookie if token else b"")
    given = [octets(token.cookie)] if token else []
    control = Control(REQUEST, sequence(integer(_REFRESH_ONLY, ENUMERATED), *given))
    spec = rows.spec
    answers = session.search(spec.base, spec.scope, spec.filter, rows.attributes(), [control])
    for answer in answers:
        with understood(session.place):
            match answer:
                case Entry():
                    _entry(answer, rows, told, token)
                case Notice(name=name) if name == _INFO:
                    _info(answer, rows, told, token)
                case Reference():
                    session.references.update(answer.urls[:1])
                case Result():
                    _ended(answer, session, rows, told, token)
        while len(told.rows) > query.page_size:
            part, told.rows = told.rows[: query.page_size], told.rows[query.page_size :]
            yield Page(part, None, told.rejected)
            told.rejected = []
    position = Token(_HOW, digest_of(rows), told.cookie).cursor() if told.cookie else None
    yield Page(told.rows, position, told.rejected)


def _entry(entry: Entry, rows: Rows, told: _Told, token: Token | None) -> None:
    (_, state), (_, identifier), *more = members(entry.controls[_STATE])
    told.cookie = next((value for tag, value in more if tag == OCTETS), told.cookie)
    told.entries += 1
    if number(state) == _PRESENT:
        _forgotten(rows, token)
    elif number(state) == _DELETE:
        told.rows.append(_gone(rows, identifier))
    else:
        try:
            told.rows.append(rows.row(rows.values(entry)))
        except UnreadableError as error:
            told.rejected.append(rows.rejected(entry, told.entries, error))


def _info(notice: Notice, rows: Rows, told: _Told, token: Token | None) -> None:
    ((tag, content),) = parts(notice.value, 0, len(notice.value))
    if tag == _NEW_COOKIE:
        told.cookie = content
        return
    if tag == _REFRESH_PRESENT:
        _forgotten(rows, token)
    inner = list(parts(content, 0, len(content)))
    told.cookie = next((value for kind, value in inner if kind == OCTETS), told.cookie)
    if tag == _ID_SET:
        if not _says_yes(inner):
            _forgotten(rows, token)
        identifiers = dict(inner)[SET]
        told.rows += [_gone(rows, each) for _, each in parts(identifiers, 0, len(identifiers))]


def _ended(result: Result, session: Session, rows: Rows, told: _Told, token: Token | None) -> None:
    if token and result.code == UNWILLING:  # a cookie from the future: the server was restored
        raise ExpiredCursorError(f"{session.place}: the server knows less than our position does")
    if result.code != SUCCESS:
        raise raised(result, f"{session.place}: {rows.name}", session.known())
    if _DONE not in result.controls:
        raise MisconfiguredError(
            f"{session.place}: answers as if it had no feed; load syncprov, or take mode: full"
        )
    done = members(result.controls[_DONE])
    if not _says_yes(done):
        _forgotten(rows, token)
    told.cookie = next((value for tag, value in done if tag == OCTETS), told.cookie)


def _says_yes(parts_of: list[tuple[int, bytes]]) -> bool:
    """Whether ``refreshDeletes`` is set: what is named is gone, and what is not is still there."""
    return any(kind == BOOLEAN and value != b"\0" for kind, value in parts_of)


def _gone(rows: Rows, identifier: bytes) -> dict[str, Any]:
    return rows.gone(str(uuid.UUID(bytes=identifier)))


def _forgotten(rows: Rows, token: Token | None) -> None:
    """Entries that are still there are named: then those that are not there any more are not."""
    if token:
        raise ExpiredCursorError(
            f"{rows.name}: the server does not remember what was deleted since; a larger "
            "syncprov-sessionlog makes it remember longer"
        )
