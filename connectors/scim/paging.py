"""Reading a provider's list to its end: by cursor (RFC 9865), by index, or at once.

What comes is every resource once. A list may change while it is read: rows that go let others slip
to a page that was read already. By index each page therefore begins with the last row of the page
before; where it is another one, the list has moved, and it is read once more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import ExpiredCursorError, MisconfiguredError, TransientError
from connectors.scim.resources import ResourceType, resources_of
from connectors.scim.transport import Transport

Resource = Mapping[str, Any]
_PASSES = 5
"""A list that still moves after so many readings is not read: it would not be all of it."""
_STALE = 3
"""So many pages in a row that say nothing new: a list may slip by one, not by three."""


@dataclass(slots=True)
class Reader:
    """One list that is read; `condition` is a filter."""

    transport: Transport
    kind: ResourceType
    page_size: int
    condition: str | None = field(default=None, repr=False)
    _seen: set[str] = field(default_factory=set, repr=False)
    _moved: bool = False
    _overlaps: bool = True

    async def by_cursor(self) -> AsyncIterator[Sequence[Resource]]:
        """Yield pages by the provider's cursors; one that has expired begins anew.

        What was read before is not given again. Raises TransientError when cursors expire again
        and again, or come back.
        """
        for _ in range(_PASSES):
            try:
                async for page in self._cursors():
                    yield page
            except ExpiredCursorError:
                continue
            return
        raise TransientError(
            f"GET {self.kind.endpoint}: the cursor expired {_PASSES} times; "
            "raise page_size, or the provider's cursorTimeout"
        )

    async def _cursors(self) -> AsyncIterator[Sequence[Resource]]:
        cursor, used = "", set[str]()
        while cursor not in used:
            used.add(cursor)
            body = await self._asked(cursor=cursor, count=str(self.page_size))
            yield self._fresh(resources_of(body))
            cursor = str(body.get("nextCursor") or "") if isinstance(body, Mapping) else ""
            if not cursor:
                return
        raise TransientError(f"GET {self.kind.endpoint}: nextCursor leads back to what was read")

    async def by_index(self) -> AsyncIterator[Sequence[Resource]]:
        """Yield pages by ``startIndex`` (RFC 7644 section 3.4.2.4), until nothing slips.

        Raises TransientError for a provider that repeats a page forever, and for a list that
        never stands still.
        """
        for _ in range(_PASSES):
            self._moved, before = False, len(self._seen)
            async for page in self._indexes():
                yield page
            if not self._moved or len(self._seen) == before:
                return
        raise TransientError(
            f"GET {self.kind.endpoint}: the list changes while it is read, {_PASSES} times; "
            "try again when less is written there"
        )

    async def _indexes(self) -> AsyncIterator[Sequence[Resource]]:
        """Read once from the first page to the last.

        A list is over when nothing more comes, whatever its total says: totals may be wrong, and a
        provider may cap its pages. Only an answer to a filter is over when its total says so.
        """
        start, last, passed, stale = 1, "", set[str](), 0
        while True:
            body = await self._asked(startIndex=str(start), count=str(self.page_size))
            page, total = resources_of(body), _total(body)
            ids = [str(resource.get("id")) for resource in page]
            yield self._fresh(page)
            slipped = bool(last) and ids[:1] != [last]
            self._moved |= slipped
            stale = stale + 1 if passed.issuperset(ids) else 0
            passed.update(ids)
            if ids == [last] and len(passed) == 1 and self._overlaps:
                self._overlaps = False  # one row a page: there is nothing to lay over
            elif (stale and (ids in ([], [last]) or len(passed) >= total)) or (
                self.condition and start + len(page) > total
            ):
                return
            if stale >= _STALE:
                raise TransientError(
                    f"GET {self.kind.endpoint}: startIndex={start} repeats what was read; "
                    "the provider does not page"
                )
            start += max(len(page) - 1, int(slipped or not self._overlaps))
            last = ids[-1] if self._overlaps else ""

    async def at_once(self) -> Sequence[Resource]:
        """Return all resources of a provider that does not page: it gives them all at once.

        Raises MisconfiguredError when it gives but a part: what is not there would pass for
        deleted.
        """
        body = await self._asked()
        found = resources_of(body)
        if len(found) < _total(body):
            raise MisconfiguredError(
                f"GET {self.kind.endpoint}: gives {len(found)} of {_total(body)} resources and "
                "does not page; raise the provider's page size, or plan without --look and "
                "--correct"
            )
        return found

    async def _asked(self, **params: str) -> Any:
        if self.condition:
            params["filter"] = self.condition
        return (await self.transport.send("GET", self.kind.endpoint, params=params or None)).body

    def _fresh(self, page: Sequence[Resource]) -> Sequence[Resource]:
        fresh = {str(each["id"]): each for each in page if str(each["id"]) not in self._seen}
        self._seen.update(fresh)
        return list(fresh.values())


def _total(body: Any) -> int:
    return int(body.get("totalResults") or 0) if isinstance(body, Mapping) else 0
