"""The way to a directory: which server, how secured, as whom."""

from __future__ import annotations

import socket
import ssl
from contextlib import ExitStack
from dataclasses import dataclass

import structlog

from connectors.errors import MisconfiguredError, TransientError
from connectors.ldap.failures import SUCCESS, raised
from connectors.ldap.options import (
    Address,
    AnonymousBind,
    Bind,
    ExternalBind,
    SimpleBind,
    TlsOptions,
)
from connectors.ldap.protocol import Request, extended_request, external_bind, simple_bind
from connectors.ldap.session import Session
from connectors.ldap.wire import Wire
from connectors.tls import context as tls_context

_START_TLS = "1.3.6.1.4.1.1466.20037"

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
    context = tls_context("tls.", tls.ca_file, tls.client_certificate, tls.client_key)
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
