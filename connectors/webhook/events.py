"""A change as an event: CloudEvents 1.0 in its JSON form, signed as Standard Webhooks are.

The signature is ``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``, one for each
secret, so that secrets can be exchanged without losing an event (https://www.standardwebhooks.com).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.contract import Action, Change
from connectors.errors import MisconfiguredError
from connectors.secrets import Secret

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
_PREFIX = "whsec_"
_PAST = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DEACTIVATE: "deactivated",
    Action.DELETE: "deleted",
}


def event_of(change: Change, source: str, type_: str, now: datetime) -> dict[str, Any]:
    """Return the event that tells of a change.

    Its id is the same each time the same write is sent: receivers leave out what they had before.
    """
    if change.token:
        id_ = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{source}#{change.token}"))
    else:
        id_ = str(uuid.uuid4())
    return {
        "specversion": "1.0",
        "id": id_,
        "source": source,
        "type": f"{type_}.{_PAST[change.action]}",
        "subject": change.key,
        "time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "datacontenttype": "application/json",
        "data": {
            "object": change.object,
            "key": change.key,
            "attributes": dict(change.after),
            "before": dict(change.before),
        },
    }


def body_of(event: Mapping[str, Any]) -> bytes:
    """Return an event as it is sent."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def signed(id_: str, body: bytes, now: datetime, secrets: Sequence[bytes]) -> dict[str, str]:
    """Return the headers by which a receiver knows whom it is from, and when."""
    moment = str(int(now.timestamp()))
    text = b".".join((id_.encode(), moment.encode(), body))
    made = (hmac.new(secret, text, hashlib.sha256).digest() for secret in secrets)
    return {
        "webhook-id": id_,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in made),
    }


def secret_bytes(secret: Secret) -> bytes:
    """Return a secret: ``whsec_`` and base64, or any text of at least 24 bytes."""
    text = secret.reveal()
    if not text.startswith(_PREFIX):
        found = text.encode()
    else:
        try:
            found = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise MisconfiguredError(f"{secret}: is no base64 behind {_PREFIX}") from None
    if len(found) < 24:
        raise MisconfiguredError(
            f"{secret}: has fewer than 24 bytes; make one by: openssl rand -base64 32"
        )
    return found
