"""The SOAP connector: operations of a service, read in pages as any other system is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, cast
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    ValidationInfo,
    model_validator,
)

from connectors.contract import (
    Account,
    Change,
    Column,
    Connector,
    Health,
    ObjectSchema,
    Outcome,
    Page,
    Query,
)
from connectors.errors import ConnectorError, MisconfiguredError
from connectors.fields import base_of, did_you_mean
from connectors.files.lines import kinds
from connectors.http import Auth, CleanUrl, HttpOptions, HttpSession, NoAuth
from connectors.rest.accounts import Accounts
from connectors.rest.applying import apply
from connectors.rest.objects import RestObject
from connectors.rest.paging import pages
from connectors.rest.reading import read
from connectors.rest.rules import ErrorRule
from connectors.rest.writes import Write
from connectors.soap.api import SoapApi
from connectors.soap.faults import SoapMeaning
from connectors.soap.objects import Security, SoapObject


def _wsdl(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str) and "://" not in value:
        return base_of(info) / Path(value).expanduser()
    return value


class Soap(Connector):
    """Reads what operations of a SOAP 1.1 or 1.2 service answer with, and writes by others.

    Validation gives a SoapTarget where an object has `write`.
    """

    type: ClassVar[str] = "soap"

    url: CleanUrl
    """Where calls go, whatever address the WSDL says."""
    wsdl: Annotated[Path | str | None, BeforeValidator(_wsdl)] = None
    """The WSDL: a file, or an address on the host of `url`; `url` with `?wsdl` when left out."""
    objects: Mapping[str, SoapObject] = Field(min_length=1)
    """What can be read and written, by name."""
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
        wanted = self._object(query.object)
        with self._opened() as (api, _):
            yield from read(api, wanted.as_listing(), query)

    def able(self) -> Self:
        """Return the same connector, as the class that can do what its objects say."""
        if type(self) is not Soap or not any(each.write for each in self.objects.values()):
            return self
        able = SoapTarget.model_construct(self.model_fields_set, **dict(self))
        return cast("Self", able)

    @model_validator(mode="wrap")
    @classmethod
    def _as_it_can(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        return handler(data).able()

    def _object(self, name: str) -> SoapObject:
        if name not in self.objects:
            known = did_you_mean(name, self.objects)
            raise MisconfiguredError(f"{self.system}: no object {name!r}{known}")
        return self.objects[name]

    @contextmanager
    def _opened(self) -> Iterator[tuple[SoapApi, Any]]:
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
            yield SoapApi(service, self.errors), service


class SoapTarget(Soap):
    """Writes accounts by operations, one change a call, and can be asked for them."""

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Write the changes, one outcome each.

        Raises MisconfiguredError for an object that is not there or not written, and when a person
        must act.
        """
        changes = iter(changes)
        first = next(changes, None)
        if first is None:
            return
        every = chain([first], changes)
        with ExitStack() as stack:
            try:
                api, _ = stack.enter_context(self._opened())
            except MisconfiguredError:
                raise
            except ConnectorError as error:  # the WSDL could not be had now: nothing was sent
                yield from (Outcome(change, error, id=change.id) for change in every)
                return
            yield from apply(api, self._writable, every)

    def accounts(self, object: str) -> Iterator[Account]:  # noqa: A002 (the contract's word)
        """Yield every account, read as a source is read."""
        with self._opened() as (api, _):
            yield from Accounts(api, object, *self._writable(object)).every()

    def find(self, object: str, attribute: str, value: str) -> Sequence[Account]:  # noqa: A002
        """Ask by `write.find`, or look at all; looked at again on our side in any case."""
        with self._opened() as (api, _):
            return Accounts(api, object, *self._writable(object)).having(attribute, value)

    def _writable(self, name: str) -> tuple[RestObject, Write]:
        wanted = self._object(name)
        if wanted.write is None:
            raise MisconfiguredError(f"{self.system}: objects.{name} has no write")
        return wanted.as_listing(), wanted.write.as_write()
