"""The SCIM 2.0 target: accounts of a service provider, found, read and written."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import ClassVar, TypeVar
from urllib.parse import urlsplit

from pydantic import HttpUrl, PositiveFloat, PositiveInt

from connectors.contract import Account, Change, Connector, Health, ObjectSchema, Outcome
from connectors.errors import MisconfiguredError, RejectedError
from connectors.scim.paths import normal
from connectors.scim.resources import (
    ResourceType,
    account,
    features,
    listed,
    object_schemas,
    resource_types,
)
from connectors.scim.transport import Pace, Transport
from connectors.scim.writer import Writer

T = TypeVar("T")
_PACES: dict[tuple[str, float | None], Pace] = {}


class Scim(Connector):
    """Writes and finds resources of a SCIM 2.0 service provider; our key is ``externalId``."""

    type: ClassVar[str] = "scim"

    url: HttpUrl
    """The base address, up to and including ``/v2`` where the provider has that."""
    concurrency: PositiveInt = 8
    """Requests under way at once."""
    rate: PositiveFloat | None = None
    """Requests a second at most; None for no limit of ours."""
    page_size: PositiveInt = 100
    """Resources asked for at once when reading."""
    timeout: PositiveFloat = 30.0
    """Seconds for one request."""
    ca_file: Path | None = None
    """Certificates of the authority that signed the provider's, when it is no public one."""
    proxy: HttpUrl | None = None
    """An HTTP proxy to go through."""

    def check(self) -> Health:
        """Ask for ServiceProviderConfig and say what the provider can do."""
        found = self._run(features)
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

        async def pages(transport: Transport) -> AsyncIterator[Account]:
            kind = await _kind(transport, object)
            async for resource in listed(transport, kind, self.page_size):
                yield account(resource)

        return self._stream(pages)

    def find(self, object: str, attribute: str, value: str) -> Sequence[Account]:  # noqa: A002
        """Ask by filter; where the provider cannot filter (or ignores it), look at all.

        Raises RejectedError for other refusals, and the transport's errors.
        """
        path = normal(attribute)

        async def ask(transport: Transport) -> list[Account]:
            kind = await _kind(transport, object)
            condition = f"{path} eq {json.dumps(value, ensure_ascii=False)}"
            try:
                return [
                    account(r) async for r in listed(transport, kind, self.page_size, condition)
                ]
            except RejectedError:
                return [account(r) async for r in listed(transport, kind, self.page_size)]

        return [found for found in self._run(ask) if _holds(found, path, value)]

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Write changes, several at once; outcomes come as they finish.

        No more changes are drawn than are under way, so whoever writes a journal while giving
        them has never intended more than `concurrency` beyond the last outcome.
        """

        async def outcomes(transport: Transport) -> AsyncIterator[Outcome]:
            writer = Writer(transport, await features(transport), await resource_types(transport))
            drawn = iter(changes)
            pending: set[asyncio.Task[Outcome]] = set()
            try:
                while True:
                    for change in islice(drawn, self.concurrency - len(pending)):
                        pending.add(asyncio.ensure_future(writer.write(change)))
                    if not pending:
                        return
                    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        yield task.result()
            finally:
                for task in pending:
                    task.cancel()
                await asyncio.gather(*pending, return_exceptions=True)

        return self._stream(outcomes)

    def _transport(self) -> Transport:
        url = str(self.url)
        return Transport(
            url,
            self._authorization,
            pace=_PACES.setdefault((url, self.rate), Pace(self.rate)),
            connections=self.concurrency,
            timeout=self.timeout,
            tls=self._tls(),
            proxy=str(self.proxy) if self.proxy else None,
        )

    def _tls(self) -> ssl.SSLContext | bool:
        if self.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError):
            raise MisconfiguredError(
                f"ca_file {self.ca_file}: cannot be read as certificates in PEM form"
            ) from None

    def _authorization(self, *, renew: bool) -> str | None:
        return None

    def _run(self, ask: Callable[[Transport], Awaitable[T]]) -> T:
        async def whole() -> T:
            async with self._transport() as transport:
                return await ask(transport)

        return asyncio.run(whole())

    def _stream(self, make: Callable[[Transport], AsyncIterator[T]]) -> Iterator[T]:
        """Drive an async generator from synchronous code, one item at a time."""

        async def whole() -> AsyncGenerator[T]:
            async with self._transport() as transport:
                async for item in make(transport):
                    yield item

        with closing(asyncio.new_event_loop()) as loop:
            items = whole()
            try:
                while True:
                    try:
                        item = loop.run_until_complete(anext(items))
                    except StopAsyncIteration:
                        return
                    yield item
            finally:
                loop.run_until_complete(items.aclose())
                loop.run_until_complete(loop.shutdown_asyncgens())


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
