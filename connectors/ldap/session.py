"""A session with a directory: connected, secured, logged in; searches and requests."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog

from connectors.errors import MisconfiguredError, TransientError
from connectors.ldap.answers import Answer, Entry, Reference, Result
from connectors.ldap.ber import integer, members, octets, sequence
from connectors.ldap.failures import SUCCESS, raised
from connectors.ldap.filters import EVERYTHING
from connectors.ldap.options import (
    Address,
    AnonymousBind,
    Bind,
    ExternalBind,
    SimpleBind,
    TlsOptions,
)
from connectors.ldap.protocol import (
    Control,
    Request,
    extended_request,
    external_bind,
    search_request,
    simple_bind,
)
from connectors.ldap.schema import Schema, parse
from connectors.ldap.wire import Wire

PAGED = "1.2.840.113556.1.4.319"
_START_TLS = "1.3.6.1.4.1.1466.20037"
_WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"
_ACTIVE_DIRECTORY = {"1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1851"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Link:
    """How to get a session."""

    urls: tuple[str, ...]
    bind: Bind
    tls: TlsOptions
    connect_timeout: float
    read_timeout: float
    page_size: int


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
            entry = self.one("", ["*", "+"])
            if entry is None:
                raise MisconfiguredError(f"{self.place}: shows us no root entry; set bind")
            self._root = Root(entry)
        return self._root

    @property
    def schema(self) -> Schema:
        """The schema, read once; an empty one when the server hides it."""
        if self._schema is None:
            wanted = ["attributeTypes", "objectClasses", "dITContentRules"]
            base = self.root.first("subschemaSubentry")
            entry = self.one(base, wanted) if base else None
            if entry is None:
                log.warning("ldap.no_schema", server=self.place)
                self._schema = Schema()
            else:
                self._schema = parse(*(held(entry, name) for name in wanted))
        return self._schema

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
        _, (_, cookie) = members(result.controls[PAGED])
        return cookie


def connect(link: Link) -> Session:
    """Open a session with the first server that answers.

    Raises TransientError when none does, MisconfiguredError or UnauthorizedError when one does
    and cannot be trusted or does not let us in.
    """
    problems: list[str] = []
    for url in link.urls:
        try:
            return _session(link, Address.of(url))
        except TransientError as error:
            problems.append(str(error))
    raise TransientError("; ".join(problems))


def _session(link: Link, address: Address) -> Session:
    context, login = _context(link.tls, address), _login(link.bind)
    with ExitStack() as undo:
        wire = Wire(_reached(link, address), str(address))
        undo.callback(wire.close)
        if context:
            _secured(wire, link.tls, address, context)
        result = wire.result(wire.send(login))
        if result.code != SUCCESS:
            raise raised(result, str(address))
        undo.pop_all()
    return Session(wire, str(address), link.page_size)


def _reached(link: Link, address: Address) -> socket.socket:
    try:
        if address.scheme == "ldapi":
            reached = socket.socket(socket.AF_UNIX)
            reached.connect(address.host)
        else:
            reached = socket.create_connection(
                (address.host, address.port), timeout=link.connect_timeout
            )
            reached.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    except socket.gaierror:
        raise TransientError(f"{address}: no such host; check url, and the name service") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise TransientError(f"{address}: cannot connect ({why}); is it running?") from None
    reached.settimeout(link.read_timeout)
    return reached


def _secured(wire: Wire, tls: TlsOptions, address: Address, context: ssl.SSLContext) -> None:
    if address.scheme == "ldap":
        result = wire.result(wire.send(extended_request(_START_TLS)))
        if result.code != SUCCESS:
            raise MisconfiguredError(
                f"{address}: offers no StartTLS (result code {result.code}); give it a "
                "certificate, or use ldaps://"
            )
    wire.secure(context, tls.server_name or address.host)


def _context(tls: TlsOptions, address: Address) -> ssl.SSLContext | None:
    """What to trust and to show; None where the way is not secured."""
    if address.scheme == "ldapi" or (
        address.scheme == "ldap" and address.local and not tls.start_tls
    ):
        return None
    if address.scheme == "ldap" and tls.dangerously_send_in_clear_text:
        log.warning("ldap.clear_text", server=str(address))
        return None
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.client_certificate:
            context.load_cert_chain(tls.client_certificate, tls.client_key)
    except (OSError, ssl.SSLError) as error:
        raise MisconfiguredError(
            f"tls.ca_file or tls.client_certificate cannot be used as PEM: {type(error).__name__}"
        ) from None
    if tls.dangerously_accept_any_certificate:
        log.warning("ldap.certificate_not_checked", server=str(address))
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _login(bind: Bind) -> Request:
    match bind:
        case SimpleBind():
            try:
                return simple_bind(bind.user, bind.password.reveal())
            except ValueError as error:
                raise MisconfiguredError(f"{bind.password}: {error}") from None
        case ExternalBind():
            return external_bind()
        case AnonymousBind():
            return simple_bind("", "")
