"""A session with a directory: searches, requests, and what the server says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from connectors.errors import MisconfiguredError
from connectors.ldap.answers import Answer, Entry, Reference, Result
from connectors.ldap.ber import integer, members, octets, sequence
from connectors.ldap.failures import SUCCESS, raised, understood
from connectors.ldap.filters import EVERYTHING
from connectors.ldap.protocol import (
    Control,
    Request,
    extended_request,
    search_request,
)
from connectors.ldap.schema import Schema, parse
from connectors.ldap.wire import Wire

PAGED = "1.2.840.113556.1.4.319"
_WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"
_ACTIVE_DIRECTORY = {"1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1851"}
_MOST_SCHEMAS = 16
_SCHEMAS: dict[tuple[str, str, bytes], Schema] = {}
"""Schemas by server, name and time of change: an account that is looked up alone needs one, too."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Root:
    """What the server says of itself (RFC 4512 section 5.1)."""

    entry: Entry

    def all(self, name: str) -> list[str]:
        """The values of an attribute."""
        return [value.decode("utf-8", "replace") for value in held(self.entry, name)]

    def first(self, name: str) -> str:
        """The first value of an attribute, empty when there is none."""
        return next(iter(self.all(name)), "")

    @property
    def active_directory(self) -> bool:
        """Whether it is one, or speaks like one."""
        return not _ACTIVE_DIRECTORY.isdisjoint(self.all("supportedCapabilities"))

    def offers(self, control: str) -> bool:
        """Whether it knows a control."""
        return control in self.all("supportedControl")


def held(entry: Entry, name: str) -> list[bytes]:
    """The values of an attribute, whatever the case of its name."""
    if name in entry.attributes:
        return entry.attributes[name]
    wanted = name.lower()
    return next((v for k, v in entry.attributes.items() if k.lower() == wanted), [])


@dataclass(slots=True)
class Session:
    """One connection that is logged in. Use it as a context manager; one search at a time."""

    wire: Wire
    place: str
    page_size: int
    references: set[str] = field(default_factory=set)
    """Parts of the tree that searches so far found to be elsewhere: their addresses."""
    _root: Root | None = None
    _schema: Schema | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        self.wire.close()

    @property
    def root(self) -> Root:
        """The root entry, read once."""
        if self._root is None:
            entry = self.one("", ["*", "+", "vendorName", "vendorVersion"])
            if entry is None:
                raise MisconfiguredError(f"{self.place}: shows us no root entry; set bind")
            self._root = Root(entry)
        return self._root

    @property
    def schema(self) -> Schema:
        """The schema, read once for as long as the server says that it is the same."""
        if self._schema is None:
            base = self.root.first("subschemaSubentry")
            stamp = self.one(base, ["modifyTimestamp"]) if base else None
            told = held(stamp, "modifyTimestamp") if stamp else []
            known = (self.place, base, bytes(told[0]) if told else b"")
            self._schema = _SCHEMAS.get(known) or self._read_schema(base)
            if told and self._schema.known:
                if len(_SCHEMAS) >= _MOST_SCHEMAS:
                    _SCHEMAS.clear()
                _SCHEMAS[known] = self._schema
        return self._schema

    def _read_schema(self, base: str) -> Schema:
        wanted = ["attributeTypes", "objectClasses", "dITContentRules"]
        entry = self.one(base, wanted) if base else None
        if entry is None:
            log.warning("ldap.no_schema", server=self.place)
            return Schema()
        return parse(*(held(entry, name) for name in wanted))

    def search(
        self,
        base: str,
        scope: str,
        condition: str,
        attributes: Sequence[str],
        controls: Sequence[Control] = (),
        limit: int = 0,
    ) -> Iterator[Answer]:
        """Yield the answers as they come; the last is a Result, whatever its code."""
        request = search_request(base, scope, condition, attributes, limit)
        yield from self.wire.answers(self.wire.send(request, controls))

    def entries(
        self, base: str, scope: str, condition: str, attributes: Sequence[str]
    ) -> Iterator[Entry]:
        """Yield the entries, asked for in pages. Other searches may be made in between.

        Raises the errors of `failures.raised`.
        """
        paged, cookie = self.root.offers(PAGED), b""
        while True:
            value = sequence(integer(self.page_size), octets(cookie))
            controls = [Control(PAGED, value)] if paged else []
            page: list[Entry] = []
            for answer in self.search(base, scope, condition, attributes, controls):
                if isinstance(answer, Entry):
                    page.append(answer)
                elif isinstance(answer, Reference):
                    self.references.update(answer.urls[:1])
                elif isinstance(answer, Result):
                    cookie = self._page_ended(answer)
            yield from page
            if not cookie:
                return

    def one(self, base: str, attributes: Sequence[str]) -> Entry | None:
        """The entry of this name, None when it is not there or not for us to see."""
        found = None
        for answer in self.search(base, "base", EVERYTHING, attributes):
            if isinstance(answer, Entry):
                found = answer
        return found

    def request(self, request: Request, controls: Sequence[Control] = ()) -> Result:
        """Send a request that is no search; return its result, whatever its code."""
        return self.wire.result(self.wire.send(request, controls))

    def who(self) -> str:
        """Who the server takes us for (RFC 4532); empty when it does not say."""
        result = self.request(extended_request(_WHO_AM_I))
        if result.code != SUCCESS:
            return ""
        return result.value.decode("utf-8", "replace") or "nobody"

    def known(self) -> frozenset[str]:
        """Names that may stand in a message: those of the schema, as far as it was read."""
        if self._schema is None:
            return frozenset()
        return frozenset(self._schema.attributes) | frozenset(self._schema.classes)

    def _page_ended(self, result: Result) -> bytes:
        if result.code != SUCCESS:
            raise raised(result, self.place, self.known())
        if PAGED not in result.controls:
            return b""
        with understood(self.place):
            _, (_, cookie) = members(result.controls[PAGED])
        return cookie
