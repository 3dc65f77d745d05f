"""zeep over our own HTTP session: nothing is fetched or sent but to the host of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import zeep
from zeep.exceptions import Error, Fault, ValidationError
from zeep.helpers import serialize_object
from zeep.wsse.username import UsernameToken
from zeep.wsse.utils import WSU

from connectors.errors import ConnectorError, MisconfiguredError, RejectedError
from connectors.exchange import Exchange, kept
from connectors.fields import did_you_mean
from connectors.http import HttpSession, Request
from connectors.http.answers import Answer, Meaning
from connectors.soap.faults import body_of, fault_of
from connectors.soap.objects import Security

_KEPT = (str, int, float, bool, Decimal, date, datetime, time, bytes, type(None))
_XML = {"Accept": "text/xml, application/soap+xml, application/xml"}


class OurTransport(zeep.Transport):  # type: ignore[misc]
    """Loads documents and sends messages through an `HttpSession`, with its guards."""

    def __init__(self, http: HttpSession, url: str, wsdl: Path | str, meaning: Meaning) -> None:
        super().__init__(session=requests.Session())
        self._http, self._url, self._meaning = http, url, meaning
        self._home = wsdl.parent.resolve() if isinstance(wsdl, Path) else None
        self.idempotent = True
        """Whether the message that comes next may be sent twice: it asks and does not write."""
        self.passwords: tuple[str, ...] = ()
        """Those that headers of messages hold."""
        self.sent: bytes = b""
        self.answer: Answer | None = None
        """The last message and what came back, whatever it means; None when nothing did."""

    def load(self, url: str) -> bytes:
        """Return a WSDL or schema: from the host of `url`, or from the folder of the WSDL file.

        Raises MisconfiguredError for any other place, which a document could name at will.
        """
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"}:
            return self._http.get(url, headers=_XML).body
        path = Path(unquote(parts.path) if parts.scheme == "file" else url).resolve()
        if self._home is None or not path.is_relative_to(self._home):
            raise MisconfiguredError(
                f"the WSDL refers to {path.name!r}, which is not below its own folder; put it there"
            )
        try:
            return path.read_bytes()
        except OSError as error:
            raise MisconfiguredError(
                f"{path}: {error.strerror or 'cannot be read'}; check wsdl"
            ) from None

    def post(self, _: str, message: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Send a message to `url`, whatever address the WSDL says."""
        request = Request(
            "POST",
            self._url,
            body=message,
            headers={**_XML, **headers},
            idempotent=self.idempotent,
            meaning=self._noting,
        )
        self.sent = message
        answer = self._http.send(request)
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update(answer.headers)
        response._content = answer.body  # noqa: SLF001 (there is no other way to make one)
        return response

    def proofs(self) -> list[str]:
        """Return what proves who we are, to HTTP and by WS-Security."""
        return [*self._http.proofs(), *self.passwords]

    def _noting(
        self, answer: Answer, wait: float | None, *, idempotent: bool
    ) -> ConnectorError | None:
        self.answer = answer
        return self._meaning(answer, wait, idempotent=idempotent)


class Service:
    """One port of a service: its operations, called by name."""

    def __init__(self, proxy: Any, name: str, transport: OurTransport) -> None:
        self._proxy, self.name, self._transport = proxy, name, transport
        self.operations = tuple(sorted(proxy._binding._operations))  # noqa: SLF001

    def require(self, operation: str) -> None:
        """Raise MisconfiguredError for an operation that the WSDL does not have."""
        if operation not in self.operations:
            raise MisconfiguredError(
                f"no operation {operation!r}{did_you_mean(operation, self.operations)}"
            )

    def call(self, operation: str, arguments: Mapping[str, Any], *, writes: bool = False) -> Any:
        """Return what an operation answers with, as JSON values, dates, decimals and bytes.

        When it `writes`, None goes as ``xsi:nil``, which clears an attribute, and values that do
        not fit the WSDL are RejectedError, not MisconfiguredError.
        """
        self.require(operation)
        self._transport.idempotent = not writes
        self._transport.answer = None
        with told(operation, writes=writes):
            given = _each(arguments, _nil) if writes else arguments
            return plain(self._proxy[operation](**given))

    def said(self, operation: str) -> Exchange | None:
        """Return what the last call said and was answered, None when no answer came.

        Of both messages only the bodies: a header may hold what proves who we are.
        """
        answer, hidden = self._transport.answer, self._transport.proofs()
        if answer is None:
            return None
        fault = fault_of(answer.body)
        sent = kept(body_of(self._transport.sent), hidden)
        answered = kept(body_of(answer.body) or answer.body, hidden)
        return Exchange(
            "SOAP", operation, answer.status, fault.word if fault else "", sent, answered
        )


