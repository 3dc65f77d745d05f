"""The ways a text message goes out: a file in a folder, or the HTTP API of a provider."""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import socket
import ssl
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urlsplit

_SECONDS = 15.0
_GAP = re.compile(r"\{(number|text|secret)\}")


class Texter(Protocol):
    """Sends a text message. Raises OSError when it cannot be sent now."""

    def send_text(self, number: str, text: str) -> None:
        """Hand the text over; the number is as E.164 has it."""


@dataclass(frozen=True, slots=True)
class TextFolder:
    """Writes each text into a folder, for its owner's eyes: it holds codes that log people in."""

    path: Path

    def send_text(self, number: str, text: str) -> None:
        """Write ``<time>-<id>.txt``."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self.path / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}.txt"
        file.touch(mode=0o600)
        file.write_text(f"{number}\n{text}\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class HttpTexter:
    """Sends by a provider's API: one POST whose fields and headers are templates.

    ``{number}``, ``{text}`` and ``{secret}`` are filled in as values, never as parts of the address
    or of the form of the request. No redirect is followed; an address in a private network is
    connected to only with `private`.
    """

    url: str
    fields: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    as_json: bool = False
    private: bool = False
    secret: Callable[[], str | None] = field(default=lambda: None, repr=False)

    def send_text(self, number: str, text: str) -> None:
        """Send one text. Raises OSError when the provider does not take it."""
        said = {"number": number, "text": text, "secret": self.secret() or ""}
        sent = {name: _filled(value, said) for name, value in self.fields.items()}
        kind = "application/json" if self.as_json else "application/x-www-form-urlencoded"
        body = json.dumps(sent) if self.as_json else urlencode(sent)
        given = {
            name: _filled(value, {"secret": said["secret"]}) for name, value in self.headers.items()
        }
        status = self._post(body.encode(), {"Content-Type": kind, **given})
        if not 200 <= status < 300:
            raise OSError(f"the provider answered {status}")

    def _post(self, body: bytes, headers: Mapping[str, str]) -> int:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        connection = http.client.HTTPConnection(parts.hostname or "", port, timeout=_SECONDS)
        try:
            connection.sock = self._connected(parts.hostname or "", port, secure=secure)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, dict(headers))
            return connection.getresponse().status
        except http.client.HTTPException as error:
            raise OSError(type(error).__name__) from None
        finally:
            connection.close()

    def _connected(self, host: str, port: int, *, secure: bool) -> socket.socket:
        """Connect, then look at whom: a name that is resolved twice may give two addresses."""
        made = socket.create_connection((host, port), _SECONDS)
        address = ipaddress.ip_address(made.getpeername()[0].partition("%")[0])
        if not self.private and not address.is_global:
            made.close()
            raise OSError("the provider's address is in a private network")
        return (
            ssl.create_default_context().wrap_socket(made, server_hostname=host) if secure else made
        )


def _filled(template: str, said: Mapping[str, str]) -> str:
    """Fill a template in one pass: what a value says is never looked at again."""
    return _GAP.sub(lambda gap: said.get(gap[1], gap[0]), template)
