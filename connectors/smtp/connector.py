"""The SMTP target: one message for each account that is created, never a second."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from connectors.contract import (
    Action,
    Change,
    Connector,
    Health,
    ObjectSchema,
    Outcome,
    Page,
    Query,
)
from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    RejectedError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from connectors.fields import LocalPath, did_you_mean
from connectors.secrets import Secret
from connectors.smtp import bounces
from connectors.smtp.messages import Message, Words, compose
from connectors.tls import context as tls_context

_BOUNCES = "bounces"


class Smtp(Connector):
    """Sends mail. An object is a kind of message; who is in its scope gets it once."""

    type: ClassVar[str] = "smtp"

    host: str
    """The mail server."""
    port: PositiveInt = 587
    """Its port."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the way is secured; `none` for this machine only."""
    ca_file: LocalPath | None = None
    """Certificates (PEM) to trust instead of the system's."""
    user: str = ""
    """Our name at the server."""
    password: Secret | None = None
    """A reference to the password."""
    sender: str
    """The address that messages are from, such as `Shop <news@shop.example>`."""
    address: str = "email"
    """The attribute that holds an account's address."""
    messages: Mapping[str, Message] = Field(min_length=1)
    """What is sent, by object."""
    unsubscribe: Words = ""
    """An https address where one click unsubscribes (RFC 8058): `{key}`, `{hash}` (SHA-256)."""
    suppressed: LocalPath | None = None
    """A file of addresses, one a line, that nothing is sent to."""
    bounces: LocalPath | None = None
    """A Maildir that delivery reports come to: read as the object `bounces`."""
    timeout: PositiveFloat = 30.0
    """Seconds to wait for the server."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.security == "none" and not _is_here(self.host):
            raise ValueError("security: none is for this machine only; use starttls or tls")
        if bool(self.user) != bool(self.password):
            raise ValueError("user and password go together")
        if self.unsubscribe and not self.unsubscribe.startswith("https://"):
            raise ValueError("unsubscribe is an https address")
        return self

    def check(self) -> Health:
        """Connect, log in and leave; nothing is sent."""
        self._suppressed()
        with self._connected() as server:
            server.noop()
        return Health(f"SMTP at {self.host}:{self.port}", {"security": self.security})

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List the messages, and the bounces where they are read."""
        found = [ObjectSchema(name, ()) for name in sorted(self.messages)]
        if self.bounces is not None:
            found.append(ObjectSchema(_BOUNCES, bounces.columns(), ("id",)))
        return tuple(found)

    def read(self, query: Query) -> Iterator[Page]:
        """Yield what bounced since the position."""
        if query.object != _BOUNCES or self.bounces is None:
            raise MisconfiguredError(
                f"smtp: {query.object!r} is not read; set bounces, and read the object 'bounces'"
            )
        yield from bounces.read(self.bounces, query)

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Send a message for each creation; other changes are noted and send nothing.

        A message whose acceptance was not heard is uncertain, and is not sent again.
        """
        suppressed = self._suppressed()
        server: smtplib.SMTP | None = None
        try:
            for change in changes:
                message = self._message(change)
                if change.action is not Action.CREATE:
                    yield Outcome(change, id=change.id)
                    continue
                try:
                    server = server or self._connect()
                    self._send(server, message, change, suppressed)
                    yield Outcome(change, id=change.key)
                except MisconfiguredError:
                    raise
                except RejectedError as error:
                    yield Outcome(change, error)
                except ConnectorError as error:
                    _closed(server)
                    server = None
                    yield Outcome(change, error)
        finally:
            _closed(server)

    def _message(self, change: Change) -> Message:
        if change.object not in self.messages:
            known = did_you_mean(change.object, self.messages)
            raise MisconfiguredError(f"smtp: no message {change.object!r}{known}")
        return self.messages[change.object]

    def _send(
        self, server: smtplib.SMTP, message: Message, change: Change, suppressed: frozenset[str]
    ) -> None:
        values: dict[str, Any] = {**change.after, "key": change.key}
        to = str(values.get(self.address) or "")
        if to.casefold() in suppressed:
            raise RejectedError(f"{change.key}: the address is suppressed")
        made = compose(
            message,
            values,
            sender=self.sender,
            to=to,
            now=datetime.now(UTC),
            unsubscribe=self.unsubscribe,
        )
        with _told(f"{self.host}:{self.port}", sending=True):
            server.send_message(made)

    def _suppressed(self) -> frozenset[str]:
        if self.suppressed is None:
            return frozenset()
        try:
            text = self.suppressed.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise MisconfiguredError(
                f"{self.suppressed}: cannot be read as text; nothing is sent without it"
            ) from None
        return frozenset(line.strip().casefold() for line in text.splitlines() if line.strip())

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server = self._connect()
        try:
            with _told(f"{self.host}:{self.port}"):
                yield server
        finally:
            _closed(server)

    def _connect(self) -> smtplib.SMTP:
        name = f"{self.host}:{self.port}"
        context = tls_context("", self.ca_file)
        with _told(name):
            if self.security == "tls":
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    self.host, self.port, timeout=self.timeout, context=context
                )
            else:
                server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
            try:
                if self.security == "starttls":
                    server.starttls(context=context)
                if self.password is not None:
                    server.login(self.user, self.password.reveal())
            except BaseException:
                server.close()
                raise
        return server


def _closed(server: smtplib.SMTP | None) -> None:
    if server is not None:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


def _is_here(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


@contextmanager
def _told(name: str, *, sending: bool = False) -> Iterator[None]:
    """Turn what the library raises into words of ours; the server's may hold addresses."""
    try:
        yield
    except smtplib.SMTPAuthenticationError:
        raise UnauthorizedError(f"{name}: the login was refused; check user and password") from None
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        kind = RejectedError if code >= 500 else TransientError
        raise kind(f"{name}: the recipient is refused with {code}") from None
    except smtplib.SMTPNotSupportedError:
        raise MisconfiguredError(f"{name}: does not offer what security or user want") from None
    except smtplib.SMTPResponseException as error:
        code = error.smtp_code
        kind = RejectedError if code >= 500 and sending else TransientError
        raise kind(f"{name}: answered {code}") from None
    except ssl.SSLError:
        raise MisconfiguredError(f"{name}: the TLS connection failed; check ca_file") from None
    except (smtplib.SMTPException, OSError) as error:
        kind = UncertainError if sending else TransientError
        raise kind(f"{name}: the connection broke ({type(error).__name__})") from None
