"""The Salesforce connector: reads objects, writes and finds records as accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, NonNegativeInt, PositiveFloat, PrivateAttr, model_validator

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
from connectors.errors import MisconfiguredError, NotFoundError, TransientError
from connectors.http import CleanUrl, HttpOptions
from connectors.salesforce import accounts as accounts_of
from connectors.salesforce import pages, writing
from connectors.salesforce.client import Client, Link, opened
from connectors.salesforce.jobs import Patience
from connectors.salesforce.options import ClientCredentialsAuth, SalesforceAuth
from connectors.salesforce.reading import make_reading
from connectors.salesforce.terms import Terms
from connectors.salesforce.usage import Usage

_SHARED_LOGINS = frozenset({"login.salesforce.com", "test.salesforce.com"})
_HERE = ("127.0.0.1", "localhost", "[::1]")


class Salesforce(Connector):
    """Reads objects by SOQL, large ones in bulk; writes and finds records by an external id."""

    type: ClassVar[str] = "salesforce"
    by_column: ClassVar[bool] = True

    url: CleanUrl = HttpUrl("https://login.salesforce.com")
    """Where to log in: the org's My Domain address, or Salesforce's login or test address."""
    auth: SalesforceAuth
    """How to log in."""
    version: Annotated[str, Field(pattern=r"^[1-9]\d\.0$")] = "62.0"
    """The version of the API."""
    objects: tuple[str, ...] = ("Account", "Contact", "Lead")
    """The objects that `discover` describes; any other can be read and written, too."""
    external_id: str | None = None
    """The field that holds our key: accounts are created and found by it."""
    deactivate: Mapping[str, bool | int | float | str | None] = Field(default_factory=dict)
    """The values that make an account inactive, such as `{Active__c: false}`."""
    activate: Mapping[str, bool | int | float | str | None] = Field(default_factory=dict)
    """The values that make it active again; for yes and no, the opposite need not be said."""
    bulk_reads: NonNegativeInt = 10_000
    """From how many rows on a bulk job reads them; 0 for never, 1 for always and uncounted."""
    bulk_writes: NonNegativeInt = 2_000
    """From how many changes on bulk jobs write them; 0 for never."""
    bulk_seconds: PositiveFloat = 3600.0
    """How long a bulk job may take, in seconds."""
    poll_seconds: PositiveFloat = 5.0
    """The longest wait between two looks at a bulk job."""
    max_api_share: Annotated[float, Field(gt=0, le=1)] = 0.8
    """We stop when this share of the org's calls of 24 hours is used, by whomever."""
    instance_hosts: tuple[str, ...] = ()
    """Hosts that a login may lead to, besides `url`'s and Salesforce's own."""
    http: HttpOptions = HttpOptions()
    """How calls are made."""

    _link: Link | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _fits_together(self) -> Salesforce:
        if isinstance(self.auth, ClientCredentialsAuth) and self.url.host in _SHARED_LOGINS:
            raise ValueError("client_credentials needs the org's My Domain address as url")
        if self.url.scheme != "https" and self.url.host not in (*_HERE, *self.instance_hosts):
            raise ValueError(
                "url must be https, or the secret would be read on the way; if it is meant, name "
                "the host under instance_hosts"
            )
        return self

    def check(self) -> Health:
        """Ask who we are and how many calls are left; reading rights are an object's matter."""
        with self._opened() as client:
            try:
                limits = client.sf.limits()["DailyApiRequests"]
            except NotFoundError:
                raise MisconfiguredError(
                    f"salesforce: the org does not offer version {self.version}; set version"
                ) from None
            who = client.sf.oauth2("userinfo")
        host = urlsplit(str(self._linked.instance)).netloc
        return Health(
            f"Salesforce org {who['organization_id']} at {host}",
            {
                "organization": str(who["organization_id"]),
                "user": str(who["user_id"]),
                "version": self.version,
                "calls_left": str(limits["Remaining"]),
                "calls_of_24_hours": str(limits["Max"]),
            },
        )

    def discover(self) -> tuple[ObjectSchema, ...]:
        """Describe the objects named by `objects`, by name; one call each.

        The default ones are left out where the org has none of them.
        """
        with self._opened() as client:
            client.forget()
            wanted = set(self.objects)
            if "objects" not in self.model_fields_set:
                wanted &= set(client.names())
            return tuple(client.describe(name).schema() for name in sorted(wanted))

    def read(self, query: Query) -> Iterator[Page]:
        """Yield rows, by cursor and Id where the query has a cursor.

        Deleted rows come, too, when the column `IsDeleted` is wanted. Columns of parents are named
        by their path, such as `Account.Name`. Raises MisconfiguredError for an unknown object or
        field, ThrottledError at `max_api_share`, and the errors of the session.
        """
        with self._opened() as client:
            client.forget()
            reading = make_reading(client, query)
            yield from pages.read(
                client, reading, bulk_from=self.bulk_reads, patience=self._patience
            )

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Write the changes, 200 a request or in bulk jobs; one outcome for each."""
        try:
            self._linked.open()
        except TransientError as error:
            yield from (Outcome(change, error, id=change.id) for change in changes)
            return
        with self._opened() as client:
            yield from writing.outcomes(
                client,
                changes,
                self._terms,
                bulk_from=self.bulk_writes,
                patience=self._patience,
            )

    def accounts(self, object: str) -> Iterator[Account]:  # noqa: A002 (the contract's word)
        """Every record that is not deleted, with the fields that we may write."""
        with self._opened() as client:
            fields = accounts_of.fields(client.describe(object), self._terms)
            reading = make_reading(client, Query(object, fields))
            for page in pages.read(
                client, reading, bulk_from=self.bulk_reads, patience=self._patience
            ):
                for row in page.rows:
                    yield accounts_of.account(row, self._terms)

    def find(self, object: str, attribute: str, value: str) -> Sequence[Account]:  # noqa: A002
        """The records whose field has this value; ``externalId`` stands for `external_id`."""
        with self._opened() as client:
            return accounts_of.find(client, object, attribute, value, self._terms)

    @property
    def _terms(self) -> Terms:
        return Terms(self.external_id, self.deactivate, self.activate)

    @property
    def _patience(self) -> Patience:
        return Patience(self.bulk_seconds, self.poll_seconds)

    @property
    def _linked(self) -> Link:
        """The session with the org: logged in once, kept for this connector's life."""
        if self._link is None:
            self._link = Link(
                self.auth,
                str(self.url),
                self.http,
                self.version,
                self.instance_hosts,
                Usage(self.max_api_share),
            )
        return self._link

    def _opened(self) -> AbstractContextManager[Client]:
        return opened(self._linked)
