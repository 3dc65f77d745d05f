"""Where events of accounts go: what ``serve.yaml`` says of it, and the signed POST of one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from idp_core.errors import SettingsError
from idp_core.events.outbox import OutboxEvent
from idp_core.mail import outward
from idp_core.site.part import Part

Type = Literal[
    "account.registered", "account.verified", "account.logged_in", "account.changed",
    "account.deleted",
]  # fmt: skip
TYPES: tuple[Type, ...] = get_args(Type)
_SECONDS = 5.0


class EventSettings(Part):
    """Events of accounts."""

    url: Annotated[str, Field(pattern=outward.URL)] | None = None
    """Where each goes by a POST, signed with `ISTHMUS_EVENTS_SECRET`."""
    types: Annotated[tuple[Type, ...], Field(min_length=1)] = TYPES
    """Which ones."""
    private: bool = False
    """Whether that may be in a private network, and be reached without TLS."""
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """After how many days those that went, or that nobody takes, are forgotten."""

    @model_validator(mode="after")
    def _guarded(self) -> EventSettings:
        if self.url and not self.private and not self.url.startswith("https:"):
            raise ValueError("write https://…, or private: true for a service in your network")
        return self


@dataclass(frozen=True, slots=True)
class Hook:
    """Sends events as CloudEvents 1.0 (JSON), signed as Standard Webhooks has it."""

    url: str
    private: bool
    secret: bytes = field(repr=False)

    def send(self, event: OutboxEvent, now: datetime) -> None:
        """Send one. Raises OSError unless it was taken."""
        body = json.dumps(event.cloudevent(), separators=(",", ":")).encode()
        moment = str(int(now.timestamp()))
        signed = hmac.digest(self.secret, f"{event.id}.{moment}.".encode() + body, hashlib.sha256)
        headers = {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": event.id,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }
        status = outward.post(self.url, body, headers, private=self.private, seconds=_SECONDS)
        if not 200 <= status < 300:
            raise OSError(f"it answered {status}")


def hook_of(said: EventSettings, secret: Callable[[], str | None]) -> Hook | None:
    """Return where events go, None for nowhere. Raises SettingsError without a secret."""
    if said.url is None:
        return None
    known = secret()
    if not known:
        raise SettingsError("events.url needs a secret to sign with: set ISTHMUS_EVENTS_SECRET")
    return Hook(said.url, said.private, known.encode())
