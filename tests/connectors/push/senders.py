"""Those who push: a request through an ASGI application, and signatures as senders make them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

SECRET = "a secret of thirty-two bytes, ok"


def send(application: Any, body: bytes, headers: dict[str, str], **more: Any) -> tuple[int, str]:
    """Send one request; the status and what was said."""
    given = {"method": "POST", "path": "/hooks/shop", "query_string": b"", "chunks": [body]} | more
    chunks = [{"type": "http.request", "body": c, "more_body": True} for c in given.pop("chunks")]
    chunks.append({"type": "http.request", "body": b"", "more_body": False})
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "scheme": "https", "headers": raw, **given}
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return chunks.pop(0)

    async def answer(message: dict[str, Any]) -> None:
        told.append(message)

    asyncio.run(application(scope, receive, answer))
    return told[0]["status"], json.loads(told[1]["body"])["status"]


def standard(body: bytes, name: str = "msg_1", secret: str = SECRET, **more: Any) -> dict[str, str]:
    """Sign as Standard Webhooks say."""
    moment = str(int(more.get("moment", time.time())))
    text = f"{name}.{moment}.".encode() + body
    made = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": more.get("kind", "application/json"),
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,AAAA v1,{made}",
    }


def hexed(text: bytes, name: str = "sha256") -> str:
    return hmac.new(SECRET.encode(), text, name).hexdigest()


def based(text: bytes) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), text, hashlib.sha256).digest()).decode()
