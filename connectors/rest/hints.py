"""What an answer says of pages after it, for lists whose description knows of none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from requests.utils import parse_header_links

from connectors.rest.lists import Listing
from connectors.rest.pagination import OnePage
from connectors.rest.sending import Reply

_DEEP = 4
_NAME = re.compile(r"[@$_]?[A-Za-z_]+([.-][A-Za-z_]+)*")
_ROWS = frozenset({"edges", "nodes"})
_FLAGS = frozenset({"more", "hasmore", "hasnext", "hasnextpage", "morerecords", "istruncated"})
_TOTALS = frozenset({"count", "total", "totalcount", "totalitems", "totalresults", "totalrecords",
                     "odatacount"})  # fmt: skip
_NEXT = re.compile(r"(?:odata)?next(?!sync|delta)")


@dataclass(frozen=True, slots=True)
class More:
    """Where an answer speaks of pages after it, and what a description says to read them.

    `sure` counts less for what may mean something else: 0 is an address, 3 a number of rows.
    """

    place: str
    write: str
    sure: int = 0


def more_of(reply: Reply, wanted: Listing, rows: int) -> More | None:
    """Return what speaks most surely of more pages; None where nothing does, or they are read."""
    if not isinstance(wanted.pagination, OnePage) or not rows:
        return None
    links = parse_header_links(reply.answer.headers.get("Link") or "")
    if any(each.get("rel") == "next" for each in links):
        return More("the header Link", "pagination: {type: link}")
    if not isinstance(reply.root, Mapping) or not wanted.items:
        return None
    found = [more for path, value in _leaves(reply.root, wanted.items)
             if (more := _told(path, value, rows))]  # fmt: skip
    return min(found, key=lambda more: more.sure, default=None)


def _leaves(
    tree: Mapping[Any, Any], rows_at: str, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What stands beside the rows; names that may be keys of records are passed over."""
    for name, value in tree.items():
        path = (*above, str(name))
        if ".".join(path) == rows_at and not (isinstance(value, Mapping) and _ROWS & value.keys()):
            continue
        if not _NAME.fullmatch(path[-1]) or path[-1] in _ROWS:
            continue
        if isinstance(value, Mapping):
            if len(path) < _DEEP:
                yield from _leaves(value, rows_at, path)
        else:
            yield path, value


def _told(path: tuple[str, ...], value: Any, rows: int) -> More | None:
    """What one value says of more pages."""
    place, (*above, word) = ".".join(path), map(_plain, path)
    if word == "hasnextpage" and value is True:
        return More(place, "pagination: {type: relay}", 1)
    if word in _FLAGS and value is True:
        return More(place, f"pagination, by page, offset or cursor; {{more: {place}}}", 2)
    if word in _TOTALS and type(value) is int and value > rows:
        return More(place, f"pagination, such as {{type: page, total: {place}}}", 3)
    named = any(_NEXT.match(each) for each in (*above[-1:], word))
    return _following(place, value) if named and value else None


def _following(place: str, value: Any) -> More | None:
    """What to write where a value is the next page's address, token or number."""
    if isinstance(value, str) and ("://" in value or value[0] in "/?"):
        return More(place, f'pagination: {{type: next_url, pointer: "{place}"}}', 0)
    if isinstance(value, str) or type(value) is int:
        how = f'{{type: cursor, pointer: "{place}", param: THE PARAMETER THAT TAKES IT}}'
        return More(place, f"pagination: {how}", 1)
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
