"""The SCIM 2.0 target: accounts of a service provider, found, read and written."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import closing
from itertools import islice
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import PositiveInt

from connectors.contract import Account, Change, Connector, Health, ObjectSchema, Outcome, Request
from connectors.errors import MisconfiguredError, RejectedError, TransientError
from connectors.http.auth import Credentials
from connectors.http.auths import Auth, NoAuth
from connectors.http.options import CleanUrl, HttpOptions
from connectors.scim.bulk import write_many
from connectors.scim.pace import Pace
from connectors.scim.paging import Reader
from connectors.scim.paths import normal
from connectors.scim.probe import probe
from connectors.scim.quirks import Quirks, deviations, read_quirks
from connectors.scim.resources import (
    Features,
    ResourceType,
    account,
    equal,
    features,
    object_schemas,
    resource_types,
)
from connectors.scim.transport import Transport
from connectors.scim.underway import UnderWay
from connectors.scim.writer import Rehearsal, Writer, preview

T = TypeVar("T")
_BULKS = 2
_TOGETHER = 4
"""So many times `concurrency` outcomes are given at once: to be woken costs like half a write."""
ONE = {"startIndex": "1", "count": "1"}
_PACES: dict[tuple[str, float | None], Pace] = {}


class Scim(Connector):
    """Writes and finds resources of a SCIM 2.0 service provider; our key is ``externalId``."""

    type: ClassVar[str] = "scim"
    by_element: ClassVar[bool] = True
    unique: ClassVar[frozenset[str]] = frozenset({"userName"})

    url: CleanUrl
    """The base address, up to and including ``/v2`` where the provider has that."""
    auth: Auth = NoAuth()
    """How to log in."""
    http: HttpOptions = HttpOptions()
    """How calls are made; `attempts` and the back-off are the caller's here, see `apply`."""
    concurrency: PositiveInt = 8
    """Requests under way at once."""
    page_size: PositiveInt = 100
    """Resources asked for at once when reading."""
    quirks: Quirks | None = None
    """What the provider does otherwise; as a rule not written here but probed and pinned."""

    def check(self) -> Health:
        """Ask what the provider can do, and for one resource: discovery alone may be public."""

        async def ask(transport: Transport) -> Features:
            found = await features(transport)
            kind = next(iter((await resource_types(transport)).values()))
            await transport.send("GET", kind.endpoint, params=None if self._unpaged else ONE)
            return found

        found = self._run(ask)
        address = urlsplit(str(self.url))
        return Health(
            identity=f"SCIM 2.0 at {address.netloc}{address.path}",
            details={
                "patch": str(found.patch),
                "filter": str(found.filter),
                "etag": str(found.etag),
                "max_results": str(found.max_results or "not said"),
            },
        )

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List object types with the paths of their schemas."""
        return self._run(object_schemas)

    def accounts(self, object: str) -> Iterator[Account]:  # noqa: A002 (the contract's word)
        """Yield every account, read in pages."""

        async def pages(transport: Transport) -> AsyncIterator[Sequence[Account]]:
            reader = Reader(transport, await _kind(transport, object), self.page_size)
            if self._unpaged:
                yield [account(resource) for resource in await reader.at_once()]
                return
            async for page in await self._pages(reader):
                yield [account(resource) for resource in page]

        return self._stream(pages)

    def find(self, object: str, attribute: str, value: str) -> Sequence[Account]:  # noqa: A002
        """Ask by filter; where the provider cannot filter (or ignores it), look at all.

        Raises RejectedError for other refusals, and the transport's errors.
        """
        path = normal(attribute)
        if self.quirks is not None and not self.quirks.searchable(path, object):
            return [found for found in self.accounts(object) if _holds(found, path, value)]

        async def ask(transport: Transport) -> list[Account]:
            kind = await _kind(transport, object)
            reader = Reader(transport, kind, self.page_size, equal(path, value))
            if self._unpaged:
                return [account(each) for each in await reader.at_once()]
            return [account(each) async for page in reader.by_index() for each in page]

        try:
            asked = self._run(ask)
        except RejectedError:
            asked = list(self.accounts(object))
        return [found for found in asked if _holds(found, path, value)]

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Write changes, several at once; outcomes come as they finish.

        No more changes are drawn beyond the last outcome than nine times `concurrency`, or
        four bulks, so whoever writes a journal while giving them has never intended more.
        """

        async def outcomes(transport: Transport) -> AsyncIterator[Sequence[Outcome]]:
            drawn = iter(changes)
            try:
                known = await features(transport), await resource_types(transport)
            except TransientError as error:  # nothing was sent
                for change in drawn:
                    yield [Outcome(change, error, id=change.id)]
                return
            writer = Writer(transport, *known, self.quirks)
            size = self.quirks.together if self.quirks else 1
            if size == 1:
                singly, lanes = map(writer.write, drawn), self.concurrency
                together = _TOGETHER * lanes
                async with UnderWay(singly, lanes, together=together, urgent=_failed) as under_way:
                    while some := await under_way.ended():
                        yield some
                return
            many = (write_many(writer, some) for some in _grouped(drawn, size))
            async with UnderWay(many, _BULKS) as under_way:
                while ended := await under_way.ended():
                    yield [outcome for each in ended for outcome in each]

        return self._stream(outcomes)

    def preview(self, change: Change) -> Request:
        """Return the request for one change, as this provider takes it."""

        async def ask(transport: Transport) -> Request:
            kinds = await resource_types(transport)
            return await preview(
                Writer(Rehearsal(transport), await features(transport), kinds, self.quirks), change
            )

        return self._run(ask)

    def probe(self, object: str, paths: Iterable[str] = ()) -> Mapping[str, Any]:  # noqa: A002
        """Try with canaries what the provider really does with this object type."""

        async def ask(transport: Transport) -> Quirks:
            return await probe(transport, await _kind(transport, object), paths)

        return self._run(ask).model_dump(mode="json")

    def pinned(self, quirks: Mapping[str, Any]) -> Self:
        """Keep to what a probe found; raises MisconfiguredError for what is none."""
        return self.model_copy(update={"quirks": read_quirks(quirks)})

    def deviations(self, quirks: Mapping[str, Any]) -> Sequence[str]:
        """Say in sentences what is not as the standard has it."""
        return deviations(read_quirks(quirks))

    async def _pages(self, reader: Reader) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        """Return the pages of a list in the way that was probed, or that the provider offers."""
        if self.quirks is not None:
            by_cursor = self.quirks.paging == "cursor"
        else:
            by_cursor = (await features(reader.transport)).cursor
        return reader.by_cursor() if by_cursor else reader.by_index()

    @property
    def _unpaged(self) -> bool:
        return self.quirks is not None and self.quirks.paging == "none"

    def _transport(self) -> Transport:
        url = str(self.url)
        return Transport(
            url,
            Credentials(self.auth, self.http),
            self.http,
            pace=_PACES.setdefault((url, self.http.per_second), Pace(self.http.per_second)),
            connections=self.concurrency,
        )

    def _run(self, ask: Callable[[Transport], Awaitable[T]]) -> T:
        async def whole() -> T:
            async with self._transport() as transport:
                return await ask(transport)

        return asyncio.run(whole())

    def _stream(self, make: Callable[[Transport], AsyncIterator[Sequence[T]]]) -> Iterator[T]:
        """Drive an async generator from synchronous code; it gives several items at a time."""

        async def whole() -> AsyncGenerator[Sequence[T]]:
            async with self._transport() as transport:
                async for some in make(transport):
                    yield some

        with closing(asyncio.new_event_loop()) as loop:
            items = whole()
            try:
                while True:
                    try:
                        some = loop.run_until_complete(anext(items))
                    except StopAsyncIteration:
                        return
                    yield from some
            finally:
                loop.run_until_complete(items.aclose())
                loop.run_until_complete(loop.shutdown_asyncgens())


def _grouped(changes: Iterator[Change], size: int) -> Iterator[Sequence[Change]]:
    while some := tuple(islice(changes, size)):
        yield some


def _failed(outcome: Outcome) -> bool:
    """Whether whoever hears of this may want to send nothing more."""
    return outcome.error is not None


async def _kind(transport: Transport, name: str) -> ResourceType:
    types = await resource_types(transport)
    try:
        return types[name]
    except KeyError:
        known = ", ".join(sorted(types))
        raise MisconfiguredError(f"the provider has no {name!r}; it has {known}") from None


def _holds(found: Account, path: str, value: str) -> bool:
    """Check a hit on our side: some providers ignore filters. Only externalId minds the case."""
    held = found.key if path == "externalId" else found.attributes.get(path)
    if path in {"externalId", "id"}:
        return (found.id if path == "id" else held) == value
    return isinstance(held, str) and held.casefold() == value.casefold()
