"""The SOAP connector: operations of a service, read in pages as any other system is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo

from connectors.contract import Column, Connector, Health, ObjectSchema, Page, Query
from connectors.errors import MisconfiguredError
from connectors.fields import base_of, did_you_mean
from connectors.files.lines import kinds
from connectors.http import Answer, Auth, CleanUrl, HttpOptions, HttpSession, NoAuth
from connectors.rest.calls import Call
from connectors.rest.lists import Detail, Listing
from connectors.rest.paging import pages
from connectors.rest.pointers import MISSING, get, put
from connectors.rest.reading import read
from connectors.rest.rules import ErrorRule
from connectors.rest.sending import Extra, Reply
from connectors.rest.template import Values, fill
from connectors.soap.faults import SoapMeaning
from connectors.soap.objects import Security, SoapObject


def _wsdl(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str) and "://" not in value:
        return base_of(info) / Path(value).expanduser()
    return value


class Soap(Connector):
    """Reads what operations of a SOAP 1.1 or 1.2 service answer with."""

    type: ClassVar[str] = "soap"

    url: CleanUrl
    """Where calls go, whatever address the WSDL says."""
    wsdl: Annotated[Path | str | None, BeforeValidator(_wsdl)] = None
    """The WSDL: a file, or an address on the host of `url`; `url` with `?wsdl` when left out."""
    objects: Mapping[str, SoapObject] = Field(min_length=1)
    """What can be read, by name."""
    system: str = "SOAP service"
    """What the system is called."""
    service: str | None = None
    """The service that is meant, where the WSDL has several."""
    port: str | None = None
    """Its port, where it has several."""
    security: Security | None = None
    """WS-Security: a UsernameToken."""
    auth: Auth = NoAuth()
    """How to log in at the level of HTTP."""
    http: HttpOptions = HttpOptions()
    """How calls are made."""
    errors: tuple[ErrorRule, ...] = ()
    """What faults (`at: fault.code`) and answers (`at: RETURN.*.TYPE`) mean; the first holds."""

    def check(self) -> Health:
        """Read the WSDL, see that it has the operations, and ask for a page of rows."""
        with self._opened() as (api, service):
            for each in self.objects.values():
                for operation in each.operations():
                    service.require(operation)
            name = next(iter(self.objects))
            next(pages(api, self.objects[name].as_listing(), {}))
        address = urlsplit(str(self.url))
        details = {"service": service.name, "object": name}
        return Health(f"{self.system} at {address.netloc}{address.path}", details)

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List the objects with their declared columns, or those of their first page."""
        found = []
        with self._opened() as (api, _):
            for name, wanted in sorted(self.objects.items()):
                columns = tuple(Column(key, kind) for key, kind in wanted.columns.items())
                columns = columns or kinds(next(pages(api, wanted.as_listing(), {})).rows)
                found.append(ObjectSchema(name, columns, (wanted.key,) if wanted.key else ()))
        return tuple(found)

    def read(self, query: Query) -> Iterator[Page]:
        """Yield rows in pages; positions, order and paging are those of the REST connector.

        Raises MisconfiguredError for an unknown object or operation and for arguments that do not
        fit, and what faults mean.
        """
        if query.object not in self.objects:
            known = did_you_mean(query.object, self.objects)
            raise MisconfiguredError(f"{self.system}: no object {query.object!r}{known}")
        with self._opened() as (api, _):
            yield from read(api, self.objects[query.object].as_listing(), query)

    @contextmanager
    def _opened(self) -> Iterator[tuple[_SoapApi, Any]]:
        try:
            from connectors.soap.client import OurTransport, open_service
        except ImportError:
            raise MisconfiguredError(
                "type soap needs the extra 'soap'; pip install 'isthmus[soap]'"
            ) from None
        url, wsdl = str(self.url), self.wsdl or f"{self.url}?wsdl"
        with HttpSession(url, self.auth, self.http) as http:
            transport = OurTransport(http, url, wsdl, SoapMeaning(self.errors))
            service = open_service(transport, wsdl, self.security, (self.service, self.port))
            yield _SoapApi(service, url, self.errors), service


class _SoapApi:
    """Operations as calls: an operation's name is a call's path, its arguments are the body."""

    def __init__(self, service: Any, url: str, rules: tuple[ErrorRule, ...]) -> None:
        self._service, self._url, self._rules = service, url, rules

    def read_rows(self, wanted: Listing, values: Values, extra: Extra) -> Reply:
        """Call an operation for rows."""
        reply = self._called(wanted, values, extra.given)
        return Reply(reply.answer, reply.body, _whole(reply.root, wanted.items))

    def send(self, call: Call, values: Values, *, reads: bool = False) -> Reply:  # noqa: ARG002
        """Call an operation for more of one row."""
        reply = self._called(call, values, {})
        item = call.item if isinstance(call, Detail) else ""
        return Reply(reply.answer, reply.body, _whole(reply.root, item))

    def _called(self, call: Call, values: Values, given: Mapping[str, Any]) -> Reply:
        arguments: dict[str, Any] = fill(call.body or {}, values)
        for name, value in given.items():
            put(arguments, name, value)
        found = self._service.call(call.path, arguments)
        answer = Answer("SOAP", call.path, 200, {}, b"")
        for rule in self._rules:
            if rule.holds(200, found):
                error = rule.error(f"{call.path}{rule.code(found)}", None)
                if error is not None:
                    raise error
                break
        return Reply(answer, found, found)


def _whole(root: Any, place: str) -> Any:
    """Put back the one part of an answer that has no other: it was left out on the way here."""
    first, _, _ = place.partition(".")
    if not place or get(root, place, MISSING) is not MISSING:
        return root
    lone = not isinstance(root, Mapping) or first not in root
    return {first: root} if lone and root is not None else root
