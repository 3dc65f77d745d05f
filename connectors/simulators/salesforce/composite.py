"""Several requests in one: composite/batch, and composite with references to earlier answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors.simulators.salesforce.errors import ApiError
from connectors.simulators.salesforce.wire import Request, Response, objects, text

Handle = Callable[[Request], Response]
_REFERENCE = re.compile(r"@\{(\w+)\.([\w.\[\]]+)\}")


def batch(request: Request, handle: Handle) -> Response:
    """Up to 25 requests that know nothing of each other."""
    asked = objects(request.mapping(), "batchRequests")
    _limit(asked)
    results, failed = [], False
    for each in asked:
        body = json.dumps(each["richInput"]).encode() if "richInput" in each else b""
        url = f"/services/data/{text(each, 'url')}"
        answer = handle(_inner(request, text(each, "method"), url, body))
        failed = failed or answer.status >= 400
        results.append({"statusCode": answer.status, "result": _body(answer)})
        if failed and request.mapping().get("haltOnError"):
            break
    return Response.of({"hasErrors": failed, "results": results})


def composite(request: Request, handle: Handle) -> Response:
    """Up to 25 requests in order, where ``@{ref.id}`` stands for a value of an earlier answer."""
    body = request.mapping()
    asked = objects(body, "compositeRequest")
    _limit(asked)
    if body.get("allOrNone"):
        raise ApiError("INVALID_INPUT", "the simulator knows no allOrNone in composite")
    answers: dict[str, Any] = {}
    results = []
    for each in asked:
        wanted = json.loads(_resolved(json.dumps(each), answers))
        inner = json.dumps(wanted["body"]).encode() if "body" in wanted else b""
        answer = handle(_inner(request, text(wanted, "method"), text(wanted, "url"), inner))
        name = text(wanted, "referenceId")
        answers[name] = _body(answer)
        results.append(
            {
                "body": answers[name],
                "httpHeaders": {},
                "httpStatusCode": answer.status,
                "referenceId": name,
            }
        )
    return Response.of({"compositeResponse": results})


def _limit(asked: list[Any]) -> None:
    if len(asked) > 25:
        raise ApiError("BAD_REQUEST", "Cannot have more than 25 operations in one request.")


def _inner(outer: Request, method: str, url: str, body: bytes) -> Request:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Request(method, parts.path, query, outer.headers, body)


def _body(answer: Response) -> Any:
    return json.loads(answer.body) if answer.body else None


def _resolved(request: str, answers: dict[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        held: Any = answers.get(found[1])
        for step in re.findall(r"\w+", found[2]):
            try:
                held = held[int(step)] if isinstance(held, list) else held[step]
            except (KeyError, IndexError, TypeError, ValueError):
                raise ApiError(
                    "PROCESSING_HALTED", f"Invalid reference specified. No value for {found[1]}"
                ) from None
        return json.dumps(held)[1:-1] if isinstance(held, str) else json.dumps(held)

    return _REFERENCE.sub(value, request)
