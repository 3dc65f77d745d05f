"""Active Directory's change feed: the DirSync control ([MS-ADTS] section 3.1.1.3.4.1.3).

DirSync names every changed object of a whole partition and gives only what changed of it, so each
one is read again, whole, by the object's own base and filter. What is not found by them any more
was deleted, moved away or stopped fitting: its key comes as a deleted row.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from connectors.contract import Page, Query
from connectors.errors import ExpiredCursorError, MisconfiguredError, UnauthorizedError
from connectors.ldap.answers import Entry, Result
from connectors.ldap.ber import integer, members, number, octets, sequence
from connectors.ldap.failures import (
    INSUFFICIENT_RIGHTS,
    PROTOCOL_ERROR,
    SUCCESS,
    UNAVAILABLE_EXTENSION,
    UNWILLING,
    raised,
    understood,
)
from connectors.ldap.filters import all_of, any_of, classes_of, equal
from connectors.ldap.names import is_below
from connectors.ldap.protocol import Control
from connectors.ldap.reading import found, paged
from connectors.ldap.rows import Rows
from connectors.ldap.session import Session, held
from connectors.ldap.token import Token, digest_of, read_token
from connectors.ldap.values import READ, Kind

REQUEST = "1.2.840.113556.1.4.841"
_SHOW_DELETED = "1.2.840.113556.1.4.417"
_HOW = "dirsync"
_BYTES = 1 << 20
_TOGETHER = 100
_NO_COOKIE = {PROTOCOL_ERROR, UNAVAILABLE_EXTENSION, UNWILLING}
"""What servers answer to a cookie that is none of theirs."""
_NOTHING = equal("objectGUID", bytes(16))
_LIFETIME = 60
"""Days that deleted objects are remembered where the forest does not say."""


def changes(session: Session, rows: Rows, query: Query) -> Iterator[Page]:
    """Yield what changed since the position; each reply of the server ends in a position.

    Raises ExpiredCursorError when deleted objects may be forgotten by now, MisconfiguredError when
    the key is another than ``objectGUID``, UnauthorizedError without the right to replicate.
    """
    if rows.key.lower() != "objectguid":
        raise MisconfiguredError(
            f"{rows.name}: the feed names deleted objects by objectGUID; make that the mapping's "
            f"key instead of {rows.key}"
        )
    if query.after is None:
        yield from _first(session, rows, query)
        return
    token = read_token(query.after, _HOW, rows)
    if datetime.now(UTC) - token.given > _remembered(session):
        raise ExpiredCursorError(
            f"{rows.name}: deleted objects may be forgotten since the position"
        )
    condition = all_of(*(f"(objectClass={name})" for name in classes_of(rows.spec.filter)))
    for entries, cookie in _replies(session, rows, condition, token.cookie):
        yield from _reply(session, rows, query, entries, cookie)


def _first(session: Session, rows: Rows, query: Query) -> Iterator[Page]:
    """All there is, and the position from before: what changes meanwhile comes once more."""
    *_, (_, cookie) = _replies(session, rows, _NOTHING, b"")
    yield from paged(rows, found(session, rows), query.page_size)
    yield Page([], Token(_HOW, digest_of(rows), cookie).cursor())


def _reply(
    session: Session, rows: Rows, query: Query, entries: list[Entry], cookie: bytes
) -> Iterator[Page]:
    with understood(session.place):
        identifiers = list(dict.fromkeys(held(entry, "objectGUID")[0] for entry in entries))
    left = {READ[Kind.GUID](one): one for one in identifiers}
    for start in range(0, len(identifiers), _TOGETHER):
        some = any_of(*(equal("objectGUID", one) for one in identifiers[start : start + _TOGETHER]))
        there = list(found(session, rows, some))
        for entry in there:
            left.pop(READ[Kind.GUID](held(entry, "objectGUID")[0]), None)
        yield from paged(rows, there, query.page_size)
    gone = [rows.gone(one) for one in left]
    for start in range(0, len(gone), query.page_size):
        yield Page(gone[start : start + query.page_size])
    yield Page([], Token(_HOW, digest_of(rows), cookie).cursor())


def _replies(
    session: Session, rows: Rows, condition: str, cookie: bytes
) -> Iterator[tuple[list[Entry], bytes]]:
    """Yield the entries of each reply with the cookie after it, until there are no more."""
    base = _partition(session, rows.spec.base)
    more = True
    while more:
        value = sequence(integer(0), integer(_BYTES), octets(cookie))
        controls = [Control(REQUEST, value), Control(_SHOW_DELETED)]
        entries: list[Entry] = []
        for answer in session.search(base, "subtree", condition, ["*"], controls):
            if isinstance(answer, Entry):
                entries.append(answer)
            elif isinstance(answer, Result):
                more, cookie = _after(session, rows, answer, cookie)
        yield entries, cookie


def _after(session: Session, rows: Rows, result: Result, cookie: bytes) -> tuple[bool, bytes]:
    place = f"{session.place}: {rows.name}"
    if cookie and result.code in _NO_COOKIE:
        raise ExpiredCursorError(f"{place}: the server does not take the position any more")
    if result.code == INSUFFICIENT_RIGHTS:
        raise UnauthorizedError(
            f"{place}: insufficientAccessRights: the feed needs the right 'Replicating Directory "
            "Changes' on the domain"
        )
    if result.code != SUCCESS:
        raise raised(result, place, session.known())
    with understood(place):
        (_, more), _, (_, following) = members(result.controls[REQUEST])
    return number(more) != 0, following


def _partition(session: Session, base: str) -> str:
    """The root of the partition that holds the base: nothing below it can be asked for."""
    holding = [one for one in session.root.all("namingContexts") if is_below(base, one)]
    return max(holding, key=len, default=base)


def _remembered(session: Session) -> timedelta:
    configuration = session.root.first("configurationNamingContext")
    service = f"CN=Directory Service,CN=Windows NT,CN=Services,{configuration}"
    entry = session.one(service, ["tombstoneLifetime"]) if configuration else None
    said = held(entry, "tombstoneLifetime") if entry else []
    return timedelta(days=int(said[0]) if said else _LIFETIME)
