"""The pages of one list: each asked for after the one before, until the API says it is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin

from requests.utils import parse_header_links

from connectors.errors import MisconfiguredError
from connectors.notices import notice
from connectors.rest.hints import more_of
from connectors.rest.lists import Counting, Listing
from connectors.rest.pagination import (
    CursorPages,
    LinkHeader,
    NextUrl,
    NumberedPages,
    OffsetPages,
    RelayPages,
)
from connectors.rest.pointers import get
from connectors.rest.rows import Rows, rows_of
from connectors.rest.rules import graphql_errors
from connectors.rest.sending import Caller, Extra, Reply
from connectors.rest.steps import Steps, steps_of
from connectors.rest.template import Values, plain


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one answer. `reply` is the answer, for its totals and hints."""

    rows: list[dict[str, Any]] = field(repr=False)
    rejected: Mapping[int, str]
    """What the API says is wrong with single rows, by their number in `rows`."""
    reply: Reply


@dataclass(slots=True)
class _State:
    """Where a walk stands: pages and rows so far, and the last page's rows."""

    pages: int = 0
    rows: int = 0
    last: list[dict[str, Any]] = field(default_factory=list, repr=False)


def pages(
    api: Caller,
    wanted: Listing,
    values: Values,
    given: Mapping[str, Any] | None = None,
    *,
    address: str | None = None,
    all_: bool = False,
    quiet: bool = False,
) -> Iterator[Batch]:
    """Yield the rows of each page; `given` are parameters beside those of the listing.

    `address` is where to begin instead. With `all_` rows come that do not count, too. What the
    answer says of pages that the description knows nothing of is told, but if `quiet`.

    Raises MisconfiguredError when an answer holds no rows where they should be, when the API
    gives the same page twice, or when it does not end.
    """
    first = {**(given or {}), **_first(wanted)}
    extra: Extra | None = Extra(wanted.place, first, address=address)
    seen: set[str] = set()
    state = _State()
    steps = steps_of(wanted)
    while extra is not None:
        if state.pages >= wanted.max_pages:
            raise MisconfiguredError(
                f"{wanted.path}: no end after {wanted.max_pages} pages; "
                "raise max_pages if it is that long"
            )
        asked = repr((extra.address, extra.given, extra.headers))
        if asked in seen and steps is None:
            raise MisconfiguredError(f"{wanted.path}: the API leads back to a page it gave before")
        seen.add(asked)
        reply = api.read_rows(wanted, values, extra)
        found = rows_of(reply, wanted)
        odd = len(graphql_errors(reply.body)) - len(found.rejected) if wanted.graphql else 0
        if odd:
            notice("rest.partial_answer", path=wanted.path, errors=odd)
        if found.rows and found.rows == state.last and not (steps and steps.repeats):
            if getattr(wanted.pagination, "end", "") == "repeat":
                break
            raise MisconfiguredError(
                f"{reply.answer.call}: gave the same page twice; does it know the parameters of "
                f"pagination {wanted.pagination.type!r}?"
            )
        fresh, extra = _taken(wanted, reply, found, extra, steps)
        last = found.rows if fresh.rows else state.last
        state = _State(state.pages + 1, state.rows + len(fresh.rows), last)
        if not quiet and (more := more_of(reply, wanted, len(found.rows))):
            notice("rest.more_pages", path=wanted.path, says=more.place, write=more.write)
        if fresh.rows or not found.rows:
            yield Batch(*_counting(fresh, None if all_ else wanted.counts), reply)
    _compare_total(wanted, reply, state)


def _counting(
    found: Rows, counts: Counting | None
) -> tuple[list[dict[str, Any]], Mapping[int, str]]:
    """The rows that count, and what is wrong with some, by their number among these."""
    if counts is None:
        return found.rows, found.rejected
    kept = [n for n, row in enumerate(found.rows) if n in found.rejected or counts(row)]
    rejected = {at: found.rejected[n] for at, n in enumerate(kept) if n in found.rejected}
    return [found.rows[n] for n in kept], rejected


def _first(wanted: Listing) -> dict[str, Any]:
    paging = wanted.pagination
    size_param = getattr(paging, "size_param", None)
    sized = {size_param: getattr(paging, "size", None)} if size_param else {}
    if isinstance(paging, NumberedPages | OffsetPages):
        return {**sized, paging.param: paging.first}
    return sized


def _taken(
    wanted: Listing, reply: Reply, found: Rows, extra: Extra, steps: Steps | None
) -> tuple[Rows, Extra | None]:
    """The rows of a page that were not on the one before, and what to ask for next."""
    if steps is None:
        return found, _next(wanted, reply, found, extra)
    known, at = steps.take(found.rows, _total(wanted, reply))
    given = {**extra.given, steps.paging.param: at}
    return found.without(known), None if at is None else replace(extra, given=given)


def _next(wanted: Listing, reply: Reply, found: Rows, extra: Extra) -> Extra | None:
    """What to ask for next where an answer tells it, None after the last page."""
    match wanted.pagination:
        case CursorPages() as paging:
            return _by_token(extra, paging, _token(paging, reply, found))
        case RelayPages(param=param):
            info = get(reply.root, f"{wanted.items}.pageInfo".removeprefix("."), {})
            token = get(info, "endCursor") if get(info, "hasNextPage") else None
            return _with(extra, param, token)
        case NextUrl(pointer=pointer) as paging:
            over = _is_over(paging, reply)
            return None if over else _address(reply, extra, get(reply.root, pointer))
        case LinkHeader():
            links = parse_header_links(reply.answer.headers.get("Link", ""))
            following = [each["url"] for each in links if each.get("rel") == "next"]
            return _address(reply, extra, following[0] if following else None)
    return None


def _by_token(extra: Extra, paging: CursorPages, token: Any) -> Extra | None:
    if not paging.send_header:
        return _with(extra, paging.param, token)
    return replace(extra, headers={paging.send_header: plain(token)}) if token else None


def _is_over(paging: CursorPages | NextUrl, reply: Reply) -> bool:
    """Whether the answer says itself that it is the last."""
    if paging.more and not get(reply.root, paging.more):
        return True
    return bool(paging.last and get(reply.root, paging.last))


def _token(paging: CursorPages, reply: Reply, found: Rows) -> Any:
    if _is_over(paging, reply):
        return None
    if paging.header:
        return reply.answer.headers.get(paging.header)
    if paging.pointer:
        return get(reply.root, paging.pointer)
    return get(found.rows[-1], paging.row or "") if found.rows else None


def _with(extra: Extra, name: str, value: Any) -> Extra | None:
    if value in (None, "", False):
        return None
    return replace(extra, given={**extra.given, name: value})


def _address(reply: Reply, extra: Extra, url: object) -> Extra | None:
    return replace(extra, address=urljoin(reply.answer.url, str(url))) if url else None


def _total(wanted: Listing, reply: Reply) -> Any:
    """How many rows the API says that there are, None where it does not say."""
    pointer = getattr(wanted.pagination, "total", None)
    return get(reply.root, pointer) if pointer else None


def _compare_total(wanted: Listing, reply: Reply, state: _State) -> None:
    said = _total(wanted, reply)
    if said is not None and str(said) != str(state.rows):
        notice("rest.total_differs", path=wanted.path, read=state.rows)
