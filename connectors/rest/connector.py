"""The REST and GraphQL connector: a system described by settings alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self, cast
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
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
from connectors.errors import MisconfiguredError
from connectors.fields import base_of, did_you_mean
from connectors.http import CleanUrl, HttpOptions, HttpSession, NoAuth
from connectors.http.auth import Credentials
from connectors.rest import description
from connectors.rest.accounts import Accounts
from connectors.rest.applying import apply
from connectors.rest.calls import Call, Template
from connectors.rest.cost import Cost
from connectors.rest.feeding import changes
from connectors.rest.login import RestAuth, credentials
from connectors.rest.objects import RestObject
from connectors.rest.paging import pages
from connectors.rest.pointers import get
from connectors.rest.reading import read
from connectors.rest.rules import ErrorRule
from connectors.rest.sending import Api
from connectors.rest.telltales import pattern
from connectors.rest.writes import Write

_WITH_TOKENS = {"login", "oauth", "oauth_refresh", "jwt"}
_JSON_TYPES = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
}


class Identity(Call):
    """A call whose answer says which system this is."""

    at: str = ""
    """Where the answer names the system or its version."""
    matches: Annotated[str, AfterValidator(pattern)] | None = None
    """A regular expression that what stands there must match: it is the system we mean."""


class Rest(Connector):
    """Reads any JSON API over HTTP, REST or GraphQL; writes it where its objects say how.

    Validation gives a RestTarget where an object has `write`, and a SearchableRestTarget where all
    such objects can be read, so that each implements what it can honour.
    """

    type: ClassVar[str] = "rest"

    file: str | None = None
    """A file that holds the settings below, or the name of a shipped one; its own settings stand
    beside it."""
    system: str = "REST API"
    """What the system is called."""
    url: CleanUrl
    """The address that the paths of all calls are below."""
    objects: Mapping[str, RestObject] = Field(min_length=1)
    """What can be read and written, by name."""
    auth: RestAuth = NoAuth()
    """How to log in."""
    http: HttpOptions = HttpOptions()
    """How calls are made."""
    headers: Mapping[str, Template] = Field(default_factory=dict)
    """Headers of every call, such as the version of the API. Never secrets."""
    identity: Identity | None = None
    """A call that tells which system this is."""
    cost: Cost | None = None
    """Where answers tell what calls cost, for APIs that count so; `{}` for Shopify's words."""
    errors: tuple[ErrorRule, ...] = ()
    """What answers mean that their status does not tell; the first rule that holds counts."""

    _proof: Credentials | None = PrivateAttr(default=None)

    @model_validator(mode="wrap")
    @classmethod
    def _from_file(
        cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        name = data.get("file") if isinstance(data, Mapping) else None
        if not isinstance(name, str):
            return handler(data).able()
        described = description.load(name, base_of(info))
        filled = described.filled(data, base_of(info))
        try:
            return handler(filled).able()
        except ValidationError as error:
            raise described.explain(error, cls, filled) from None

    def able(self) -> Self:
        """Return the same connector, as the class that can do what its objects say."""
        written = [each for each in self.objects.values() if each.write]
        if type(self) is not Rest or not written:
            return self
        kind = SearchableRestTarget if all(each.readable for each in written) else RestTarget
        able = kind.model_construct(self.model_fields_set, **dict(self))
        return cast("Self", able)

    def check(self) -> Health:
        """Ask which system it is, and for a page of rows: an answer to the first may be public."""
        details = {}
        with self._session() as http:
            api = self._api(http)
            if self.identity:
                details["instance"] = self._identify(api, self.identity)
            for name in [name for name, each in self.objects.items() if each.readable][:1]:
                next(pages(api, self.objects[name], *self.objects[name].beginning()))
                details["object"] = name
        address = urlsplit(str(self.url))
        return Health(f"{self.system} at {address.netloc}{address.path}", details)

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List the objects with their declared columns, or those of their first page."""
        found = []
        with self._session() as http:
            api = self._api(http)
            for name, wanted in sorted(self.objects.items()):
                types = dict(wanted.columns)
                if not types and wanted.readable:
                    types = _types(next(pages(api, wanted, *wanted.beginning())).rows)
                types |= {each: types.get(each, kind) for each, kind in _set(wanted).items()}
                columns = tuple(Column(key, kind) for key, kind in types.items())
                found.append(ObjectSchema(name, columns, (wanted.key,) if wanted.key else ()))
        return tuple(found)

    def read(self, query: Query) -> Iterator[Page]:
        """Yield JSON rows in pages.

        With a cursor, what stands before the position is left out by the API where `cursor` is
        set, and by us in any case. Raises MisconfiguredError for an unknown object, rows out of
        order, an API that does not end, and the errors of the session.
        """
        wanted = self.object(query.object)
        if not wanted.readable:
            raise MisconfiguredError(f"{self.system}: {query.object!r} is only written")
        with self._session() as http:
            yield from read(self._api(http), wanted, query)

    def changes(self, query: Query) -> Iterator[Page]:
        """Yield what changed since a position, for objects that have `delta`.

        Raises MisconfiguredError for others, ExpiredCursorError when the system forgot the
        position or the description asks for other columns than before.
        """
        wanted = self.object(query.object)
        with self._session() as http:
            yield from changes(self._api(http), wanted, query, str(self.url))

    def object(self, name: str) -> RestObject:
        """Return an object by its name; MisconfiguredError with the known ones."""
        try:
            return self.objects[name]
        except KeyError:
            raise MisconfiguredError(
                f"{self.system}: no object {name!r}{did_you_mean(name, self.objects)}"
            ) from None

    def _session(self) -> HttpSession:
        proof = self._proof
        if proof is None:
            proof = credentials(self.auth, self.url, self.http, self.errors, self.headers)
        if self.auth.type in _WITH_TOKENS:  # a login counts: its token serves the next session, too
            self._proof = proof
        return HttpSession(self.url, proof, self.http)

    def _api(self, http: HttpSession) -> Api:
        return Api(http, self.errors, self.headers, self.cost)

    def _identify(self, api: Api, identity: Identity) -> str:
        reply = api.send(identity, {}, reads=True)
        said = get(reply.root, identity.at)
        if said is None or (identity.matches and not re.search(identity.matches, str(said))):
            raise MisconfiguredError(
                f"{reply.answer.call}: this is not {self.system}: there is no such version at "
                f"{identity.at!r}; check url"
            )
        return str(said)


class RestTarget(Rest):
    """Writes accounts of a system that cannot be asked for them."""

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Write the changes, one outcome each; several at once where the object says so.

        No more changes are drawn than are under way. Raises MisconfiguredError for an object that
        is not there or not written, and when a person must act.
        """
        with self._session() as http:
            yield from apply(self._api(http), self._writable, changes)

    def _writable(self, name: str) -> tuple[RestObject, Write]:
        wanted = self.object(name)
        if wanted.write is None:
            raise MisconfiguredError(f"{self.system}: objects.{name} has no write")
        return wanted, wanted.write


class SearchableRestTarget(RestTarget):
    """Writes accounts, and can be asked for them."""

    def accounts(self, object: str) -> Iterator[Account]:  # noqa: A002 (the contract's word)
        """Yield every account, read as a source is read."""
        with self._session() as http:
            yield from Accounts(self._api(http), object, *self._writable(object)).every()

    def find(self, object: str, attribute: str, value: str) -> Sequence[Account]:  # noqa: A002
        """Ask by `write.find`, or look at all; looked at again on our side in any case."""
        with self._session() as http:
            accounts = Accounts(self._api(http), object, *self._writable(object))
            return accounts.having(attribute, value)


def _set(wanted: RestObject) -> dict[str, str]:
    """What only a tombstone holds, and its types."""
    told = [each.set for each in (wanted.deletions, wanted.delta) if each]
    return _types([dict(each) for each in told]) if wanted.readable else {}


def _types(rows: list[dict[str, Any]]) -> dict[str, str]:
    types: dict[str, str] = {}
    for row in rows:
        for key, value in row.items():
            types[key] = types.get(key) or _JSON_TYPES.get(type(value), "")
    return types
