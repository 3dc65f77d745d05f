"""The ways a text message goes out: a file in a folder, or the HTTP API of a provider."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

from idp_core.mail import outward

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
        told = {"Content-Type": kind, **given}
        status = outward.post(self.url, body.encode(), told, private=self.private)
        if not 200 <= status < 300:
            raise OSError(f"the provider answered {status}")


def _filled(template: str, said: Mapping[str, str]) -> str:
    """Fill a template in one pass: what a value says is never looked at again."""
    return _GAP.sub(lambda gap: said.get(gap[1], gap[0]), template)
