"""Signatures over a request, as its system wants them: what is signed, how, and where it goes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel

from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean
from connectors.http.options import CONFIG
from connectors.secrets import Secret

Sign = Callable[[str, str, bytes | None, str], Mapping[str, str]]
"""Of method, whole address, body and its content type: the headers that sign them."""

_PART = re.compile(r"\{([a-z_]+)\}")
_SIGNED = (
    "method", "url", "host", "path", "query", "target", "body", "body_hash", "timestamp", "nonce",
    "key_id",
)  # fmt: skip


def _known(text: str) -> str:
    names = (*_SIGNED, "signature")
    for name in _PART.findall(text):
        if name not in names:
            raise ValueError(f"unknown placeholder {{{name}}}{did_you_mean(name, names)}")
    return text


Words = Annotated[str, AfterValidator(_known)]


class HmacAuth(BaseModel):
    """Each request is signed with a shared secret (HMAC, RFC 2104)."""

    model_config = CONFIG
    type: Literal["hmac"]
    key: Secret
    """A reference to the shared secret."""
    key_encoding: Literal["text", "base64", "hex"] = "text"
    """How the secret is written."""
    key_id: str = ""
    """The name of the key, `{key_id}`."""
    hash: Literal["sha256", "sha1", "sha384", "sha512"] = "sha256"
    """The hash below."""
    sign: Words
    """What is signed: a text with `{method}`, `{path}`, `{body}` and the like in it."""
    encoding: Literal["hex", "base64"] = "hex"
    """How the signature and `{body_hash}` are written."""
    timestamp: Literal["epoch", "epoch_ms", "iso", "http"] = "epoch"
    """How `{timestamp}` is written."""
    headers: Mapping[str, Words]
    """The headers that carry `{signature}` and what else the system needs to check it."""


def signer(auth: HmacAuth, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Sign:
    """Return what signs requests; the secret is looked up for each."""

    def sign(method: str, url: str, body: bytes | None, _: str = "") -> Mapping[str, str]:
        parts = urlsplit(url)
        values = {
            "method": method,
            "url": url,
            "host": parts.netloc,
            "path": parts.path or "/",
            "query": parts.query,
            "target": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            "body": (body or b"").decode("utf-8", "surrogateescape"),
            "body_hash": _encoded(hashlib.new(auth.hash, body or b"").digest(), auth.encoding),
            "timestamp": _written(now(), auth.timestamp),
            "nonce": uuid.uuid4().hex,
            "key_id": auth.key_id,
        }
        text = _filled(auth.sign, values).encode("utf-8", "surrogateescape")
        signature = hmac.new(_secret(auth), text, auth.hash).digest()
        values["signature"] = _encoded(signature, auth.encoding)
        return {name: _filled(words, values) for name, words in auth.headers.items()}

    return sign


def _filled(words: str, values: Mapping[str, str]) -> str:
    return _PART.sub(lambda found: values[found[1]], words)


def _encoded(digest: bytes, encoding: str) -> str:
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode("ascii")


def _written(moment: datetime, form: str) -> str:
    match form:
        case "epoch":
            return str(int(moment.timestamp()))
        case "epoch_ms":
            return str(int(moment.timestamp() * 1000))
        case "http":
            return format_datetime(moment, usegmt=True)
        case _:
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _secret(auth: HmacAuth) -> bytes:
    text = auth.key.reveal()
    try:
        match auth.key_encoding:
            case "base64":
                return base64.b64decode(text, validate=True)
            case "hex":
                return bytes.fromhex(text)
            case _:
                return text.encode()
    except (ValueError, binascii.Error):
        raise MisconfiguredError(f"{auth.key}: is not written in {auth.key_encoding}") from None
