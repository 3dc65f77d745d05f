"""Requests and answers, without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from connectors.simulators.salesforce.errors import ApiError


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `path` is as it was sent, without the query. Header names have small letters."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path, each unquoted: a quoted slash is part of its segment."""
        return tuple(unquote(each) for each in self.path.strip("/").split("/") if each)

    def json(self) -> Any:
        """The body; JSON_PARSER_ERROR when it is no JSON."""
        try:
            return json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            raise ApiError("JSON_PARSER_ERROR", "The HTTP entity body was not valid JSON") from None

    def mapping(self) -> dict[str, Any]:
        """The body, which is to be a JSON object."""
        found = self.json()
        if not isinstance(found, dict):
            raise ApiError("JSON_PARSER_ERROR", "Can not deserialize: unexpected array")
        return found

    def form(self) -> dict[str, str]:
        """The body as a web form."""
        return {k: v[0] for k, v in parse_qs(self.body.decode("utf-8", "replace")).items()}


def objects(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A member of a body that is to be a list of objects."""
    found = body.get(name)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ApiError("JSON_PARSER_ERROR", f"{name}: a list of objects is expected")
    return found


def text(body: dict[str, Any], name: str) -> str:
    """A member of a body that is to be text."""
    found = body.get(name)
    if not isinstance(found, str):
        raise ApiError("JSON_PARSER_ERROR", f"{name}: text is expected")
    return found


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, status: int = 200) -> Response:
        """An answer in JSON."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return cls(status, body, {"Content-Type": "application/json;charset=UTF-8"})

    @classmethod
    def refusing(cls, error: ApiError) -> Response:
        """The answer for an error."""
        return cls.of(error.body(), error.status)


EMPTY = Response(204)
"""Success without a body."""