def open_service(
    transport: OurTransport,
    wsdl: Path | str,
    security: Security | None,
    wanted: tuple[str | None, str | None],
) -> Service:
    """Read the WSDL and return the wanted service and port, by default the first of each."""
    if security:
        transport.passwords = (security.password.reveal(),)
    settings = zeep.Settings(forbid_dtd=True, forbid_entities=True, force_https=False)
    with told("wsdl"):
        client = zeep.Client(
            str(wsdl), wsse=security and _token(security), transport=transport, settings=settings
        )
        services = client.wsdl.services
    service, port = wanted
    _known(service, services, "service")
    if not services:
        raise MisconfiguredError("the WSDL has no service; is it the whole of it?")
    chosen = services[service] if service else next(iter(services.values()))
    _known(port, chosen.ports, "port")
    with told("wsdl"):
        return Service(client.bind(service, port), chosen.name, transport)


def _known(name: str | None, known: Mapping[str, Any], what: str) -> None:
    if name and name not in known:
        raise MisconfiguredError(f"no {what} {name!r} in the WSDL{did_you_mean(name, known)}")


class _Stamped(UsernameToken):  # type: ignore[misc]
    """A token with a timestamp of its own for each call: one would be over after the first."""

    def __init__(self, security: Security, seconds: int) -> None:
        super().__init__(security.user, security.password.reveal(), use_digest=security.digest)
        self._seconds = timedelta(seconds=seconds)

    def apply(self, envelope: Any, headers: Any) -> Any:
        now = datetime.now(UTC)
        moments = {"Created": now, "Expires": now + self._seconds}
        written = [WSU(name, f"{each:%Y-%m-%dT%H:%M:%SZ}") for name, each in moments.items()]
        self.timestamp_token = WSU.Timestamp(*written)
        return super().apply(envelope, headers)


def _token(security: Security) -> UsernameToken:
    if security.timestamp_seconds:
        return _Stamped(security, security.timestamp_seconds)
    return UsernameToken(security.user, security.password.reveal(), use_digest=security.digest)


@contextmanager
def told(what: str, *, writes: bool = False) -> Iterator[None]:
    """Turn what zeep raises into words of ours: its own may hold whole answers."""
    try:
        yield
    except (ValidationError, ValueError, ArithmeticError) as error:
        place = ".".join(map(str, getattr(error, "path", ())))
        known = RejectedError if writes else MisconfiguredError
        raise known(
            f"{what}: {place or 'a value'} is missing or is none of its type in the WSDL"
        ) from None
    except Fault as fault:  # in an answer of 200, which the session took for a success
        raise MisconfiguredError(f"{what}: a fault ({fault.code or 'without code'})") from None
    except TypeError as error:
        said = str(error).partition(". Signature")[0]
        raise MisconfiguredError(f"{what}: the arguments do not fit: {said}") from None
    except Error as error:
        kind = type(error).__name__
        mend = "is url right, and is this the WSDL of that service?"
        raise MisconfiguredError(f"{what}: cannot be understood ({kind}); {mend}") from None


def plain(value: Any) -> Any:
    """Return an answer of zeep as values that rows hold."""
    return _each(serialize_object(value, dict), _leaf)


def _each(value: Any, leaf: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {name: _each(inner, leaf) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_each(inner, leaf) for inner in value]
    return leaf(value)


def _nil(value: Any) -> Any:
    return zeep.xsd.Nil if value is None else value


def _leaf(value: Any) -> Any:
    return value if isinstance(value, _KEPT) else str(value)
