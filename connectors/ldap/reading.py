"""Reading entries: all of them as they come, or by a cursor in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from connectors.contract import Cursor, Page, Query, RejectedRow
from connectors.errors import ExpiredCursorError, MisconfiguredError
from connectors.ldap.answers import Entry
from connectors.ldap.filters import all_of, at_least, at_most
from connectors.ldap.order import Placed, ordered
from connectors.ldap.rows import Rows, UnreadableError
from connectors.ldap.session import Session
from connectors.ldap.values import WRITE, Kind

USN = "usnchanged"
"""Active Directory's counter of changes, one for each domain controller; lower case."""
_COMPARABLE = {Kind.INTEGER, Kind.TIME, Kind.FILETIME, Kind.TEXT}


def found(session: Session, rows: Rows, *conditions: str) -> Iterator[Entry]:
    """Yield the entries of an object that fit these conditions too, whole."""
    spec = rows.spec
    condition = all_of(spec.filter, *conditions)
    for entry in session.entries(spec.base, spec.scope, condition, rows.attributes()):
        ranged = any(";range=" in name for name in entry.attributes)
        yield _whole(session, entry) if ranged else entry


def read(session: Session, rows: Rows, query: Query) -> Iterator[Page]:
    """Yield pages of all entries, in the order the server gives them."""
    yield from paged(rows, found(session, rows), query.page_size)


def paged(rows: Rows, entries: Iterable[Entry], size: int) -> Iterator[Page]:
    """Make pages of entries as they come; none says where to go on."""
    made: list[dict[str, Any]] = []
    rejected: list[RejectedRow] = []
    for number, entry in enumerate(entries, 1):
        try:
            made.append(rows.row(rows.values(entry)))
        except UnreadableError as error:
            rejected.append(rows.rejected(entry, number, error))
        if len(made) == size:
            yield Page(made, None, rejected)
            made, rejected = [], []
    if made or rejected:
        yield Page(made, None, rejected)


def read_by_cursor(session: Session, rows: Rows, query: Query, cursor: str) -> Iterator[Page]:
    """Yield pages by (cursor, key), only what stands after the position.

    The server chooses by the cursor; order and ties are settled here. Entries without the cursor
    come first, and only when everything is read.
    """
    conditions, after = _bounds(session, rows, query, cursor)
    rejected: list[RejectedRow] = []
    placed = _placed(rows, found(session, rows, *conditions), cursor, rejected)
    due = (one for one in ordered(placed) if after is None or _is_after(one, after))
    while part := list(islice(due, query.page_size)):
        value, key, _ = part[-1]
        position = None if value is None else Cursor(str(value), key)
        yield Page([row for *_, row in part], position, rejected)
        rejected = []
    if rejected:
        yield Page([], None, rejected)


def _placed(
    rows: Rows, entries: Iterable[Entry], cursor: str, rejected: list[RejectedRow]
) -> Iterator[Placed]:
    for number, entry in enumerate(entries, 1):
        try:
            values = rows.values(entry)
        except UnreadableError as error:
            rejected.append(rows.rejected(entry, number, error))
        else:
            yield values.get(cursor), str(values[rows.key]), rows.row(values)


def _bounds(
    session: Session, rows: Rows, query: Query, cursor: str
) -> tuple[list[str], tuple[Any, str] | None]:
    """The conditions of the server's search, and the position that rows must stand after."""
    kind, name = rows.schema.attribute(cursor), cursor.lower()
    # Active Directory computes this one when it is asked, and finds nothing by it.
    computed = session.root.active_directory and name == "modifytimestamp"
    comparable = kind.kind in _COMPARABLE and kind.ordered and rows.column(cursor).single
    if computed or not comparable:
        raise MisconfiguredError(
            f"{rows.name}: the server cannot compare by {cursor!r}; take modifyTimestamp "
            "(Active Directory: uSNChanged), or mode: feed"
        )
    conditions = []
    highest = session.root.first("highestCommittedUSN") if name == USN else ""
    if highest:  # what is being written now is left to the next read
        conditions.append(at_most(cursor, highest.encode()))
    if query.after is None:
        return conditions, None
    value = _parsed(query.after.value, kind.kind, f"{rows.name}.{cursor}")
    if highest and value > int(highest):
        raise ExpiredCursorError(
            f"{session.place}: {cursor} has not come so far here; was it another domain controller?"
        )
    conditions.append(at_least(cursor, _asserted(value, kind.kind, session)))
    return conditions, (value, query.after.key)


def _parsed(text: str, kind: Kind, column: str) -> Any:
    try:
        if kind is Kind.INTEGER:
            return int(text)
        if kind in {Kind.TIME, Kind.FILETIME}:
            when = datetime.fromisoformat(text)
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except ValueError:
        raise MisconfiguredError(
            f"{column}: the stored position is no {kind}; was the cursor another attribute before? "
            "Read once in full"
        ) from None
    return text


def _asserted(value: Any, kind: Kind, session: Session) -> bytes:
    raw = WRITE[kind](value)
    if kind is Kind.TIME and session.root.active_directory:
        return raw.partition(b".")[0].rstrip(b"Z") + b".0Z"  # it knows whole seconds only
    return raw


def _is_after(one: Placed, after: tuple[Any, str]) -> bool:
    value, key, _ = one
    if value is None:
        return False
    if not after[1]:
        return bool(value >= after[0])
    return bool((value, key) > after)


def _whole(session: Session, entry: Entry) -> Entry:
    """Ask for the rest of attributes that came in part (``member;range=0-1499``)."""
    attributes = dict(entry.attributes)
    for described in [name for name in attributes if ";range=" in name]:
        name, _, limits = described.partition(";range=")
        values = attributes.pop(described)
        while not limits.endswith("*"):
            begin = int(limits.partition("-")[2]) + 1
            more = session.one(entry.dn, [f"{name};range={begin}-*"])
            part = next((k for k in (more.attributes if more else ()) if ";range=" in k), None)
            if more is None or part is None:
                break
            values += more.attributes[part]
            limits = part.partition(";range=")[2]
        attributes[name] = values
    return replace(entry, attributes=attributes)
