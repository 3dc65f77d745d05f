"""A system on loopback for descriptions to be tried on, and a way to build from their text."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from connectors.registry import build
from connectors.rest import Rest
from tests.connectors.http.conftest import Got, Server, Starting, serve

__all__ = ["serve"]


@dataclass
class Asked:
    """One request, taken apart; parts of the path are unquoted."""

    method: str
    path: tuple[str, ...]
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


Answering = Callable[[Asked], Any]
"""Of a request: a JSON body, or (status, headers, JSON body)."""


def taken_apart(request: Got) -> Asked:
    parts = urlsplit(request.path)
    path = tuple(unquote(part) for part in parts.path.strip("/").split("/"))
    params = dict(parse_qsl(parts.query, keep_blank_values=True))
    headers = {name.title(): value for name, value in request.headers.items()}
    return Asked(request.method, path, params, headers, request.body)


@pytest.fixture
def system(serve: Starting) -> Callable[[Answering], Server]:
    """Start a system over a function; `got` of what is returned holds the requests."""

    def start(answering: Answering) -> Server:
        def answer(request: Got) -> Any:
            told = answering(taken_apart(request))
            return told if isinstance(told, tuple | str) else (200, {}, told)

        return serve(answer)

    return start


def asked(server: Server) -> list[Asked]:
    """The requests a system got."""
    return [taken_apart(each) for each in server.got]


QUICK = {"attempts": 2, "backoff_seconds": 0.01}
Describing = Callable[..., Rest]


@pytest.fixture
def described(tmp_path: Path) -> Describing:
    """Write a description to a file and build the connector it describes."""

    def make(text: str, **settings: Any) -> Rest:
        (tmp_path / "system.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
        given = {"file": "system.yaml", "http": QUICK, **settings}
        built = build("rest", given, tmp_path)
        assert isinstance(built, Rest)
        return built

    return make
