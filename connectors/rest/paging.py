"""The pages of one object: each asked for after the one before, until the API says it is over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from requests.utils import parse_header_links

from connectors.errors import MisconfiguredError
from connectors.http import Answer, HttpSession
from connectors.rest.options import (
    CursorPages,
    LinkHeader,
    NextUrl,
    NumberedPages,
    OffsetPages,
    RestObject,
)

_Call = tuple[str, dict[str, str] | None]


def pages(
    http: HttpSession, wanted: RestObject, params: Mapping[str, str]
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each page.

    Raises MisconfiguredError when an answer holds no rows where they should be, when the API
    gives the same page twice, or when it does not end.
    """
    call: _Call | None = (wanted.path, {**wanted.params, **params, **_first(wanted)})
    seen: set[str] = set()
    before = ""
    total = 0
    for number in range(wanted.max_pages):
        if call is None:
            return
        if repr(call) in seen:
            raise MisconfiguredError(f"{wanted.path}: the API leads back to a page it gave before")
        seen.add(repr(call))
        answer = http.get(call[0], params=call[1])
        body = answer.json()
        rows = _rows(answer, body, wanted.items)
        digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
        if rows and digest == before:
            raise MisconfiguredError(
                f"{answer.call}: gave the same page twice; does it know the parameters of "
                f"pagination {wanted.pagination.type!r}?"
            )
        before, total = digest, total + len(rows)
        yield rows
        call = _next(wanted, answer, body, call, number + 1, total if rows else None)
    raise MisconfiguredError(
        f"{wanted.path}: no end after {wanted.max_pages} pages; raise max_pages if it is that long"
    )


def _first(wanted: RestObject) -> dict[str, str]:
    match wanted.pagination:
        case NumberedPages(param=param, first=first):
            return {param: str(first)}
        case OffsetPages(param=param):
            return {param: "0"}
        case _:
            return {}


def _next(
    wanted: RestObject, answer: Answer, body: Any, call: _Call, number: int, total: int | None
) -> _Call | None:
    """The call for the next page, None after the last. `total` is None after an empty page."""
    path, params = call
    match wanted.pagination:
        case NumberedPages(param=param, first=first) if total is not None:
            return path, {**(params or {}), param: str(first + number)}
        case OffsetPages(param=param) if total is not None:
            return path, {**(params or {}), param: str(total)}
        case CursorPages(param=param, pointer=pointer):
            token = _at(body, pointer)
            return (path, {**(params or {}), param: str(token)}) if token else None
        case NextUrl(pointer=pointer):
            return _address(answer, _at(body, pointer))
        case LinkHeader():
            links = parse_header_links(answer.headers.get("Link", ""))
            return _address(answer, next((x["url"] for x in links if x.get("rel") == "next"), None))
        case _:
            return None


def _address(answer: Answer, url: object) -> _Call | None:
    return (urljoin(answer.url, str(url)), None) if url else None


def _rows(answer: Answer, body: Any, pointer: str) -> list[dict[str, Any]]:
    rows = _at(body, pointer)
    if not isinstance(rows, list):
        there = ", ".join(sorted(body)) if isinstance(body, dict) else f"a {type(body).__name__}"
        raise MisconfiguredError(
            f"{answer.call}: no list of rows at {pointer or 'the top'!r}, set items; "
            f"there is {there}"
        )
    if not all(isinstance(row, dict) for row in rows):
        raise MisconfiguredError(
            f"{answer.call}: rows are not JSON objects; ask for them by params (such as _shape)"
        )
    return rows


def _at(body: Any, pointer: str) -> Any:
    for part in pointer.split(".") if pointer else ():
        body = body.get(part) if isinstance(body, dict) else None
    return body
