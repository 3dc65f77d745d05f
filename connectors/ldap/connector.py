"""The LDAP connector: a directory or Active Directory as a source and as a target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import ClassVar

import structlog
from pydantic import PositiveFloat, PositiveInt

from connectors.contract import (
    Account,
    Change,
    Connector,
    Health,
    ObjectSchema,
    Outcome,
    Page,
    Query,
)
from connectors.errors import MisconfiguredError, TransientError
from connectors.fields import did_you_mean
from connectors.ldap import dirsync, syncrepl
from connectors.ldap.about import described, health
from connectors.ldap.accounts import accounts_of, accounts_with, rows_of
from connectors.ldap.link import Link, connect
from connectors.ldap.options import (
    Addresses,
    AnonymousBind,
    Bind,
    LdapObject,
    Objects,
    TlsOptions,
)
from connectors.ldap.reading import USN, read, read_by_cursor
from connectors.ldap.rows import Rows
from connectors.ldap.session import Session
from connectors.ldap.writer import Writer

log = structlog.get_logger()


class Ldap(Connector):
    """Reads, follows and writes entries of an LDAP directory or of Active Directory."""

    type: ClassVar[str] = "ldap"

    url: Addresses
    """``ldaps://host``, ``ldap://host``, ``ldapi://%2Fsocket``; of several, the first to answer."""
    bind: Bind = AnonymousBind()
    """How to log in."""
    tls: TlsOptions = TlsOptions()
    """How the way is secured."""
    objects: Objects
    """What is read or written, by name."""
    page_size: PositiveInt = 1_000
    """Entries asked for at once."""
    connect_timeout: PositiveFloat = 5.0
    """Seconds to wait for a connection."""
    read_timeout: PositiveFloat = 60.0
    """Seconds to wait for the next byte of an answer."""

    def check(self) -> Health:
        """Log in, say who answered and as whom, and look whether each base is there."""
        with self._session() as session:
            return health(session, self.objects)

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List the objects with the attributes that their entries may have."""
        with self._session() as session:
            return tuple(described(session, *each) for each in sorted(self.objects.items()))

    def read(self, query: Query) -> Iterator[Page]:
        """Yield pages of rows: by cursor and key when the query has a cursor."""
        spec = self._object(query.object)
        cursor = query.cursor
        if cursor and cursor.lower() == USN and len(self.url) > 1:
            raise MisconfiguredError(
                f"{query.object}: every domain controller counts {cursor} for itself; name one "
                "url, or take mode: feed"
            )
        with self._session() as session:
            rows = Rows.of(session, query.object, spec, query)
            yield from (
                read_by_cursor(session, rows, query, cursor)
                if cursor
                else read(session, rows, query)
            )

    def changes(self, query: Query) -> Iterator[Page]:
        """Yield what changed since the token, by DirSync or syncrepl, whichever is offered."""
        spec = self._object(query.object)
        with self._session() as session:
            rows = Rows.of(session, query.object, spec, query, fed=True)
            if session.root.active_directory:
                yield from dirsync.changes(session, rows, query)
            elif session.root.offers(syncrepl.REQUEST):
                yield from syncrepl.changes(session, rows, query)
            else:
                raise MisconfiguredError(
                    f"{session.place}: offers no feed of changes (OpenLDAP: load syncprov); take "
                    "mode: cursor or mode: full"
                )

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Write the changes one by one; a lost line is opened again for the next."""
        with ExitStack() as stack:
            writers: dict[str, Writer] = {}
            for change in changes:
                self._object(change.object)
                try:
                    if change.object not in writers:
                        writers |= {change.object: self._writer(change.object, stack)}
                    yield writers[change.object].write(change)
                except TransientError as error:
                    writers.clear()
                    stack.close()
                    yield Outcome(change, error, id=change.id)

    def accounts(self, object: str) -> Iterator[Account]:  # noqa: A002 (the contract's word)
        """Every entry of this object; one that is no row is an error, not an account less."""
        spec = self._object(object)
        with self._session() as session:
            yield from accounts_of(session, object, spec)

    def find(self, object: str, attribute: str, value: str) -> Sequence[Account]:  # noqa: A002
        """The entries whose attribute has this value, compared again here."""
        spec = self._object(object)
        with self._session() as session:
            return accounts_with(session, object, spec, attribute, value)

    def _object(self, name: str) -> LdapObject:
        if name not in self.objects:
            raise MisconfiguredError(
                f"objects: there is none named {name!r}{did_you_mean(name, self.objects)}"
            )
        return self.objects[name]

    def _writer(self, name: str, stack: ExitStack) -> Writer:
        session = stack.enter_context(self._session())
        return Writer(session, rows_of(session, name, self.objects[name]))

    @contextmanager
    def _session(self) -> Iterator[Session]:
        link = Link(
            self.url,
            self.bind,
            self.tls,
            self.connect_timeout,
            self.read_timeout,
            self.page_size,
        )
        with connect(link) as session:
            yield session
            if session.references:
                log.warning("ldap.references_not_followed", count=len(session.references))
